//! Whether a block may follow its parent.

use rayon::prelude::*;

use super::{Clock, Executor, Position};
use crate::{
    application::{Beacon, BlockContext},
    chain::{Block, Certificate, Statement},
    codec::{Decode, Encode},
    consensus::Rejection,
    execution::{keys, view::View},
    state::StateRead,
    types::{Height, TxHash, View as ViewNumber},
};

impl Executor {
    /// Checks a block against its parent's state; its context and the height of its anchor.
    ///
    /// Without a clock, what a quorum has checked is not checked again: signatures and transactions.
    pub(super) fn admit(
        &self,
        view: &View,
        parent: &Position,
        block: &Block,
        check: Option<Clock>,
    ) -> Result<(BlockContext, Option<Height>), Rejection> {
        let header = &block.header;
        let reject = |reason: String| Err(Rejection(reason));
        if header.height != parent.height.next() || header.parent_view != parent.view {
            return reject(format!("height {} does not follow {}", header.height, parent.height));
        }
        if header.time_ms < parent.time_ms {
            return reject(format!("time {} is before the parent's {}", header.time_ms, parent.time_ms));
        }
        if header.parent_outcome != parent.outcome {
            return reject("the outcome of the parent is another".into());
        }
        let anchor = block.anchor.as_ref().map(|anchor| self.admit_anchor(view, anchor, check.is_some()));
        let anchor = anchor.transpose()?;
        let hashes: Vec<_> = block.tx_hashes();
        if let Some(known) = hashes.iter().find(|hash| is_known(view, hash)) {
            return reject(format!("transaction {known} is in the chain already"));
        }
        let context = self.context(parent, header.view, header.time_ms, block.anchor.as_ref().zip(anchor));
        if let Some(clock) = check {
            if header.time_ms > clock.latest_ms {
                return reject(format!("time {} is in the future", header.time_ms));
            }
            self.check_txs(view, &context, block)?;
        }
        Ok((context, anchor))
    }

    fn check_txs(&self, view: &View, context: &BlockContext, block: &Block) -> Result<(), Rejection> {
        let txs: Vec<&[u8]> = block.txs.iter().map(Vec::as_slice).collect();
        let verdicts = self.app.check_batch(&view.space(keys::APPLICATION), context, &txs);
        if verdicts.len() != txs.len() {
            return Err(Rejection("the application did not answer for every transaction".into()));
        }
        match txs.iter().zip(verdicts).find_map(|(tx, verdict)| Some((tx, verdict.err()?))) {
            Some((tx, refusal)) => Err(Rejection(format!("transaction {}: {refusal}", TxHash::of(tx)))),
            None => Ok(()),
        }
    }

    /// The anchor's height: it must be of an ancestor, and newer than the last.
    pub(super) fn admit_anchor(
        &self,
        view: &View,
        anchor: &Certificate,
        check: bool,
    ) -> Result<Height, Rejection> {
        let Statement::Finalize { block, .. } = anchor.statement() else {
            return Err(Rejection("the anchor is no certificate of finality".into()));
        };
        let state = view.space(keys::LEDGER);
        let height_at = |key: &[u8]| state.get(key).and_then(|bytes| Height::from_bytes(&bytes).ok());
        let Some(height) = height_at(&keys::block(block)) else {
            return Err(Rejection("the anchor is not of an ancestor".into()));
        };
        if height_at(keys::ANCHOR).is_some_and(|last| last >= height) {
            return Err(Rejection("the anchor is not newer than the last".into()));
        }
        if check {
            let verified = anchor.verify(&self.genesis, &self.genesis.scope());
            verified.map_err(|fault| Rejection(format!("anchor: {fault}")))?;
        }
        Ok(height)
    }

    /// The context of a block after `parent`.
    pub(super) fn context(
        &self,
        parent: &Position,
        view: ViewNumber,
        time_ms: u64,
        anchor: Option<(&Certificate, Height)>,
    ) -> BlockContext {
        let beacon = anchor.map(|(certificate, after)| Beacon {
            value: blake3::derive_key("galen ledger v1 provisional beacon", &certificate.to_bytes()),
            after,
        });
        BlockContext { chain_id: self.chain_id, height: parent.height.next(), view, time_ms, beacon }
    }
}

/// Whether a transaction is in the chain that `view` is the state of.
pub(super) fn is_known(view: &View, tx: &TxHash) -> bool {
    view.space(keys::LEDGER).get(&keys::transaction(tx)).is_some()
}

/// Those transactions that are not in the chain.
pub(super) fn unknown(view: &View, txs: Vec<std::sync::Arc<[u8]>>) -> Vec<std::sync::Arc<[u8]>> {
    txs.into_par_iter().filter(|tx| !is_known(view, &TxHash::of(tx))).collect()
}
