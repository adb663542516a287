//! What members say to each other.

use std::sync::Arc;

use super::relay::Bundle;
use crate::{
    blobs::{BlobChunk, BlobRequest},
    chain::{
        Block, Certificate, Committee, Header, Upkeep, Vote,
        block::{put_txs, read_txs},
        certificate::{put_signatures, read_signatures},
        upkeep::{MAX_UPKEEP_ITEMS, upkeep_root},
        vote::proposal_body,
    },
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list},
    crypto::{Purpose, Scope, SecretKey, Signature},
    lanes::{Lane, MAX_LANES, MiniBlock, lanes_root},
    types::{BlobHash, BlockHash, Cycle, Height, MAX_TX_BYTES, MemberIndex, MiniHash, Turn, View},
};

/// Largest message, in bytes; a link refuses longer frames before it allocates anything.
pub const MAX_FRAME_BYTES: usize = 40 * 1024 * 1024;
/// Tag of [`Message::Bundle`].
pub(crate) const BUNDLE: u8 = 32;

/// Tags of the messages of lanes.
pub(crate) const COMPACT: u8 = 9;
pub(crate) const MINI_BLOCK: u8 = 10;
pub(crate) const FETCH_MINIS: u8 = 11;
pub(crate) const RECEIPTS: u8 = 12;

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

/// A proposal as it travels: without the bodies of mini-blocks, which the receivers have, or ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactProposal {
    /// The view.
    pub view: View,
    /// The leader's signature, over the view and the hash of the header.
    pub signature: Signature,
    /// The block's header.
    pub header: Header,
    /// The ledger's own affairs.
    pub upkeep: Vec<Upkeep>,
    /// The mini-blocks.
    pub lanes: Vec<Lane>,
    /// The transactions that the proposer takes on its own account.
    pub own: Vec<Vec<u8>>,
}

impl CompactProposal {
    /// Leaves out of a proposal what is in mini-blocks.
    pub fn of(proposal: &Proposal) -> Self {
        let block = &proposal.block;
        let in_lanes = block.lanes.iter().map(Lane::included).sum();
        Self {
            view: proposal.view,
            signature: proposal.signature,
            header: block.header.clone(),
            upkeep: block.upkeep.clone(),
            lanes: block.lanes.clone(),
            own: block.txs.iter().skip(in_lanes).cloned().collect(),
        }
    }

    /// The view it is in, and its cycle.
    pub fn turn(&self) -> Turn {
        Turn { cycle: self.header.cycle, view: self.view }
    }

    /// Whether it is signed by the leader of its view, and what is here of the block is what the header commits to.
    pub fn is_signed(&self, committee: &Committee) -> bool {
        let key = committee.leader(self.view).and_then(|leader| committee.key(leader));
        let body = proposal_body(self.view, &self.header.hash());
        lanes_root(&self.lanes) == self.header.lanes_root
            && upkeep_root(&self.upkeep) == self.header.upkeep_root
            && key.is_some_and(|key| {
                key.verify(&committee.scope(), Purpose::Propose, &body, &self.signature).is_ok()
            })
    }

    /// Transactions that the block has.
    pub fn txs(&self) -> usize {
        self.lanes.iter().map(Lane::included).fold(self.own.len(), usize::saturating_add)
    }

    /// Puts the bodies back, one mini-block for each lane, in their order. Whether it is the block that was proposed is
    /// checked with the block.
    pub fn whole<'a>(self, minis: impl IntoIterator<Item = &'a MiniBlock>) -> Proposal {
        let included = self.lanes.iter().zip(minis).flat_map(|(lane, mini)| lane.included_of(mini));
        let mut txs: Vec<_> = included.map(|tx| tx.to_vec()).collect();
        txs.extend(self.own);
        let block = Block { header: self.header, upkeep: self.upkeep, lanes: self.lanes, txs };
        Proposal { view: self.view, block: Arc::new(block), signature: self.signature }
    }
}

/// Receipts of a mini-block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    /// The cycle.
    pub cycle: Cycle,
    /// The mini-block.
    pub mini: MiniHash,
    /// The signers and their signatures, in the order of their numbers.
    pub signed: Vec<(MemberIndex, Signature)>,
}

/// Most mini-blocks that are asked for in one message.
pub const MAX_MINIS_ASKED: usize = 64;

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
    /// The leader's block, without the bodies of mini-blocks. It becomes a [`Message::Propose`] before the core sees it.
    Compact(CompactProposal),
    /// A mini-block: from its author, passed on, or asked for.
    MiniBlock(Arc<MiniBlock>),
    /// Asks for mini-blocks.
    FetchMinis(Vec<MiniHash>),
    /// Receipts: one for the author, or all that the author has.
    Receipts(Receipts),
    /// Asks for chunks of a blob.
    FetchBlob(BlobRequest),
    /// Answers with one of them.
    BlobChunk(BlobChunk),
    /// Answers that the sender does not have this blob.
    NoBlob(BlobHash),
    /// Votes that the leader of a part passes on to the leaders of the others.
    Bundle(Bundle),
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
            Self::Bundle(bundle) => Some(bundle.turn().cycle),
            Self::Compact(proposal) => Some(proposal.header.cycle),
            Self::MiniBlock(mini) => Some(mini.header.cycle),
            Self::Receipts(receipts) => Some(receipts.cycle),
            Self::Status(_) | Self::Fetch(_) | Self::Block(_) | Self::Tx(_) | Self::FetchMinis(_) => None,
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
            Self::Compact(CompactProposal { view, signature, header, upkeep, lanes, own }) => {
                out.push(COMPACT);
                view.encode(out);
                signature.encode(out);
                header.encode(out);
                put_list(out, upkeep);
                put_list(out, lanes);
                put_txs(out, own);
            }
            Self::MiniBlock(mini) => {
                out.push(MINI_BLOCK);
                mini.encode(out);
            }
            Self::FetchMinis(minis) => {
                out.push(FETCH_MINIS);
                put_list(out, minis);
            }
            Self::Receipts(Receipts { cycle, mini, signed }) => {
                out.push(RECEIPTS);
                cycle.encode(out);
                mini.encode(out);
                put_signatures(out, signed);
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
            Self::Bundle(bundle) => {
                out.push(BUNDLE);
                bundle.encode(out);
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
            COMPACT => Self::Compact(CompactProposal {
                view: Decode::decode(reader)?,
                signature: Decode::decode(reader)?,
                header: Decode::decode(reader)?,
                upkeep: reader.list(MAX_UPKEEP_ITEMS, "upkeep")?,
                lanes: reader.list(MAX_LANES, "lanes")?,
                own: read_txs(reader)?,
            }),
            MINI_BLOCK => Self::MiniBlock(Arc::new(Decode::decode(reader)?)),
            FETCH_MINIS => Self::FetchMinis(reader.list(MAX_MINIS_ASKED, "mini-blocks asked for")?),
            RECEIPTS => Self::Receipts(Receipts {
                cycle: Decode::decode(reader)?,
                mini: Decode::decode(reader)?,
                signed: read_signatures(reader)?,
            }),
            16 => Self::FetchBlob(Decode::decode(reader)?),
            17 => Self::BlobChunk(Decode::decode(reader)?),
            18 => Self::NoBlob(Decode::decode(reader)?),
            BUNDLE => Self::Bundle(Decode::decode(reader)?),
            19 => Self::FetchSnapshot(Decode::decode(reader)?),
            20 => Self::Snapshot(Decode::decode(reader)?, Decode::decode(reader)?),
            tag => return Err(DecodeError::UnknownTag { what: "message", tag }),
        })
    }
}
