//! A member of the consortium, running: its handle for clients.
//!
//! Three threads do the work, and no lock is held while waiting: one owns the core and the log, one executes, one gets and
//! gives blobs.

mod awaiting;
mod clock;
mod driver;
pub(crate) mod event;
mod lanes;
mod mempool;
mod meters;
pub mod open;
mod pull;
mod snapshots;
pub mod transport;
pub mod upkeep;
mod worker;

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use tokio::sync::{broadcast, oneshot, watch};

pub use self::{
    mempool::MempoolLimits,
    meters::Meter,
    open::{NodeSettings, StartError, Verify},
    transport::{Frame, Held, Inbox, MemoryLinks, Transport},
};
use crate::{
    application::{Receipt, Refusal},
    chain::{ApprovalFault, Block, Committee, Genesis, SignedChange},
    execution::{
        Executor, FinalBlock, Position, StateProof, StoreError,
        upkeep::{MemberRecord, OutputRecord},
    },
    light::LightProof,
    state::StateRead,
    storage::{FinalRecord, HomeLock, JournalError},
    types::{BlobHash, Cycle, Height, MAX_TX_BYTES, MemberIndex, TxHash, View},
};
use event::Event;
use meters::Meters;

/// A final transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its name.
    pub tx: TxHash,
    /// Height of its block.
    pub height: Height,
    /// Its place there.
    pub index: u32,
    /// What became of it. Final also when it was not accepted.
    pub receipt: Receipt,
}

impl Submitted {
    pub(crate) fn find(executor: &Executor, tx: &TxHash) -> Result<Option<Self>, StoreError> {
        let Some((height, index)) = executor.locate(tx)? else { return Ok(None) };
        let result = executor.result(height)?;
        let receipt = result.and_then(|result| result.receipts.into_iter().nth(index as usize));
        Ok(receipt.map(|receipt| Self { tx: *tx, height, index, receipt }))
    }

    /// What to answer to one who submits a transaction; nothing if it is in no block.
    fn answer(executor: &Executor, tx: &TxHash) -> Result<Option<Self>, SubmitError> {
        // In this order: with the place comes the receipt.
        let place = executor.locate(tx)?;
        match (Self::find(executor, tx)?, place) {
            (None, Some((height, _))) => Err(SubmitError::BeforeBase { height }),
            (found, _) => Ok(found),
        }
    }
}

