//! Starting a node on its folder.
//!
//! ```text
//! home/lock          one process a folder
//! home/log/          the log (segments), the sign state and the numbers of mini-blocks used: the truth
//! home/state/        sled: the state, rebuilt from the log when it does not agree with it
//! home/snapshots/ the newest two snapshots of the state
//! home/blobs_complete  how far all blobs that final blocks name are here
//! ```

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, watch};

use super::{
    Node, NodeStatus, Transport,
    awaiting::Awaiting,
    driver::{
        Driver,
        join::Joining,
        needs::{HELD_MINIS, HELD_PROPOSALS, HELD_TRANSACTIONS},
    },
    event::Job,
    lanes::Lanes,
    mempool::{Mempool, MempoolLimits},
    meters::Meters,
    pull,
    snapshots::Snapshots,
    transport::Inbox,
    upkeep::UpkeepPool,
    worker::{self, Worker},
};
use crate::{
    application::Application,
    blobs::Blobs,
    chain::{Committee, Evidence, Genesis, GenesisFault},
    consensus::{Committed, Recovered, Relay, Setup, SignState, Timing, VoteRelay},
    crypto::{PublicKey, SecretKey},
    execution::{Executor, Position, SledStore, Store, StoreError, executor::SetupError, run::RunError},
    lanes::{LaneLimits, LanePool, MiniBlock, Numbers, Taken},
    snapshot::{Shelf, SnapshotFault},
    storage::{FileStorage, HomeLock, Journal, JournalError, LockError, NumberFile, SignFile},
    types::{Cycle, Height, MemberIndex},
};

/// Events that may wait for a node; frames beyond are dropped, clients wait.
const EVENTS: usize = 8192;
/// Final blocks that a slow follower may be behind before it misses some.
const FOLLOWED_BLOCKS: usize = 1024;

/// How a node runs.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// Its folder.
    pub home: PathBuf,
    /// The chain.
    pub genesis: Arc<Genesis>,
    /// Which member it is.
    pub me: MemberIndex,
    /// Its voting keys: in each cycle it uses the one that the committee knows it by. One, but while it changes.
    pub keys: Vec<SecretKey>,
    /// Whether it may follow without a vote although there is a seat for it, but with another key.
    pub observe: bool,
    /// Timers.
    pub timing: Timing,
    /// How votes travel.
    pub votes: VoteRelay,
    /// How long after a block an empty one is made, while the application waits for blocks.
    pub idle_interval: Duration,
    /// How long after a block an empty one is made although nothing waits, so that rounds and cycles pass; none if never.
    pub heartbeat: Option<Duration>,
    /// How far in the future a block's time may be.
    pub drift: Duration,
    /// How many transactions may wait.
    pub mempool: MempoolLimits,
    /// What it checks in full before it votes for a block.
    pub verify: Verify,
    /// After how many cycles a snapshot of the state is written; 0 for never. The newest two are kept.
    pub snapshot_cycles: u64,
    /// A node that is so many blocks behind the others takes a snapshot of theirs instead of the blocks; 0 for never: it
    /// fetches every block, and loses none that it has.
    pub snapshot_lag: u64,
}

/// What a member checks in full before it votes for a block. Blocks are executed in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Every transaction.
    #[default]
    Every,
    /// Every transaction that is not in a mini-block with receipts of f + 1 members: of those, one at least is honest, and
    /// has checked it. See [`Application::check_vouched`].
    Receipts {
        /// How many receipts it takes, where f + 1 is to be written down. Nothing else is accepted.
        least: Option<usize>,
    },
}

/// How many blocks behind a node usually takes a snapshot: to fetch and execute so many takes a minute or so.
pub const SNAPSHOT_LAG: u64 = 10_000;

