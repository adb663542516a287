//! What runs on the ledger: a deterministic program over a byte key/value state that the ledger owns.
//!
//! Order of calls for a block at height `h`, at every member, on the state after `h − 1`:
//! `check_batch` (before the member votes for the block) → `begin_block` → `execute` for each transaction, in block
//! order → `end_block`. The same calls are made again, perhaps years later, by whoever verifies an exported chain.
//!
//! **Determinism.** Every result may depend on the arguments alone (and on blobs, which are named by their hash): no
//! clock, no randomness, no iteration over unordered maps. Blocks may be executed and thrown away, and executed
//! again: never keep state of a block outside of `state`.

pub mod context;
pub mod receipt;

use rayon::prelude::*;

pub use context::{Beacon, BlockContext};
pub use receipt::{Event, Receipt, Refusal};

use crate::{
    state::{StateRead, StateWrite},
    types::BlobHash,
};

/// An application could not be set up; the node does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("application: {0}")]
pub struct AppError(pub String);

/// The program that gives transactions their meaning.
pub trait Application: Send + Sync + 'static {
    /// Writes the state after genesis (height 0).
    ///
    /// # Errors
    /// When `config`, the application's part of the genesis, cannot be used.
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError>;

    /// Everything expensive about one transaction (signatures, proofs), and whatever of its validity can be seen in
    /// the state *before* the block. A block with a transaction refused here is invalid, and is not voted for.
    ///
    /// Called in parallel; several times for one transaction (when it is submitted, by the leader that includes it,
    /// by each member that votes), so a pure part that is expensive may be remembered by the content's hash.
    /// A refusal says that the transaction is worth no place in a block. Conflicts between transactions of one block
    /// (two spends of one coin) cannot be seen here: they are for [`Self::execute`] to settle, with a receipt.
    ///
    /// # Errors
    /// The refusal, for the submitter.
    fn check(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal>;

    /// Checks the transactions of a block; answers in their order. Override it to verify proofs in batch; it must
    /// accept exactly what [`Self::check`] accepts.
    fn check_batch(
        &self,
        state: &dyn StateRead,
        context: &BlockContext,
        txs: &[&[u8]],
    ) -> Vec<Result<(), Refusal>> {
        txs.par_iter().map(|tx| self.check(state, context, tx)).collect()
    }

    /// What [`Self::check`] checks, but for what is expensive and does not depend on the state: at least f + 1 members
    /// have signed that they have checked it. Members that are set to trust receipts ask this instead. It must refuse
    /// whatever `check` refuses of a transaction that an honest member has checked once, or auditors, who always check
    /// everything, refuse the chain.
    ///
    /// # Errors
    /// The refusal.
    fn check_vouched(&self, state: &dyn StateRead, context: &BlockContext, tx: &[u8]) -> Result<(), Refusal> {
        self.check(state, context, tx)
    }

    /// What a transaction that was refused when it was submitted shows against whoever made it: a transaction that says so,
    /// which the node then submits itself. Nothing, as a rule: whoever brings something bad need not have made it.
    fn evidence(&self, state: &dyn StateRead, context: &BlockContext, refused: &[u8]) -> Option<Vec<u8>> {
        let _ = (state, context, refused);
        None
    }

    /// What a transaction may conflict with others about: they go through one group of members, which sees them first.
    /// Without an answer every transaction goes its own way. It decides nothing but the way.
    fn conflict_key(&self, tx: &[u8]) -> Option<Vec<u8>> {
        let _ = tx;
        None
    }

    /// Applies one transaction. When the receipt is not `accepted`, the ledger drops what was written: a refused
    /// transaction leaves its receipt and nothing else. In a conflict the first in block order wins.
    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt;

    /// Before the first transaction of a block.
    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        let _ = (state, context);
        Vec::new()
    }

    /// After the last transaction of a block: deadlines, lapses.
    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        let _ = (state, context);
        Vec::new()
    }

    /// Whether something waits for blocks to pass (a window, a deadline, a beacon). While it does, the consortium
    /// makes an empty block whenever its idle interval passes without a transaction; otherwise an idle chain rests.
    fn waits_for_blocks(&self, state: &dyn StateRead) -> bool {
        let _ = state;
        false
    }

    /// The blobs an accepted transaction refers to. The chain's export carries them as attachments, and an auditor's
    /// application is given them before it checks the transaction.
    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        let _ = tx;
        Vec::new()
    }
}
