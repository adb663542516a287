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

impl BlockResult {
    /// Digest of all of it.
    pub fn root(&self) -> ReceiptsRoot {
        ReceiptsRoot::from_bytes(blake3::derive_key("galen ledger v1 receipts of a block", &self.to_bytes()))
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
