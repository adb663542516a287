//! Blocks: a header, which is what votes are for, and the body it commits to.

use std::collections::BTreeSet;

use super::{
    Committee, Genesis, Outcome,
    upkeep::{MAX_UPKEEP_BYTES, MAX_UPKEEP_ITEMS, Upkeep, upkeep_root},
};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_len, put_list},
    lanes::{Lane, LaneFault, MAX_LANES, lane::verify_lanes, lanes_root},
    types::{BlockHash, ChainId, Cycle, Height, MAX_TX_BYTES, MemberIndex, TxHash, TxRoot, View},
};

/// More transactions than any genesis allows.
const MAX_TXS: usize = 65_536;

/// What a block commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The chain.
    pub chain_id: ChainId,
    /// The cycle.
    pub cycle: Cycle,
    /// One more than the parent's.
    pub height: Height,
    /// The view it is proposed in first. The last block of a cycle may be proposed again in later views.
    pub view: View,
    /// Its author, the leader of the view.
    pub proposer: MemberIndex,
    /// The block before.
    pub parent: BlockHash,
    /// The parent's view (R2 is about it).
    pub parent_view: View,
    /// The proposer's clock, milliseconds since 1970; not before the parent's.
    pub time_ms: u64,
    /// What executing the parent gave: the state and the receipts after `height − 1`.
    pub parent_outcome: Outcome,
    /// Digest of the transactions.
    pub tx_root: TxRoot,
    /// Digest of the ledger's own affairs.
    pub upkeep_root: [u8; 32],
    /// Digest of what is said of mini-blocks.
    pub lanes_root: [u8; 32],
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What votes are for.
    pub header: Header,
    /// The ledger's own affairs, applied before the transactions, in this order.
    pub upkeep: Vec<Upkeep>,
    /// The mini-blocks whose transactions come first.
    pub lanes: Vec<Lane>,
    /// The transactions, in the order of their execution: those of the lanes, by lane and place, and after them what the
    /// proposer takes on its own account, without a mini-block.
    pub txs: Vec<Vec<u8>>,
}

/// A block that is wrong in itself, whatever the state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockFault {
    /// Another chain or cycle.
    #[error("the block is of another chain or cycle")]
    Foreign,
    /// Not proposed by the leader of its view.
    #[error("member {0} is not the leader of the view")]
    NotLeader(MemberIndex),
    /// A view must be after the parent's.
    #[error("the view is not after the parent's, or the parent's not of this cycle")]
    ViewOrder,
    /// The transactions are not those of the header.
    #[error("the transactions do not match the header")]
    TxRoot,
    /// The ledger's affairs are not those of the header.
    #[error("the ledger's affairs do not match the header")]
    UpkeepRoot,
    /// What is said of mini-blocks is not what the header commits to.
    #[error("the lanes do not match the header")]
    LanesRoot,
    /// Too many mini-blocks, or too much left out of them.
    #[error(
        "{lanes} mini-blocks, of which {omitted} transactions are left out, exceed the limits of a block"
    )]
    LanesTooLarge {
        /// Mini-blocks.
        lanes: usize,
        /// Transactions left out.
        omitted: usize,
    },
    /// What is said of a mini-block is wrong.
    #[error("lane {lane}: {fault}")]
    Lane {
        /// Which, counted from 0.
        lane: usize,
        /// What is wrong.
        fault: LaneFault,
    },
    /// Too many of the ledger's affairs.
    #[error("{0} bytes of the ledger's affairs exceed the limits of a block")]
    UpkeepTooLarge(usize),
    /// Too many transactions or bytes.
    #[error("{txs} transactions of {bytes} bytes exceed the limits of a block")]
    TooLarge {
        /// Transactions.
        txs: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// A transaction is there twice.
    #[error("transaction {0} is there twice")]
    Twice(TxHash),
}

impl Header {
    /// Name of the block.
    pub fn hash(&self) -> BlockHash {
        BlockHash::from_bytes(blake3::derive_key("galen ledger v1 block header", &self.to_bytes()))
    }
}

impl Block {
    /// Name of the block.
    pub fn hash(&self) -> BlockHash {
        self.header.hash()
    }

    /// Hashes of the transactions, in their order.
    pub fn tx_hashes(&self) -> Vec<TxHash> {
        self.txs.iter().map(|tx| TxHash::of(tx)).collect()
    }

