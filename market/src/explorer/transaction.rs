//! One transaction: what it is, who signed, what became of it.

use galen_ledger::TxHash;
use serde::Serialize;
use utoipa::ToSchema;

use super::block::EventView;
use super::kind::{Kind, meaning};
use crate::chain::{Chain, ChainError};
use crate::transaction::Transaction;

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransactionView {
    /// Its name.
    pub hash: String,
    /// The block that it is in.
    pub height: u64,
    /// Its place there.
    pub index: u32,
    /// That block's time, if the block is here.
    pub time_ms: Option<u64>,
    /// What it is, if the block is here.
    pub kind: Option<Kind>,
    /// The same in words.
    pub words: Option<&'static str>,
    /// Its size in bytes.
    pub bytes: Option<usize>,
    /// The accounts that signed. A contribution is signed by a one-time key, openings and transfers by no account.
    pub signers: Vec<String>,
    /// Whether it was accepted.
    pub accepted: bool,
    /// The receipt's code.
    pub code: String,
    /// What the code means.
    pub meaning: &'static str,
    /// The receipt's message.
    pub message: String,
    /// What it brought about.
    pub events: Vec<EventView>,
}

/// A transaction by its name.
///
/// # Errors
/// [`ChainError`].
pub async fn transaction(chain: &dyn Chain, hash: &TxHash) -> Result<Option<TransactionView>, ChainError> {
    let Some(found) = chain.receipt(hash)? else { return Ok(None) };
    let seen = chain.block(found.height).await?;
    let bytes = seen.as_ref().and_then(|seen| seen.block.txs.get(found.index as usize));
    let kind = bytes.map(|bytes| Kind::of(bytes));
    Ok(Some(TransactionView {
        hash: found.tx.to_string(),
        height: found.height.get(),
        index: found.index,
        time_ms: seen.as_ref().map(|seen| seen.block.header.time_ms),
        kind,
        words: kind.map(Kind::words),
        bytes: bytes.map(Vec::len),
        signers: bytes.map(|bytes| signers(bytes)).unwrap_or_default(),
        accepted: found.receipt.accepted,
        meaning: meaning(found.receipt.accepted, &found.receipt.code),
        code: found.receipt.code,
        message: found.receipt.message,
        events: found.receipt.events.iter().map(EventView::from).collect(),
    }))
}

/// The accounts that signed an order. Other transactions are not read: their proofs cost time, and no account signs them.
fn signers(bytes: &[u8]) -> Vec<String> {
    if !matches!(bytes, [_, 0, ..]) {
        return Vec::new();
    }
    match Transaction::from_bytes(bytes) {
        Ok(Transaction::Order(order)) => order.signatures.iter().map(|by| by.key.to_string()).collect(),
        _ => Vec::new(),
    }
}