/// A node cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The genesis is wrong.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisFault),
    /// The key is not that of the member.
    #[error(
        "the key is not that of member {member} in cycle {cycle}: if its key was changed since, give the node both, or \
         let it observe until it has caught up"
    )]
    Key {
        /// The member.
        member: MemberIndex,
        /// The cycle that the log is in.
        cycle: Cycle,
    },
    /// So many receipts cannot stand for a check.
    #[error(
        "{receipts} receipts cannot stand for a check of one's own: with fewer than f + 1 = {least} all that gave them may \
         be bad, and blocks show no more than these: set {least}, or leave the number out"
    )]
    Receipts {
        /// As set.
        receipts: usize,
        /// f + 1.
        least: usize,
    },
    /// The folder is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The log cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The state cannot be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A block of the log cannot be executed again.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Executing the log gave something else than when it was written.
    #[error(
        "block {height} of the log does not execute as it did: {reason}; another version of the application?"
    )]
    Diverged {
        /// Where.
        height: Height,
        /// How.
        reason: String,
    },
    /// A snapshot in the node's folder is bad, or cannot be read.
    #[error(
        "snapshot of height {height}: {fault}; remove its folder from {}, or give a good one of it, or of a later height, \
         to `galen node restore`", folder.display()
    )]
    Snapshot {
        /// Its height.
        height: Height,
        /// Where it is.
        folder: PathBuf,
        /// What is wrong.
        fault: Box<SnapshotFault>,
    },
    /// The log begins with a snapshot that is not there.
    #[error(
        "the log begins at height {base} with a snapshot, and the state must be built from it again, but no snapshot of \
         that height or a later one in the log is here: take one from another node with `galen node snapshot` and give \
         it to `galen node restore`"
    )]
    NoSnapshot {
        /// Where the log begins.
        base: Height,
    },
    /// The folder of snapshots cannot be used.
    #[error("snapshots: {0}")]
    Shelf(#[from] Box<SnapshotFault>),
    /// Files or threads.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::Io { what, source }
}

impl NodeSettings {
    /// Usual settings.
    pub fn new(home: impl AsRef<Path>, genesis: Arc<Genesis>, me: MemberIndex, key: SecretKey) -> Self {
        Self {
            home: home.as_ref().to_owned(),
            genesis,
            me,
            keys: vec![key],
            observe: false,
            timing: Timing::default(),
            votes: VoteRelay::default(),
            idle_interval: Duration::from_millis(200),
            heartbeat: None,
            drift: Duration::from_secs(10),
            mempool: MempoolLimits::default(),
            snapshot_cycles: 1,
            snapshot_lag: SNAPSHOT_LAG,
            verify: Verify::default(),
        }
    }

    fn validate(&self) -> Result<(), StartError> {
        Ok(self.genesis.validate()?)
    }

    /// Whether receipts stand for a check.
    fn is_trusting(&self, committee: &Committee) -> Result<bool, StartError> {
        let Verify::Receipts { least: set } = self.verify else { return Ok(false) };
        let least = committee.faults() + 1;
        match set.filter(|receipts| *receipts != least) {
            Some(receipts) => Err(StartError::Receipts { receipts, least }),
            None => Ok(true),
        }
    }

    /// A seat must be one's own. Without a seat a node follows.
    fn validate_seat(&self, committee: &Committee) -> Result<(), StartError> {
        let fits = |seated: &PublicKey| self.keys.iter().any(|key| key.public() == *seated);
        if self.observe || committee.key(self.me).is_none_or(fits) {
            return Ok(());
        }
        Err(StartError::Key { member: self.me, cycle: committee.cycle() })
    }
}

/// What is on disk, agreed with itself.
struct Opened {
    lock: HomeLock,
    journal: Journal,
    sign_file: SignFile,
    signed: SignState,
    numbers: (NumberFile, Numbers),
    executor: Arc<Executor>,
    recovered: Recovered,
    shelf: Shelf,
}

impl Node {
    /// Starts a member on its folder: for the first time, or from where it was, however it ended. `blobs` is its own store,
    /// which the application reads; what transactions name and the store lacks is pulled from the other members.
    ///
    /// # Errors
    /// When the folder is in use, its contents damaged, or the genesis wrong.
    pub fn start(
        settings: NodeSettings,
        app: Arc<dyn Application>,
        blobs: Arc<dyn Blobs>,
        transport: Box<dyn Transport>,
    ) -> Result<Self, StartError> {
        settings.validate()?;
        let opened = open(&settings, app)?;
        launch(settings, opened, blobs, transport.into())
    }
}

fn open(settings: &NodeSettings, app: Arc<dyn Application>) -> Result<Opened, StartError> {
    let lock = HomeLock::acquire(&settings.home)?;
    let folder = settings.home.join("log");
    let storage = || FileStorage::open(&folder).map_err(io("log folder"));
    let (sign_file, signed) = SignFile::open(Box::new(storage()?)).map_err(io("sign state"))?;
    let numbers = NumberFile::open(Box::new(storage()?)).map_err(io("numbers of mini-blocks"))?;
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&settings.home.join("state"))?);
    let executor = Executor::open(app, Arc::clone(&settings.genesis), store)?;
    let genesis_outcome = executor.genesis_outcome()?;
    let journal = || -> Result<_, StartError> {
        Ok(Journal::open(Box::new(storage()?), &settings.genesis, genesis_outcome, signed)?)
    };
    let shelf = Shelf::open(&settings.home).map_err(Box::new)?;
    let (mut opened, mut recovered) = journal()?;
    if adopt(&mut opened, &shelf, &settings.genesis)? {
        drop(opened);
        (opened, recovered) = journal()?;
    }
    let journal = opened;
    reconcile(&executor, &journal, &shelf)?;
    settings.validate_seat(&executor.committee())?;
    executor.trust_receipts(settings.is_trusting(&executor.committee())?);
    Ok(Opened { lock, journal, sign_file, signed, numbers, executor: Arc::new(executor), recovered, shelf })
}

