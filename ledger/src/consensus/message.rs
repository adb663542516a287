//! What members say to each other.

use std::sync::Arc;

use crate::{
    blobs::{BlobChunk, BlobRequest},
    chain::{Block, Certificate, Committee, Upkeep, Vote, vote::proposal_body},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    crypto::{Purpose, Scope, SecretKey, Signature},
    types::{BlobHash, BlockHash, Cycle, Height, MAX_TX_BYTES, Turn, View},
};

/// Largest message, in bytes; a link refuses longer frames before it allocates anything.
pub const MAX_FRAME_BYTES: usize = 40 * 1024 * 1024;

/// A block with the signature of the leader that proposes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The view. Later than the block's own when the last block of a cycle is proposed again.
    pub view: View,
    /// The block.
    pub block: Arc<Block>,
    /// The leader's, over the view and the block's hash.
    pub signature: Signature,
}

impl Proposal {
    /// Signs a block in a view.
    pub fn sign(view: View, block: Arc<Block>, scope: &Scope, key: &SecretKey) -> Self {
        let signature = key.sign(scope, Purpose::Propose, &proposal_body(view, &block.hash()));
        Self { view, block, signature }
    }

    /// Whether it is signed by the leader of its view.
    pub fn is_signed(&self, committee: &Committee) -> bool {
        let key = committee.leader(self.view).and_then(|leader| committee.key(leader));
        let body = proposal_body(self.view, &self.block.hash());
        key.is_some_and(|key| {
            key.verify(&committee.scope(), Purpose::Propose, &body, &self.signature).is_ok()
        })
    }

    /// Whether the block was first proposed in an earlier view.
    pub fn is_again(&self) -> bool {
        self.view != self.block.header.view
    }

    /// The view it is in, and its cycle.
    pub fn turn(&self) -> Turn {
        Turn { cycle: self.block.header.cycle, view: self.view }
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
    Status(Status),
    /// Asks for a block.
    Fetch(BlockHash),
    /// Answers with a block; worth what its hash is worth.
    Block(Arc<Block>),
    /// A transaction for the receivers' pools.
    Tx(Arc<[u8]>),
    /// Something of the ledger's own for the next blocks of a cycle.
    Upkeep {
        /// The sender's cycle.
        cycle: Cycle,
        /// What.
        item: Upkeep,
    },
    /// Asks for chunks of a blob.
    FetchBlob(BlobRequest),
    /// Answers with one of them.
    BlobChunk(BlobChunk),
    /// Answers that the sender does not have this blob.
    NoBlob(BlobHash),
    /// Asks for the newest snapshot above a height.
    FetchSnapshot(Height),
    /// Answers with its height and the name of its manifest, which is a blob.
    Snapshot(Height, BlobHash),
}

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its view.
    pub turn: Turn,
    /// Height of its last final block.
    pub height: Height,
    /// View of that block.
    pub finalized: View,
    /// First view after that of which it has no certificate.
    pub missing_from: View,
}

impl Message {
    /// The cycle that a message belongs to, if it belongs to one: known before any signature is checked.
    pub fn cycle(&self) -> Option<Cycle> {
        match self {
            Self::Propose(proposal) => Some(proposal.block.header.cycle),
            Self::Vote(vote) => Some(vote.cycle),
            Self::Certificate(certificate) => Some(certificate.turn().cycle),
            Self::Upkeep { cycle, .. } => Some(*cycle),
            Self::Status(_) | Self::Fetch(_) | Self::Block(_) | Self::Tx(_) => None,
            Self::FetchBlob(_) | Self::BlobChunk(_) | Self::NoBlob(_) => None,
            Self::FetchSnapshot(_) | Self::Snapshot(..) => None,
        }
    }
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Propose(Proposal { view, block, signature }) => {
                out.push(1);
                view.encode(out);
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
            Self::Status(status) => {
                out.push(4);
                status.encode(out);
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
            Self::Upkeep { cycle, item } => {
                out.push(8);
                cycle.encode(out);
                item.encode(out);
            }
            Self::FetchBlob(request) => {
                out.push(16);
                request.encode(out);
            }
            Self::BlobChunk(chunk) => {
                out.push(17);
                chunk.encode(out);
            }
            Self::NoBlob(blob) => {
                out.push(18);
                blob.encode(out);
            }
            Self::FetchSnapshot(above) => {
                out.push(19);
                above.encode(out);
            }
            Self::Snapshot(height, manifest) => {
                out.push(20);
                height.encode(out);
                manifest.encode(out);
            }
        }
    }
}

impl Encode for Status {
    fn encode(&self, out: &mut Vec<u8>) {
        self.turn.cycle.encode(out);
        self.turn.view.encode(out);
        self.height.encode(out);
        self.finalized.encode(out);
        self.missing_from.encode(out);
    }
}

impl Decode for Status {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            turn: Turn { cycle: Decode::decode(reader)?, view: Decode::decode(reader)? },
            height: Decode::decode(reader)?,
            finalized: Decode::decode(reader)?,
            missing_from: Decode::decode(reader)?,
        })
    }
}

impl Decode for Message {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => {
                let view = Decode::decode(reader)?;
                let signature = Decode::decode(reader)?;
                Self::Propose(Proposal { view, block: Arc::new(Decode::decode(reader)?), signature })
            }
            2 => Self::Vote(Decode::decode(reader)?),
            3 => Self::Certificate(Decode::decode(reader)?),
            4 => Self::Status(Decode::decode(reader)?),
            5 => Self::Fetch(Decode::decode(reader)?),
            6 => Self::Block(Arc::new(Decode::decode(reader)?)),
            7 => Self::Tx(reader.bytes(MAX_TX_BYTES, "transaction")?.into()),
            8 => Self::Upkeep { cycle: Decode::decode(reader)?, item: Decode::decode(reader)? },
            16 => Self::FetchBlob(Decode::decode(reader)?),
            17 => Self::BlobChunk(Decode::decode(reader)?),
            18 => Self::NoBlob(Decode::decode(reader)?),
            19 => Self::FetchSnapshot(Decode::decode(reader)?),
            20 => Self::Snapshot(Decode::decode(reader)?, Decode::decode(reader)?),
            tag => return Err(DecodeError::UnknownTag { what: "message", tag }),
        })
    }
}
