//! An application run block by block in memory, without consensus: what tests of applications stand on.
//!
//! Calls come in the ledger's order, and what a refused transaction wrote is dropped as the ledger drops it. Unlike a
//! proposer, [`Rehearsal::block`] takes transactions that [`Rehearsal::check`] refuses, so that execution is tested on
//! its own as well.

use crate::{
    application::{AppError, Application, Beacon, BlockContext, Receipt, Refusal},
    state::{MemoryState, Overlay, StateWrite},
    types::{ChainId, Height, View},
};

/// An application, its state, and how many blocks it has seen.
#[derive(Debug)]
pub struct Rehearsal<A> {
    /// The application.
    pub app: A,
    /// Its state.
    pub state: MemoryState,
    /// Height of the last block.
    pub height: u64,
    chain_id: ChainId,
}

impl<A: Application> Rehearsal<A> {
    /// Writes the genesis.
    ///
    /// # Errors
    /// When the application refuses its configuration.
    pub fn new(app: A, chain_id: ChainId, config: &[u8]) -> Result<Self, AppError> {
        let mut state = MemoryState::new();
        app.genesis(&mut state, config)?;
        Ok(Self { app, state, height: 0, chain_id })
    }

    /// The chain.
    pub fn chain_id(&self) -> ChainId {
        self.chain_id
    }

    /// The context of a block. Each block but the first brings randomness that decides what the one before settled.
    pub fn context(&self, height: u64) -> BlockContext {
        let beacon = (height > 1).then(|| Beacon {
            value: *blake3::hash(&height.to_le_bytes()).as_bytes(),
            after: Height::new(height - 1),
        });
        BlockContext {
            chain_id: self.chain_id,
            height: Height::new(height),
            view: View::new(height),
            time_ms: height * 1000,
            beacon,
        }
    }

    /// Checks a transaction as a member does that is asked to vote for it in the next block.
    ///
    /// # Errors
    /// The application's refusal.
    pub fn check(&self, tx: &[u8]) -> Result<(), Refusal> {
        self.app.check(&self.state, &self.context(self.height + 1), tx)
    }

    /// What executing a transaction first in the next block would give; nothing is kept.
    pub fn execute(&self, tx: &[u8]) -> Receipt {
        self.app.execute(&mut Overlay::new(&self.state), &self.context(self.height + 1), tx)
    }

    /// Makes a block, and gives the receipts of its transactions.
    pub fn block(&mut self, txs: &[&[u8]]) -> Vec<Receipt> {
        self.height += 1;
        let context = self.context(self.height);
        self.app.begin_block(&mut self.state, &context);
        let receipts = txs.iter().map(|tx| self.apply(&context, tx)).collect();
        self.app.end_block(&mut self.state, &context);
        receipts
    }

    fn apply(&mut self, context: &BlockContext, tx: &[u8]) -> Receipt {
        let mut overlay = Overlay::new(&self.state);
        let receipt = self.app.execute(&mut overlay, context, tx);
        let writes = overlay.into_writes();
        if receipt.accepted {
            for (key, value) in writes {
                match value {
                    Some(value) => self.state.put(&key, value),
                    None => self.state.delete(&key),
                }
            }
        }
        receipt
    }

    /// Makes so many empty blocks.
    pub fn pass(&mut self, blocks: u64) {
        (0..blocks).for_each(|_| drop(self.block(&[])));
    }

    /// Makes empty blocks up to a height.
    pub fn pass_to(&mut self, height: u64) {
        self.pass(height.saturating_sub(self.height));
    }
}
