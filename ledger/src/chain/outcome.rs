//! What executing a block gave.

use crate::{
    application::{Event, Receipt, receipt::MAX_EVENTS},
    codec::{Decode, DecodeError, Encode, Reader, put_list},
    types::{AppHash, OutcomeHash, ReceiptsRoot},
};

const MAX_RECEIPTS: usize = 65_536;

/// The state and receipts after a block, as digests. In the next header, and in the votes that finalize the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Root of the state after the block.
    pub app_hash: AppHash,
    /// Digest of the block's receipts and events.
    pub receipts_root: ReceiptsRoot,
}

impl Outcome {
    /// Digest of both.
    pub fn hash(&self) -> OutcomeHash {
        OutcomeHash::from_bytes(blake3::derive_key("galen ledger v1 outcome", &self.to_bytes()))
    }
}

/// Everything that happened in a block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockResult {
    /// Before the first transaction.
    pub begin: Vec<Event>,
    /// Of each transaction, in block order.
    pub receipts: Vec<Receipt>,
    /// After the last transaction.
    pub end: Vec<Event>,
}

/// The events before the transactions of a block, and what it takes to show that they belong to its receipts: the rest
/// as digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The events.
    pub events: Vec<Event>,
    /// Digest of the receipts.
    pub receipts: [u8; 32],
    /// Digest of the events after the transactions.
    pub end: [u8; 32],
}

impl Beginning {
    /// Digest of the whole that it is the beginning of.
    pub fn root(&self) -> ReceiptsRoot {
        let parts = [part(&self.events), self.receipts, self.end].concat();
        ReceiptsRoot::from_bytes(blake3::derive_key("galen ledger v1 receipts of a block", &parts))
    }
}

/// Digest of one of the three parts of what happened in a block.
fn part<T: Encode>(list: &[T]) -> [u8; 32] {
    let mut bytes = Vec::new();
    put_list(&mut bytes, list);
    blake3::derive_key("galen ledger v1 part of the receipts of a block", &bytes)
}

impl BlockResult {
    /// Digest of all of it: of the digests of its three parts, so that one can be shown without the others.
    pub fn root(&self) -> ReceiptsRoot {
        self.beginning().root()
    }

    /// The first part, with the others as digests.
    pub fn beginning(&self) -> Beginning {
        Beginning { events: self.begin.clone(), receipts: part(&self.receipts), end: part(&self.end) }
    }
}

impl Encode for Outcome {
    fn encode(&self, out: &mut Vec<u8>) {
        self.app_hash.encode(out);
        self.receipts_root.encode(out);
    }
}

impl Decode for Outcome {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { app_hash: Decode::decode(reader)?, receipts_root: Decode::decode(reader)? })
    }
}

impl Encode for BlockResult {
    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, &self.begin);
        put_list(out, &self.receipts);
        put_list(out, &self.end);
    }
}

impl Decode for BlockResult {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            begin: reader.list(MAX_EVENTS, "events before the transactions")?,
            receipts: reader.list(MAX_RECEIPTS, "receipts")?,
            end: reader.list(MAX_EVENTS, "events after the transactions")?,
        })
    }
}

impl Encode for Beginning {
    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, &self.events);
        self.receipts.encode(out);
        self.end.encode(out);
    }
}

impl Decode for Beginning {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            events: reader.list(MAX_EVENTS, "events before the transactions")?,
            receipts: Decode::decode(reader)?,
            end: Decode::decode(reader)?,
        })
    }
}
