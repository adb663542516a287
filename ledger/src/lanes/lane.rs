//! What a large block says of a mini-block: who made it, who has checked it, and which of its transactions are not in
//! the block, so that everybody computes its digest again and sees who authored what.

use std::{collections::BTreeSet, sync::Arc};

use super::{LaneHeader, LaneLimits, MiniBlock, MiniFault, Receipt, mini::mini_root};
use crate::{
    chain::{
        Committee, Parameters,
        certificate::{put_signatures, read_signatures},
    },
    codec::{Decode, DecodeError, Encode, Reader, put_list},
    crypto::{Purpose, Signature, verify_all},
    types::{ChainId, MemberIndex, MiniHash, TxHash},
};

/// Most mini-blocks in a block.
pub const MAX_LANES: usize = 256;
/// More left out than any genesis allows.
const MAX_OMITTED: usize = 65_536;

/// A transaction of a mini-block that is not in the block: it is in the chain already, in the block for another
/// mini-block, or was refused on the parent's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Omitted {
    /// Its place in the mini-block.
    pub place: u32,
    /// Its name.
    pub tx: TxHash,
}

/// A mini-block in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// What its author signed.
    pub header: LaneHeader,
    /// The author's signature.
    pub signature: Signature,
    /// Receipts, in the order of the signers' numbers: at most f + 1, as more say nothing more.
    pub receipts: Vec<(MemberIndex, Signature)>,
    /// What of it is not in the block, in the order of places.
    pub omitted: Vec<Omitted>,
}

/// A mini-block that a proposer may take, with the receipts it knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneOffer {
    /// The mini-block.
    pub mini: Arc<MiniBlock>,
    /// Its receipts.
    pub receipts: Vec<Receipt>,
}

/// What is wrong with a lane of a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaneFault {
    /// The mini-block is wrong.
    #[error(transparent)]
    Mini(#[from] MiniFault),
    /// Another mini-block with this author and number is in the block.
    #[error("number {number} of member {author} is there twice")]
    Twice {
        /// The author.
        author: MemberIndex,
        /// The number.
        number: u64,
    },
    /// Nothing of it is in the block.
    #[error("nothing of the mini-block is in the block")]
    Empty,
    /// The places of what is left out do not ascend, or there are none such.
    #[error("what is left out is not in order, or not of the mini-block")]
    Omitted,
    /// More receipts than f + 1, or not in the order of the signers' numbers.
    #[error("{0} receipts: there may be f + 1 at most, in the order of the signers")]
    Receipts(usize),
    /// A receipt is not valid.
    #[error("a receipt does not verify")]
    Receipt,
}

/// Digest of the lanes of a block.
pub fn lanes_root(lanes: &[Lane]) -> [u8; 32] {
    let mut bytes = Vec::new();
    put_list(&mut bytes, lanes);
    blake3::derive_key("galen ledger v1 lanes of a block", &bytes)
}

/// Checks the lanes of a block against the hashes of its transactions, which come in the order of lanes and places; what
/// comes after them is the proposer's own.
///
/// # Errors
/// Which lane is wrong, and how.
pub fn verify_lanes(
    lanes: &[Lane],
    hashes: &[TxHash],
    parameters: &Parameters,
    committee: &Committee,
) -> Result<(), (usize, LaneFault)> {
    let limits = LaneLimits::of(parameters);
    let (mut seen, mut rest) = (BTreeSet::new(), hashes);
    for (place, lane) in lanes.iter().enumerate() {
        let at = |fault: LaneFault| (place, fault);
        let LaneHeader { author, number, .. } = lane.header;
        if !seen.insert((author, number)) {
            return Err(at(LaneFault::Twice { author, number }));
        }
        let included = lane.verify_shape(limits, committee).map_err(at)?;
        let (own, after) = rest.split_at_checked(included).ok_or(at(MiniFault::Root.into()))?;
        rest = after;
        lane.verify_content(own).map_err(at)?;
        lane.verify_signatures(committee).map_err(at)?;
    }
    Ok(())
}

