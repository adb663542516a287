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
            self.check_txs(parent, &context, block)?;
        } else {
            self.believe(parent, &context, block);
        }
        Ok((context, upkept))
    }

    /// Of a block that a quorum has checked, lets the application believe what receipts vouch for, so that it need not check
    /// it when it executes it. Its answers are not needed.
    fn believe(&self, parent: &After, context: &BlockContext, block: &Block) {
        let Some(trust) = self.trust(&parent.committee) else { return };
        let state = parent.view.space(keys::APPLICATION);
        let mut txs = block.txs.iter();
        for lane in &block.lanes {
            let own = txs.by_ref().take(lane.included()).collect::<Vec<_>>();
            let vouched = own.into_iter().filter(|_| lane.receipts.len() >= trust);
            vouched.for_each(|tx| drop(self.app.check_vouched(&state, context, tx)));
        }
    }

    /// Checks the transactions: all in full, or of lanes with receipts of f + 1 members, only what the receipts do not vouch
    /// for. The receipts' signatures were verified with the block.
    fn check_txs(&self, parent: &After, context: &BlockContext, block: &Block) -> Result<(), Rejection> {
        let state = parent.view.space(keys::APPLICATION);
        let trust = self.trust(&parent.committee);
        let (mut full, mut vouched): (Vec<&[u8]>, Vec<&[u8]>) = (Vec::new(), Vec::new());
        let mut txs = block.txs.iter().map(Vec::as_slice);
        for lane in &block.lanes {
            let trusted = trust.is_some_and(|trust| lane.receipts.len() >= trust);
            let into = if trusted { &mut vouched } else { &mut full };
            into.extend(txs.by_ref().take(lane.included()));
        }
        full.extend(txs);
        let verdicts = self.app.check_batch(&state, context, &full);
        if verdicts.len() != full.len() {
            return Err(Rejection("the application did not answer for every transaction".into()));
        }
        let vouched: Vec<_> =
            vouched.into_par_iter().map(|tx| (tx, self.app.check_vouched(&state, context, tx))).collect();
        let all = full.into_iter().zip(verdicts).chain(vouched);
        match all.into_iter().find_map(|(tx, verdict)| Some((tx, verdict.err()?))) {
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
