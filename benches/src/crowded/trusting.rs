//! The market of a node, but for one thing: it takes the proofs of contributions on trust, as members do with what others have
//! vouched for. Real proofs of a hundred thousand contributions would take days, and no page looks at whether they hold.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use galen_ledger::{
    AppError, Application, BlobHash, BlockContext, Event, Receipt, Refusal, StateRead, StateWrite, TxHash,
};
use galen_market::Market;
use rayon::prelude::*;

/// The market, with faith in proofs.
pub struct Trusting {
    market: Market,
    /// What was checked, and is not executed yet. It is not checked again meanwhile: nothing here contradicts anything else,
    /// and the ledger executes by the market's rules in any case.
    checked: Mutex<BTreeSet<TxHash>>,
}

impl Trusting {
    /// This market, with faith in proofs.
    pub fn new(market: Market) -> Self {
        Self { market, checked: Mutex::default() }
    }
}

impl Application for Trusting {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        self.market.genesis(state, config)
    }

    fn check(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        let hash = TxHash::of(tx);
        if self.checked.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
            return Ok(());
        }
        self.market.check_vouched(state, context, tx)?;
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).insert(hash);
        Ok(())
    }

    fn check_batch(
        &self,
        state: &dyn StateRead,
        context: &BlockContext,
        txs: &[&[u8]],
    ) -> Vec<Result<(), Refusal>> {
        txs.par_iter().map(|tx| self.check(state, context, tx)).collect()
    }

    fn check_vouched(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        self.check(state, context, tx)
    }

    fn conflict_key(&self, tx: &[u8]) -> Option<Vec<u8>> {
        self.market.conflict_key(tx)
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner).remove(&TxHash::of(tx));
        if !checked {
            // A block that is executed again after a start. What is refused here is refused below.
            let _ = self.market.check_vouched(state, context, tx);
        }
        self.market.execute(state, context, tx)
    }

    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        self.market.begin_block(state, context)
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        self.market.end_block(state, context)
    }

    fn waits_for_blocks(&self, state: &dyn StateRead) -> bool {
        self.market.waits_for_blocks(state)
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.market.attachments(tx)
    }
}
