//! What members say to each other.

use std::sync::Arc;

use crate::{
    chain::{Block, Certificate, Vote},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    crypto::{Purpose, Scope, SecretKey, Signature},
    types::{BlockHash, MAX_TX_BYTES, View},
};

/// Largest message, in bytes; a link refuses longer frames before it allocates anything.
pub const MAX_FRAME_BYTES: usize = 40 * 1024 * 1024;

/// A block with its proposer's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The block.
    pub block: Arc<Block>,
    /// The proposer's, over the block's hash.
    pub signature: Signature,
}

impl Proposal {
    /// Signs a block.
    pub fn sign(block: Arc<Block>, scope: &Scope, key: &SecretKey) -> Self {
        let signature = key.sign(scope, Purpose::Propose, block.hash().as_bytes());
        Self { block, signature }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The leader's block.
    Propose(Proposal),
    /// A vote.
    Vote(Vote),
    /// A certificate that the sender has come to hold.
    Certificate(Certificate),
    /// Where the sender is; whoever knows more answers with certificates.
    Status {
        /// The sender's view.
        view: View,
        /// View of its last final block.
        finalized: View,
        /// First view after that of which it has no certificate.
        missing_from: View,
    },
    /// Asks for a block.
    Fetch(BlockHash),
    /// Answers with a block; worth what its hash is worth.
    Block(Arc<Block>),
    /// A transaction for the receivers' pools.
    Tx(Arc<[u8]>),
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Propose(Proposal { block, signature }) => {
                out.push(1);
                signature.encode(out);
                block.encode(out);
            }
            Self::Vote(vote) => {
                out.push(2);
                vote.encode(out);
            }
            Self::Certificate(certificate) => {
                out.push(3);
                certificate.encode(out);
            }
            Self::Status { view, finalized, missing_from } => {
                out.push(4);
                view.encode(out);
                finalized.encode(out);
                missing_from.encode(out);
            }
            Self::Fetch(block) => {
                out.push(5);
                block.encode(out);
            }
            Self::Block(block) => {
                out.push(6);
                block.encode(out);
            }
            Self::Tx(tx) => {
                out.push(7);
                put_bytes(out, tx);
            }
        }
    }
}

impl Decode for Message {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => {
                let signature = Decode::decode(reader)?;
                Self::Propose(Proposal { block: Arc::new(Decode::decode(reader)?), signature })
            }
            2 => Self::Vote(Decode::decode(reader)?),
            3 => Self::Certificate(Decode::decode(reader)?),
            4 => Self::Status {
                view: Decode::decode(reader)?,
                finalized: Decode::decode(reader)?,
                missing_from: Decode::decode(reader)?,
            },
            5 => Self::Fetch(Decode::decode(reader)?),
            6 => Self::Block(Arc::new(Decode::decode(reader)?)),
            7 => Self::Tx(reader.bytes(MAX_TX_BYTES, "transaction")?.into()),
            tag => return Err(DecodeError::UnknownTag { what: "message", tag }),
        })
    }
}