    /// Checks what can be checked of a block alone, given the committee of its cycle.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self, genesis: &Genesis, committee: &Committee) -> Result<(), BlockFault> {
        let Header { chain_id, cycle, height, view, proposer, parent_view, .. } = self.header;
        let (scope, schedule) = (committee.scope(), genesis.schedule());
        if chain_id != scope.chain_id || cycle != scope.cycle || schedule.cycle(height) != cycle {
            return Err(BlockFault::Foreign);
        }
        if Some(proposer) != committee.leader(view) {
            return Err(BlockFault::NotLeader(proposer));
        }
        // The first block of a cycle follows the last of the one before, every other a block of its own cycle.
        let is_first = height.get() == 1 || schedule.is_last(Height::new(height.get().saturating_sub(1)));
        let base = committee.base();
        if view <= parent_view || parent_view < base || is_first != (parent_view == base) {
            return Err(BlockFault::ViewOrder);
        }
        self.validate_body(genesis)?;
        self.validate_lanes(genesis, committee)
    }

    /// Everybody computes the digest of every mini-block again: what is in the block, and what is left out, is what its
    /// author signed.
    fn validate_lanes(&self, genesis: &Genesis, committee: &Committee) -> Result<(), BlockFault> {
        let omitted = self.lanes.iter().map(|lane| lane.omitted.len()).sum();
        if self.lanes.len() > MAX_LANES || omitted > genesis.parameters.block_txs as usize {
            return Err(BlockFault::LanesTooLarge { lanes: self.lanes.len(), omitted });
        }
        if lanes_root(&self.lanes) != self.header.lanes_root {
            return Err(BlockFault::LanesRoot);
        }
        verify_lanes(&self.lanes, &self.tx_hashes(), &genesis.parameters, committee)
            .map_err(|(lane, fault)| BlockFault::Lane { lane, fault })
    }

    fn validate_body(&self, genesis: &Genesis) -> Result<(), BlockFault> {
        let bytes = self.txs.iter().map(Vec::len).sum();
        let limits = genesis.parameters;
        if self.txs.len() > limits.block_txs as usize || bytes > limits.block_bytes as usize {
            return Err(BlockFault::TooLarge { txs: self.txs.len(), bytes });
        }
        let upkeep: usize = self.upkeep.iter().map(|item| item.to_bytes().len()).sum();
        if upkeep > MAX_UPKEEP_BYTES || self.upkeep.len() > MAX_UPKEEP_ITEMS {
            return Err(BlockFault::UpkeepTooLarge(upkeep));
        }
        let hashes = self.tx_hashes();
        if tx_root(&hashes) != self.header.tx_root {
            return Err(BlockFault::TxRoot);
        }
        if upkeep_root(&self.upkeep) != self.header.upkeep_root {
            return Err(BlockFault::UpkeepRoot);
        }
        let mut seen = BTreeSet::new();
        match hashes.into_iter().find(|hash| !seen.insert(*hash)) {
            Some(twice) => Err(BlockFault::Twice(twice)),
            None => Ok(()),
        }
    }
}

/// Digest of the transactions of a block.
pub fn tx_root(hashes: &[TxHash]) -> TxRoot {
    let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 transactions of a block");
    for hash in hashes {
        hasher.update(hash.as_bytes());
    }
    TxRoot::from_bytes(*hasher.finalize().as_bytes())
}

impl Encode for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.cycle.encode(out);
        self.height.encode(out);
        self.view.encode(out);
        self.proposer.encode(out);
        self.parent.encode(out);
        self.parent_view.encode(out);
        self.time_ms.encode(out);
        self.parent_outcome.encode(out);
        self.tx_root.encode(out);
        self.upkeep_root.encode(out);
        self.lanes_root.encode(out);
    }
}

impl Decode for Header {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain_id: Decode::decode(reader)?,
            cycle: Decode::decode(reader)?,
            height: Decode::decode(reader)?,
            view: Decode::decode(reader)?,
            proposer: Decode::decode(reader)?,
            parent: Decode::decode(reader)?,
            parent_view: Decode::decode(reader)?,
            time_ms: Decode::decode(reader)?,
            parent_outcome: Decode::decode(reader)?,
            tx_root: Decode::decode(reader)?,
            upkeep_root: Decode::decode(reader)?,
            lanes_root: Decode::decode(reader)?,
        })
    }
}

impl Encode for Block {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        put_list(out, &self.upkeep);
        put_list(out, &self.lanes);
        put_txs(out, &self.txs);
    }
}

impl Decode for Block {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Decode::decode(reader)?;
        let upkeep = reader.list(MAX_UPKEEP_ITEMS, "upkeep")?;
        let lanes = reader.list(MAX_LANES, "lanes")?;
        Ok(Self { header, upkeep, lanes, txs: read_txs(reader)? })
    }
}

/// Appends transactions.
pub(crate) fn put_txs(out: &mut Vec<u8>, txs: &[Vec<u8>]) {
    put_len(out, txs.len());
    for tx in txs {
        put_bytes(out, tx);
    }
}

/// Reads what [`put_txs`] writes.
pub(crate) fn read_txs(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let count = reader.length(MAX_TXS, "transactions")?;
    // A transaction takes at least the four bytes of its length.
    let mut txs = Vec::with_capacity(count.min(reader.left() / 4));
    for _ in 0..count {
        txs.push(reader.bytes(MAX_TX_BYTES, "transaction")?.to_vec());
    }
    Ok(txs)
}
