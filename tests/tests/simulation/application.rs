//! What runs on the simulated ledger: an application that counts.

use std::sync::Arc;

use galen_ledger::{AppError, Application, BlockContext, Receipt, Refusal, StateRead, StateWrite};

/// Transactions of any bytes but those of [`JUNK`]; the state is their number, and the newest beacon.
pub struct Counter;

/// A transaction that no member accepts.
pub const JUNK: &[u8] = b"junk";

impl Counter {
    /// Shared by the members of a run: it keeps nothing.
    pub fn new() -> Arc<Self> {
        Arc::new(Self)
    }
}

impl Application for Counter {
    fn genesis(&self, state: &mut dyn StateWrite, _config: &[u8]) -> Result<(), AppError> {
        state.put(b"count", vec![0; 8]);
        Ok(())
    }

    fn check(&self, _state: &dyn StateRead, _context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        if tx == JUNK { Err(Refusal::new("junk", "not a transaction")) } else { Ok(()) }
    }

    /// One after the other: runs are what is done in parallel.
    fn check_batch(
        &self,
        state: &dyn StateRead,
        context: &BlockContext,
        txs: &[&[u8]],
    ) -> Vec<Result<(), Refusal>> {
        txs.iter().map(|tx| self.check(state, context, tx)).collect()
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        let count = state.get(b"count").and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
        state.put(b"count", (count + 1).to_le_bytes().to_vec());
        state.put(b"newest", [tx, &context.height.get().to_le_bytes()].concat());
        Receipt::accepted(Vec::new())
    }
}
