//! Running the transactions of one block.

use std::sync::Arc;

use super::{
    Position, StoreError, keys,
    layer::Layer,
    tree,
    upkeep::Upkept,
    view::{View, in_space},
};
use crate::{
    application::{Application, BlockContext, Event, Receipt, receipt},
    chain::{Block, BlockResult, Committee, Outcome},
    codec::Encode,
    state::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Overlay, StateRead, overlay::Writes},
    types::{Height, TxHash},
};

/// A block cannot be executed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application broke the ledger's limits where no transaction can be refused for it.
    #[error("application exceeds the ledger's limits {0} the transactions of a block")]
    Limits(&'static str),
}

/// Runs the transactions of a block on the state of `view`, after what the block did to the ledger itself. Whether it may
/// be run there is the caller's business.
pub fn run(
    app: &dyn Application,
    view: &View,
    context: &BlockContext,
    block: &Arc<Block>,
    committee: Arc<Committee>,
    upkept: Upkept,
) -> Result<Layer, RunError> {
    let state = view.space(keys::APPLICATION);
    let mut overlay = Overlay::new(&state);
    let mut begin = upkept.events;
    begin.extend(app.begin_block(&mut overlay, context));
    ensure(&begin, overlay.writes(), "before")?;
    let mut receipts = Vec::with_capacity(block.txs.len());
    for tx in &block.txs {
        let (receipt, writes) = run_tx(app, &overlay, context, tx);
        overlay.absorb(writes);
        receipts.push(receipt);
    }
    let end = app.end_block(&mut overlay, context);
    ensure(&end, overlay.writes(), "after")?;
    let result = BlockResult { begin, receipts, end };
    let mut writes = in_space(keys::APPLICATION, overlay.into_writes());
    writes.extend(in_space(keys::LEDGER, upkept.writes));
    writes.extend(in_space(keys::LEDGER, transactions(block, &result)));
    let layer = seal(view, context.height, writes, result, Some(block), committee)?;
    view.intact()?;
    Ok(layer)
}

/// Computes root and position of what was written.
pub(super) fn seal(
    view: &View,
    height: Height,
    mut writes: Writes,
    result: BlockResult,
    block: Option<&Arc<Block>>,
    committee: Arc<Committee>,
) -> Result<Layer, StoreError> {
    writes.retain(|key, value| view.value(key) != *value);
    let (app_hash, batch) = tree::update(view, height, &writes)?;
    let outcome = Outcome { app_hash, receipts_root: result.root() };
    let mut position = Position { height, outcome, ..Position::default() };
    if let Some(block) = block {
        position.view = block.header.view;
        position.time_ms = block.header.time_ms;
        position.block = block.hash();
    }
    Ok(Layer {
        block: block.cloned(),
        position,
        committee,
        writes,
        nodes: batch.node_batch.nodes().clone(),
        stale: batch.stale_node_index_batch.into_iter().map(|index| index.node_key).collect(),
        result,
    })
}

fn run_tx(
    app: &dyn Application,
    state: &dyn StateRead,
    context: &BlockContext,
    tx: &[u8],
) -> (Receipt, Writes) {
    let mut overlay = Overlay::new(state);
    let receipt = app.execute(&mut overlay, context, tx);
    let writes = overlay.into_writes();
    if !receipt.is_within_limits() || !are_within_limits(&writes) {
        let message = "the receipt, or a key or value written, exceeds the ledger's limits";
        return (Receipt::refused(receipt::codes::OVERSIZED, message), Writes::new());
    }
    if receipt.accepted { (receipt, writes) } else { (receipt, Writes::new()) }
}

fn are_within_limits(writes: &Writes) -> bool {
    writes.iter().all(|(key, value)| {
        key.len() <= MAX_KEY_BYTES && value.as_ref().is_none_or(|value| value.len() <= MAX_VALUE_BYTES)
    })
}

fn ensure(events: &[Event], writes: &Writes, when: &'static str) -> Result<(), RunError> {
    let limits = events.len() <= receipt::MAX_EVENTS && events.iter().all(Event::is_within_limits);
    if limits && are_within_limits(writes) { Ok(()) } else { Err(RunError::Limits(when)) }
}

/// What the ledger remembers of a block's transactions.
fn transactions(block: &Block, result: &BlockResult) -> Writes {
    let height = block.header.height;
    let mut writes = Writes::new();
    for (index, (tx, receipt)) in (0u32..).zip(block.txs.iter().zip(&result.receipts)) {
        let mut value = height.to_bytes();
        index.encode(&mut value);
        value.extend_from_slice(&blake3::derive_key("galen ledger v1 receipt", &receipt.to_bytes()));
        writes.insert(keys::transaction(&TxHash::of(tx)), Some(value));
    }
    writes
}