fn bad(shelf: &Shelf, height: Height) -> impl FnOnce(SnapshotFault) -> StartError {
    let folder = shelf.folder().to_owned();
    move |fault| StartError::Snapshot { height, folder, fault: Box::new(fault) }
}

/// Goes on with the snapshot that it is to go on with, because somebody gave it or it was fetched, unless the log has come
/// further. All of it is verified before the log says so.
fn adopt(journal: &mut Journal, shelf: &Shelf, genesis: &Genesis) -> Result<bool, StartError> {
    let Some(height) = shelf.marked().map_err(Box::new)? else { return Ok(false) };
    let there = shelf.heights().map_err(Box::new)?.contains(&height);
    let ahead = height > journal.height();
    if ahead && there {
        let verified = || -> Result<_, SnapshotFault> {
            let snapshot = shelf.load(height)?;
            snapshot.verify(genesis)?;
            Ok(snapshot.manifest.anchor()?.clone())
        };
        let anchor = verified().map_err(bad(shelf, height))?;
        tracing::info!(%height, from = %journal.height(), "going on with a snapshot");
        journal.rebase(anchor)?;
    } else if ahead {
        tracing::warn!(%height, "the snapshot to go on with was removed: going on with the log");
    }
    shelf.unmark().map_err(Box::new)?;
    Ok(ahead && there)
}

/// Brings the state to where the log is.
fn reconcile(executor: &Executor, journal: &Journal, shelf: &Shelf) -> Result<(), StartError> {
    if !agrees(&executor.tip(), journal)? {
        tracing::info!("state store disagrees with the log: rebuilding it");
        rebuild(executor, journal, shelf)?;
    }
    let mut height = executor.tip().height;
    while height < journal.height() {
        height = height.next();
        replay(executor, journal, height)?;
    }
    Ok(executor.flush()?)
}

fn agrees(position: &Position, journal: &Journal) -> Result<bool, StartError> {
    if position.height == Height::new(0) {
        return Ok(journal.base().is_none());
    }
    Ok(journal.outcome(position.height)? == Some((position.block, position.outcome)))
}

/// Begins the state anew: from the newest snapshot of a block in the log, or from the genesis.
fn rebuild(executor: &Executor, journal: &Journal, shelf: &Shelf) -> Result<(), StartError> {
    for height in shelf.heights().map_err(Box::new)?.into_iter().rev() {
        let install = || -> Result<bool, SnapshotFault> {
            let snapshot = shelf.load(height)?;
            let position = snapshot.manifest.position()?;
            let known =
                journal.outcome(position.height).ok().flatten() == Some((position.block, position.outcome));
            if known {
                executor.install(&snapshot)?;
            }
            Ok(known)
        };
        match install() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(fault) => tracing::warn!(%height, %fault, "a snapshot cannot be used"),
        }
    }
    match journal.base() {
        Some(base) => Err(StartError::NoSnapshot { base: base.header.height }),
        None => Ok(executor.reset()?),
    }
}

fn replay(executor: &Executor, journal: &Journal, height: Height) -> Result<(), StartError> {
    let diverged = |reason: String| StartError::Diverged { height, reason };
    let found = journal.block(height)?;
    let (block, record) = found.ok_or_else(|| diverged("it is not in the log".into()))?;
    let block = Arc::new(block);
    let executed = executor.execute(&block, None)?.map_err(|rejection| diverged(rejection.to_string()))?;
    let outcome = executed.outcome;
    if outcome != record.outcome {
        return Err(diverged("state or receipts differ".into()));
    }
    executor.commit(vec![Committed { block, outcome, certificate: record.certificate }])?;
    Ok(())
}