/// A transaction did not get into the chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// Too long.
    #[error("transaction of {size} bytes exceeds the limit of {MAX_TX_BYTES}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// The application refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is in a block that this node does not have.
    #[error(
        "the transaction is in block {height}, which is not here: this node went on with a later snapshot; ask a node that \
         has the whole chain what became of it"
    )]
    BeforeBase {
        /// The block.
        height: Height,
    },
    /// Too many wait: try again in a moment.
    #[error("too many transactions are waiting")]
    Full,
    /// The node has stopped.
    #[error("the node has stopped: {0}")]
    Stopped(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a node is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeStatus {
    /// It takes part.
    Running {
        /// Its newest final block.
        height: Height,
        /// Its view, as of that block.
        view: View,
    },
    /// It has stopped, for a reason.
    Stopped(String),
}

/// A running member. Clones are handles of the same; it stops when told to, or when the last is dropped.
#[derive(Clone)]
pub struct Node(Arc<Running>);

struct Running {
    genesis: Arc<Genesis>,
    me: MemberIndex,
    executor: Arc<Executor>,
    inbox: Inbox,
    blocks: broadcast::Sender<Arc<FinalBlock>>,
    status: watch::Receiver<NodeStatus>,
    meters: Arc<Meters>,
    threads: Mutex<Option<([JoinHandle<()>; 3], HomeLock)>>,
}

impl Node {
    #[expect(clippy::too_many_arguments, reason = "called once, from where it starts")]
    fn new(
        genesis: Arc<Genesis>,
        me: MemberIndex,
        executor: Arc<Executor>,
        inbox: Inbox,
        blocks: broadcast::Sender<Arc<FinalBlock>>,
        status: watch::Receiver<NodeStatus>,
        meters: Arc<Meters>,
        threads: [JoinHandle<()>; 3],
        lock: HomeLock,
    ) -> Self {
        let threads = Mutex::new(Some((threads, lock)));
        Self(Arc::new(Running { genesis, me, executor, inbox, blocks, status, meters, threads }))
    }

    /// The chain.
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.0.genesis
    }

    /// Which member this is.
    pub fn member(&self) -> MemberIndex {
        self.0.me
    }

    /// Where frames from the other members go in.
    pub fn inbox(&self) -> Inbox {
        self.0.inbox.clone()
    }

    /// The newest final block.
    pub fn position(&self) -> Position {
        self.0.executor.tip()
    }

    /// Height of the newest final block.
    pub fn height(&self) -> Height {
        self.position().height
    }

    /// The committee that decides on the next block.
    pub fn committee(&self) -> Arc<Committee> {
        self.0.executor.committee()
    }

    /// The committee of a cycle that has begun.
    ///
    /// # Errors
    /// When the store fails.
    pub fn committee_of(&self, cycle: Cycle) -> Result<Option<Committee>, StoreError> {
        self.0.executor.committee_of(cycle)
    }

    /// What the ledger knows of a member: keys, credit, what is to change.
    ///
    /// # Errors
    /// When the store fails.
    pub fn standing(&self, member: MemberIndex) -> Result<Option<MemberRecord>, StoreError> {
        self.0.executor.member(member)
    }

    /// The newest output of the beacon.
    ///
    /// # Errors
    /// When the store fails.
    pub fn beacon(&self) -> Result<Option<OutputRecord>, StoreError> {
        self.0.executor.output()
    }

    /// The number that the next member to be admitted gets.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_member(&self) -> Result<usize, StoreError> {
        self.0.executor.members_ever()
    }

    /// Hands in an approved change of the membership. It waits for a block, and takes effect with the next cycle; whether
    /// it is in order besides shows when it is in a block, or in none.
    ///
    /// # Errors
    /// When a quorum of the present committee does not approve, or the node has stopped.
    pub async fn change(&self, change: SignedChange) -> Result<(), ChangeError> {
        change.verify(&self.committee())?;
        self.send(Event::Change(change)).await.map_err(ChangeError::Stopped)
    }

    /// How it is doing, in figures.
    pub fn meter(&self) -> Meter {
        self.0.meters.read()
    }

    /// What it is doing; changes can be waited for.
    pub fn status(&self) -> watch::Receiver<NodeStatus> {
        self.0.status.clone()
    }

    /// Checks a transaction, has it ordered, and waits until it is final. Submitting again what is in the chain gives
    /// the receipt that it has, so a client that does not know what became of a submission just repeats it.
    ///
    /// # Errors
    /// When it is refused, too many wait, or the node stops.
    pub async fn submit(&self, tx: impl Into<Arc<[u8]>>) -> Result<Submitted, SubmitError> {
        let tx = tx.into();
        if tx.len() > MAX_TX_BYTES {
            return Err(SubmitError::TooLarge { size: tx.len() });
        }
        let (executor, body) = (Arc::clone(&self.0.executor), Arc::clone(&tx));
        let admitted = tokio::task::spawn_blocking(move || admit(&executor, &body)).await;
        match admitted.map_err(|error| SubmitError::Stopped(error.to_string()))?? {
            Admitted::Known(submitted) => return Ok(submitted),
            Admitted::Good => {}
            Admitted::Refused(refusal, evidence) => {
                if let Some(evidence) = evidence {
                    // Nobody waits for what becomes of it.
                    let (reply, _) = oneshot::channel();
                    self.send(Event::Submit { tx: evidence.into(), reply })
                        .await
                        .map_err(SubmitError::Stopped)?;
                }
                return Err(SubmitError::Refused(refusal));
            }
        }
        let (reply, answer) = oneshot::channel();
        self.send(Event::Submit { tx, reply }).await.map_err(SubmitError::Stopped)?;
        answer.await.map_err(|_| SubmitError::Stopped(self.stop_reason()))?
    }

    /// Checks a transaction as the next block would, without submitting it.
    ///
    /// # Errors
    /// When it is refused.
    pub fn check(&self, tx: &[u8]) -> Result<(), SubmitError> {
        Ok(self.0.executor.check(tx, clock::now_ms())??)
    }

    /// What became of a transaction, if it is in the chain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, StoreError> {
        Submitted::find(&self.0.executor, tx)
    }

    /// Reads the application's final state. No block becomes final meanwhile: keep it short.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        self.0.executor.read(read)
    }

    /// What is at a key of the application's final state, with the proof.
    ///
    /// # Errors
    /// When the store fails.
    pub fn query(&self, key: &[u8]) -> Result<StateProof, StoreError> {
        self.0.executor.prove(key)
    }

    /// What is at some keys of the application's final state, for whoever has nothing but the genesis; none before the
    /// first block. No block becomes final meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, StoreError> {
        self.0.executor.light_proof(keys)
    }

    /// Follows the chain from now on: each final block, with its receipts and events. A follower that is too far
    /// behind is told so, and can read what it missed with [`Self::block`] and [`Self::receipt`].
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<FinalBlock>> {
        self.0.blocks.subscribe()
    }

    /// A final block, and what the log says of it.
    ///
    /// # Errors
    /// When the log cannot be read, or the node has stopped.
    pub async fn block(&self, height: Height) -> Result<Option<(Block, FinalRecord)>, ReadError> {
        let (reply, answer) = oneshot::channel();
        self.send(Event::Block { height, reply }).await.map_err(ReadError::Stopped)?;
        let answer = answer.await.map_err(|_| ReadError::Stopped(self.stop_reason()))?;
        Ok(answer?)
    }

    /// Receipts and events of a final block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn result(&self, height: Height) -> Result<Option<crate::chain::BlockResult>, StoreError> {
        self.0.executor.result(height)
    }

    /// Blobs that a transaction refers to.
    pub fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        self.0.executor.attachments(tx)
    }

    /// Wants blocks up to a height, even empty ones; a quorum of members must want them.
    pub async fn demand(&self, height: Height) {
        // A node that has stopped makes no blocks; whoever waits for the height sees it there.
        let _ = self.send(Event::Demand(height)).await;
    }

    /// Waits until a height is final here.
    ///
    /// # Errors
    /// The reason, if the node stops before.
    pub async fn reached(&self, height: Height) -> Result<(), String> {
        let mut status = self.status();
        loop {
            let current = status.borrow_and_update().clone();
            match current {
                NodeStatus::Running { height: now, .. } if now >= height => return Ok(()),
                NodeStatus::Running { .. } => {}
                NodeStatus::Stopped(reason) => return Err(reason),
            }
            if status.changed().await.is_err() {
                return Err(self.stop_reason());
            }
        }
    }

    /// Stops in order: what was begun is written, threads have ended, the folder is free.
    pub async fn stop(&self) {
        let running = Arc::clone(&self.0);
        // If this task is dropped, the threads end on their own all the same.
        let _ = tokio::task::spawn_blocking(move || running.stop()).await;
    }

    async fn send(&self, event: Event) -> Result<(), String> {
        let inbox = self.inbox();
        // The channel is long, and full only while the node is busier than it can bear: clients then wait here.
        let event = match inbox.0.try_send(event) {
            Ok(()) => return Ok(()),
            Err(std::sync::mpsc::TrySendError::Full(event)) => event,
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return Err(self.stop_reason()),
        };
        let sent = tokio::task::spawn_blocking(move || inbox.0.send(event).is_ok()).await;
        if sent.unwrap_or(false) { Ok(()) } else { Err(self.stop_reason()) }
    }

    fn stop_reason(&self) -> String {
        match &*self.0.status.borrow() {
            NodeStatus::Stopped(reason) => reason.clone(),
            NodeStatus::Running { .. } => "it ended without a reason".into(),
        }
    }
}

