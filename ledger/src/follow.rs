//! Following a chain without taking part: every block is verified as it comes, executed, and kept.
//!
//! Blocks come in [`Stretch`]es: some blocks of which the last has a certificate of finality. They are taken in two steps.
//!
//! 1. [`Follower::vet`] checks the blocks, their links and the certificate's signatures, which is cheap. The certificate is
//!    for the last block, and that names those before it: what is [`Vetted`] was agreed on by a quorum, all of it. Whoever
//!    served it cannot have invented it, so it is worth being executed, and what it refers to is worth being fetched
//!    ([`Follower::missing`]).
//! 2. [`Follower::follow`] checks and executes every transaction again. The outcome of each block must be what the next
//!    header, or the certificate, says; only then is it part of the state.
//!
//! What fails changes nothing. Committees are followed from cycle to cycle: beacon, credit, membership and elections are
//! computed again from the blocks. Whoever follows from the genesis trusts nobody but a quorum of each cycle's committee.
//!
//! All is kept in one [`Store`]: the state, and under a key space of their own the blocks with their certificates. A
//! follower that is opened again goes on from where it was. A store whose content cannot be is emptied, and the chain is
//! followed from the genesis again.

mod fault;
mod kept;
mod run;
mod segment;
mod vet;

use std::sync::{Arc, Mutex, PoisonError};

pub use fault::{Blame, FollowFault};
pub(crate) use segment::{Gathering, put_frame, read_frame};
pub use segment::{
    MAX_SEGMENT_BLOCKS, MAX_SEGMENT_BYTES, SEGMENT_BYTES, Segment, SegmentDraft, SegmentFault, Stretch,
};
pub use vet::Vetted;

use crate::{
    application::{Application, Refusal},
    blobs::Blobs,
    chain::{Block, BlockResult, Certificate, Committee, Genesis},
    execution::{
        Executor, Position, StateProof, Store, StoreError,
        executor::SetupError,
        upkeep::{MemberRecord, OutputRecord},
    },
    light::LightProof,
    node::Submitted,
    state::StateRead,
    types::{BlobHash, Cycle, Height, MemberIndex, TxHash},
};

/// A chain that is followed.
pub struct Follower {
    executor: Executor,
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
    /// Whether blocks are kept.
    keeps: bool,
    /// Held by the one who follows.
    turn: Mutex<()>,
    /// Held by the one who reads for long.
    reading: Mutex<()>,
}

impl Follower {
    /// Follows a chain in a store, from where it was left. `blobs` is what `app` reads.
    ///
    /// # Errors
    /// When the store holds another chain, or fails; or the application refuses the genesis.
    pub fn open(
        app: Arc<dyn Application>,
        genesis: Arc<Genesis>,
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
    ) -> Result<Self, FollowFault> {
        kept::ensure_own(store.as_ref(), &genesis)?;
        let executor = match Executor::open(Arc::clone(&app), Arc::clone(&genesis), Arc::clone(&store)) {
            Err(SetupError::Store(error @ StoreError::Damaged(_))) => {
                tracing::warn!(%error, "what is kept of the chain is damaged: following it from its genesis again");
                store.clear()?;
                Executor::open(app, genesis, Arc::clone(&store))?
            }
            opened => opened?,
        };
        let follower =
            Self { executor, store, blobs, keeps: true, turn: Mutex::default(), reading: Mutex::default() };
        follower.ensure_sound()?;
        Ok(follower)
    }

    /// Follows a chain from its genesis for once: blocks are not kept.
    pub(crate) fn replay(
        app: Arc<dyn Application>,
        genesis: Arc<Genesis>,
        store: Arc<dyn Store>,
        blobs: Arc<dyn Blobs>,
    ) -> Result<Self, FollowFault> {
        let executor = Executor::open(app, genesis, Arc::clone(&store))?;
        Ok(Self { executor, store, blobs, keeps: false, turn: Mutex::default(), reading: Mutex::default() })
    }

    /// What the chain began with.
    pub fn genesis(&self) -> &Arc<Genesis> {
        self.executor.genesis()
    }

    /// The newest block's place.
    pub fn position(&self) -> Position {
        self.executor.tip()
    }

    /// The committee that decides on the next block, recomputed through all cycles.
    pub fn committee(&self) -> Arc<Committee> {
        self.executor.committee()
    }

    /// The committee of a cycle that has begun.
    ///
    /// # Errors
    /// When the store fails.
    pub fn committee_of(&self, cycle: Cycle) -> Result<Option<Committee>, StoreError> {
        self.executor.committee_of(cycle)
    }

    /// What the ledger knows of a member.
    ///
    /// # Errors
    /// When the store fails.
    pub fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, StoreError> {
        self.executor.member(member)
    }

    /// How many members there have ever been: they are numbered from 0.
    ///
    /// # Errors
    /// When the store fails.
    pub fn members_ever(&self) -> Result<usize, StoreError> {
        self.executor.members_ever()
    }

    /// The newest output of the beacon.
    ///
    /// # Errors
    /// When the store fails.
    pub fn beacon(&self) -> Result<Option<OutputRecord>, StoreError> {
        self.executor.output()
    }

    /// Reads the application's state after the newest block, which stays the same meanwhile: keep it short.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        self.executor.read(read)
    }

    /// The same for as long as it takes: the chain is followed on meanwhile. One at a time; others wait.
    ///
    /// # Errors
    /// When the store fails, or so much changed meanwhile that the reader's state could not be kept.
    pub fn read_long<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.executor.read_long(read)?;
        // A follower writes no snapshots, and who reads is alone.
        answer.ok_or_else(|| StoreError::Io("somebody else reads an earlier state".into()))
    }

    /// What is at a key of that state, with the proof.
    ///
    /// # Errors
    /// When the store fails.
    pub fn query(&self, key: &[u8]) -> Result<StateProof, StoreError> {
        self.executor.prove(key)
    }

    /// What is at some keys of that state, for whoever has nothing but the genesis; none of a chain without blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, StoreError> {
        self.executor.light_proof(keys)
    }

    /// A block that was followed, and its own certificate if it has one; none that is not there yet.
    ///
    /// # Errors
    /// When the store fails.
    pub fn block(&self, height: Height) -> Result<Option<(Block, Option<Certificate>)>, StoreError> {
        if height > self.position().height {
            return Ok(None);
        }
        kept::block(self.store.as_ref(), height)
    }

    /// Receipts and events of a block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn result(&self, height: Height) -> Result<Option<BlockResult>, StoreError> {
        self.executor.result(height)
    }

    /// What became of a transaction, if it is in the chain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, StoreError> {
        Submitted::find(&self.executor, tx)
    }

    /// Whether the next block could take a transaction, for all that is known here. `now_ms`: milliseconds since 1970.
    ///
    /// # Errors
    /// The refusal. The outer error when the store fails.
    pub fn check(&self, tx: &[u8], now_ms: u64) -> Result<Result<(), Refusal>, StoreError> {
        self.executor.check(tx, now_ms)
    }

    /// Blobs that a transaction refers to.
    pub fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.executor.attachments(tx)
    }

    /// The blobs.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.blobs
    }

    /// Forgets everything, and begins at the genesis again: for when the store turns out to be damaged.
    ///
    /// # Errors
    /// When the store fails again.
    pub fn begin_again(&self) -> Result<(), FollowFault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.executor.forget();
        Ok(self.executor.reset()?)
    }

    /// Writes out what is buffered, so that less must be followed again after a power cut.
    ///
    /// # Errors
    /// When the store fails.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.executor.flush()
    }
}