impl Lane {
    /// Name of the mini-block.
    pub fn hash(&self, chain_id: &ChainId) -> MiniHash {
        self.header.hash(chain_id)
    }

    /// How many of its transactions are in the block.
    pub fn included(&self) -> usize {
        (self.header.txs as usize).saturating_sub(self.omitted.len())
    }

    /// Whether a place of the mini-block is left out.
    pub fn omits(&self, place: usize) -> bool {
        self.omitted.binary_search_by_key(&place, |omitted| omitted.place as usize).is_ok()
    }

    /// The transactions of the mini-block that are in the block, in order.
    pub fn included_of<'a>(&'a self, mini: &'a MiniBlock) -> impl Iterator<Item = &'a Arc<[u8]>> {
        mini.txs.iter().enumerate().filter(|(place, _)| !self.omits(*place)).map(|(_, tx)| tx)
    }

    /// Checks what costs nothing; how many of its transactions are in the block.
    fn verify_shape(&self, limits: LaneLimits, committee: &Committee) -> Result<usize, LaneFault> {
        self.header.verify_place(committee)?;
        let txs = self.header.txs as usize;
        if txs == 0 || txs > limits.txs {
            return Err(MiniFault::Size { txs, bytes: 0 }.into());
        }
        let ascending = self.omitted.is_sorted_by(|one, next| one.place < next.place);
        if !ascending || self.omitted.last().is_some_and(|last| last.place as usize >= txs) {
            return Err(LaneFault::Omitted);
        }
        let receipts = self.receipts.len();
        if receipts > committee.faults() + 1 || !self.receipts.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(LaneFault::Receipts(receipts));
        }
        match self.included() {
            0 => Err(LaneFault::Empty),
            included => Ok(included),
        }
    }

    /// Checks that what is in the block and what is left out make the mini-block that was signed.
    fn verify_content(&self, included: &[TxHash]) -> Result<(), LaneFault> {
        let (mut included, mut omitted) = (included.iter(), self.omitted.iter().peekable());
        let mut hashes = Vec::with_capacity(self.header.txs as usize);
        for place in 0..self.header.txs {
            let left_out = omitted.next_if(|omitted| omitted.place == place).map(|omitted| &omitted.tx);
            hashes.push(*left_out.or_else(|| included.next()).ok_or(MiniFault::Root)?);
        }
        if mini_root(&hashes) == self.header.root { Ok(()) } else { Err(MiniFault::Root.into()) }
    }

    fn verify_signatures(&self, committee: &Committee) -> Result<(), LaneFault> {
        self.header.verify_signature(&self.signature, committee)?;
        if self.receipts.is_empty() {
            return Ok(());
        }
        let mini = self.hash(&committee.scope().chain_id);
        let mut signed = Vec::with_capacity(self.receipts.len());
        for (signer, signature) in &self.receipts {
            signed.push((*committee.key(*signer).ok_or(LaneFault::Receipt)?, *signature));
        }
        verify_all(&committee.scope(), Purpose::Receipt, mini.as_bytes(), &signed)
            .map_err(|_| LaneFault::Receipt)
    }
}

impl Encode for Omitted {
    fn encode(&self, out: &mut Vec<u8>) {
        self.place.encode(out);
        self.tx.encode(out);
    }
}

impl Decode for Omitted {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { place: Decode::decode(reader)?, tx: Decode::decode(reader)? })
    }
}

impl Encode for Lane {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.signature.encode(out);
        put_signatures(out, &self.receipts);
        put_list(out, &self.omitted);
    }
}

impl Decode for Lane {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Decode::decode(reader)?,
            signature: Decode::decode(reader)?,
            receipts: read_signatures(reader)?,
            omitted: reader.list(MAX_OMITTED, "transactions left out")?,
        })
    }
}