/// What a node makes of a transaction that is submitted to it.
enum Admitted {
    /// It is in the chain already.
    Known(Submitted),
    /// It may go into a block.
    Good,
    /// It may not; and what that shows against whoever made it.
    Refused(Refusal, Option<Vec<u8>>),
}

fn admit(executor: &Executor, tx: &[u8]) -> Result<Admitted, SubmitError> {
    if let Some(submitted) = Submitted::answer(executor, &TxHash::of(tx))? {
        return Ok(Admitted::Known(submitted));
    }
    let now_ms = clock::now_ms();
    match executor.check(tx, now_ms)? {
        Ok(()) => Ok(Admitted::Good),
        Err(refusal) => Ok(Admitted::Refused(refusal, executor.evidence(tx, now_ms)?)),
    }
}

impl Running {
    fn stop(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((threads, lock)) = threads else { return };
        let _ = self.inbox.0.send(Event::Stop);
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!(member = %self.me, "a thread of the node panicked");
            }
        }
        drop(lock);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A change of the membership was not handed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// It is not approved.
    #[error(transparent)]
    Approval(#[from] ApprovalFault),
    /// The node has stopped.
    #[error("the node has stopped: {0}")]
    Stopped(String),
}

/// The chain cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The node has stopped.
    #[error("the node has stopped: {0}")]
    Stopped(String),
    /// The log cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}
