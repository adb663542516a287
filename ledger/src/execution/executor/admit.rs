//! Whether a block may follow its parent.

use rayon::prelude::*;

use super::{After, Clock, Executor, Position};
use crate::{
    application::{Beacon, BlockContext},
    chain::Block,
    consensus::Rejection,
    execution::{
        keys,
        upkeep::{Session, Standing, Upkept},
        view::View,
    },
    state::StateRead,
    types::{TxHash, View as ViewNumber},
};

impl Executor {
    /// Checks a block against its parent's state; its context, and what it does to the ledger itself.
    ///
    /// Without a clock, what a quorum has checked is not checked again: signatures, proofs and transactions.
    pub(super) fn admit(
        &self,
        parent: &After,
        block: &Block,
        check: Option<Clock>,
    ) -> Result<(BlockContext, Upkept), Rejection> {
        let (header, at) = (&block.header, &parent.position);
        let reject = |reason: String| Err(Rejection(reason));
        if header.height != at.height.next() || header.parent_view != at.view {
            return reject(format!("height {} does not follow {}", header.height, at.height));
        }
        if header.cycle != parent.committee.cycle() {
            return reject(format!("cycle {} is not {}", header.cycle, parent.committee.cycle()));
        }
        if header.time_ms < at.time_ms {
            return reject(format!("time {} is before the parent's {}", header.time_ms, at.time_ms));
        }
        if header.parent_outcome != at.outcome {
            return reject("the outcome of the parent is another".into());
        }
        let hashes: Vec<_> = block.tx_hashes();
        if let Some(known) = hashes.iter().find(|hash| is_known(&parent.view, hash)) {
            return reject(format!("transaction {known} is in the chain already"));
        }
        let ledger = parent.view.space(keys::LEDGER);
        let standing = Standing::from(header);
        let session = Session::begin(&self.genesis, &parent.committee, &ledger, standing, check.is_some());
        let upkept = session.run(block)?;
        let context = self.context(at, header.view, header.time_ms, upkept.beacon);
        if let Some(clock) = check {
            if header.time_ms > clock.latest_ms {
                return reject(in_the_future(header.time_ms - clock.latest_ms));
            }
            self.check_txs(&parent.view, &context, block)?;
        }
        Ok((context, upkept))
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

    /// The context of a block after `parent`.
    pub(super) fn context(
        &self,
        parent: &Position,
        view: ViewNumber,
        time_ms: u64,
        beacon: Option<Beacon>,
    ) -> BlockContext {
        BlockContext { chain_id: self.chain_id, height: parent.height.next(), view, time_ms, beacon }
    }
}

/// A proposer with a clock that is ahead, or a member with one that is behind: only people can tell.
fn in_the_future(by_ms: u64) -> String {
    format!(
        "its time is {} s later than this member's clock and the drift allowed: one of the two clocks is wrong; if all \
         others' blocks are refused so, it is this machine's (set it, with NTP)",
        by_ms.div_ceil(1000)
    )
}

/// Whether a transaction is in the chain that `view` is the state of.
pub(super) fn is_known(view: &View, tx: &TxHash) -> bool {
    view.space(keys::LEDGER).get(&keys::transaction(tx)).is_some()
}

/// Those transactions that are not in the chain.
pub(super) fn unknown(view: &View, txs: Vec<std::sync::Arc<[u8]>>) -> Vec<std::sync::Arc<[u8]>> {
    txs.into_par_iter().filter(|tx| !is_known(view, &TxHash::of(tx))).collect()
}