fn launch(
    settings: NodeSettings,
    opened: Opened,
    blobs: Arc<dyn Blobs>,
    transport: Arc<dyn Transport>,
) -> Result<Node, StartError> {
    let Opened { lock, mut journal, sign_file, signed, numbers, executor, recovered, shelf } = opened;
    let (events, inbox) = mpsc::sync_channel(EVENTS);
    let (jobs, work) = mpsc::channel();
    let drift_ms = u64::try_from(settings.drift.as_millis()).unwrap_or(u64::MAX);
    let name = |role: &str| format!("member {} {role}", settings.me);
    let snapshots = Snapshots::new(shelf.clone(), settings.snapshot_cycles);
    let executing = Worker::new(Arc::clone(&executor), settings.me, drift_ms, snapshots);
    let worker = worker::start(name("executes"), executing, work, events.clone()).map_err(io("thread"))?;
    let (blocks, _) = broadcast::channel(FOLLOWED_BLOCKS);
    let (status, watched) =
        watch::channel(NodeStatus::Running { height: executor.tip().height, view: recovered.tip.view });
    let genesis = Arc::clone(&settings.genesis);
    let waits = executor.waits_for_blocks()?;
    let committee = executor.committee();
    let pulling = pull::Setup {
        name: name("pulls"),
        home: &settings.home,
        me: settings.me,
        members: committee.members().collect(),
        blobs: Arc::clone(&blobs),
        shelf: shelf.clone(),
        executor: Arc::clone(&executor),
        transport: Arc::clone(&transport),
        events: events.clone(),
    };
    let (orders, puller) = pull::start(pulling).map_err(io("thread"))?;
    let mut upkeep =
        UpkeepPool::new(genesis.schedule(), settings.me, Arc::clone(&committee), executor.tip().height);
    let meters = Arc::new(Meters::default());
    let setup = Setup {
        genesis: Arc::clone(&genesis),
        committee: Arc::clone(&committee),
        me: settings.me,
        keys: settings.keys.clone(),
        timing: settings.timing,
    };
    // What is owed to the beacon is known from the newest final block: as if that had just become final.
    jobs.send(Job::Commit(Vec::new())).map_err(|_| io("thread")(std::io::ErrorKind::BrokenPipe.into()))?;
    let (core, first) = Relay::start(setup, recovered, settings.votes);
    let limits = LaneLimits::of(&genesis.parameters);
    let mut pool = LanePool::new((settings.mempool.txs, settings.mempool.bytes), Arc::clone(&committee));
    for evidence in refill(&mut pool, limits, &committee, &executor, journal.take_minis())? {
        upkeep.keep_evidence(evidence);
    }
    let trusting = matches!(settings.verify, Verify::Receipts { .. });
    let lanes = Lanes::new(pool, limits, settings.timing.delta, trusting, numbers);
    let driver = Driver {
        mempool: Mempool::new(settings.mempool, committee.size()),
        lanes,
        upkeep,
        committee,
        keys: settings.keys,
        genesis: Arc::clone(&genesis),
        me: settings.me,
        core,
        journal,
        sign_file,
        signed,
        transport,
        executor: Arc::clone(&executor),
        jobs,
        blobs,
        orders,
        held_txs: Awaiting::new(HELD_TRANSACTIONS),
        held_minis: Awaiting::new(HELD_MINIS),
        held_proposals: Awaiting::new(HELD_PROPOSALS),
        waiters: Default::default(),
        timers: Default::default(),
        blocks: blocks.clone(),
        status,
        demand: Height::new(0),
        idle_interval: settings.idle_interval,
        heartbeat: settings.heartbeat,
        idle_due: first_idle(waits, settings.heartbeat),
        waits,
        timing: settings.timing,
        joining: Joining::new(settings.snapshot_lag, shelf),
        meters: Arc::clone(&meters),
    };
    let thread = std::thread::Builder::new().name(name("votes"));
    let driver = thread.spawn(move || driver.run(&inbox, first)).map_err(io("thread"))?;
    let threads = [driver, worker, puller];
    Ok(Node::new(genesis, settings.me, executor, Inbox(events), blocks, watched, meters, threads, lock))
}

/// At once if the application waits for blocks.
fn first_idle(waits: bool, heartbeat: Option<Duration>) -> Option<Instant> {
    let after = if waits { Some(Duration::ZERO) } else { heartbeat };
    after.map(|after| Instant::now() + after)
}

/// Puts back what was in the log: what this member has receipted, or made itself, is there after a restart. Gives what shows
/// that an author broke a rule.
fn refill(
    pool: &mut LanePool,
    limits: LaneLimits,
    committee: &Committee,
    executor: &Executor,
    minis: Vec<MiniBlock>,
) -> Result<Vec<Evidence>, StoreError> {
    let mut found = Vec::new();
    for mini in minis {
        // What does not verify is of a cycle that is over.
        let Ok(hashes) = mini.verify(limits, committee) else { continue };
        if let Taken::Broken(evidence) = pool.take(Arc::new(mini), &hashes, Duration::ZERO) {
            found.push(*evidence);
        }
        for hash in hashes {
            if executor.locate(&hash)?.is_some() {
                pool.close(&hash);
            }
        }
    }
    Ok(found)
}
