//! A whole consortium in one process: so many members, each with its folder and its threads, linked in memory or, as
//! between machines, over TLS.
//!
//! ```text
//! dir/genesis        the genesis, made on the first start
//! dir/blobs/         blobs, if the members of this process share them
//! dir/member-0/      a member: key, node_key (with links over TLS), lock, log/, state/, blobs/ (if of its own)
//! ```

mod found;
mod wiring;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::broadcast;

use self::wiring::Wiring;
use crate::{
    application::Application,
    blobs::{BlobError, Blobs, FileBlobs},
    chain::{Genesis, Parameters},
    consensus::Timing,
    crypto::SecretKey,
    execution::{FinalBlock, StateProof, StoreError},
    export::{self, ExportError},
    links::{self, KeyFileError, LinksStatus},
    node::{MempoolLimits, Node, NodeSettings, StartError, SubmitError, Submitted, Verify},
    storage::{HomeLock, LockError},
    types::{Height, MemberIndex},
};

/// How the members of a consortium in one process reach each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberLinks {
    /// By calls within the process.
    #[default]
    Memory,
    /// Over TLS on loopback, as between machines. Needs a tokio runtime.
    Tls,
}

/// Where the members of a consortium in one process keep blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlobStores {
    /// All in one folder.
    #[default]
    Shared,
    /// Each in its own folder, as between machines: what one is given the others pull.
    Separate,
}

/// Blocks of a round of the beacon in a consortium of one process, whose links take no time: nobody waits long for
/// randomness.
const DEMO_BEACON_INTERVAL: u64 = 6;

/// How a consortium is set up. What is in the genesis matters on the first start only; later it must be the same.
#[derive(Clone, Debug)]
pub struct ConsortiumSettings {
    /// Its folder.
    pub dir: PathBuf,
    /// The chain's name for people.
    pub name: String,
    /// Number of members.
    pub members: usize,
    /// Limits of blocks, lengths of cycles and rounds.
    pub parameters: Parameters,
    /// The application's part of the genesis.
    pub config: Vec<u8>,
    /// Timers.
    pub timing: Timing,
    /// How long after a block an empty one is made, while the application waits for blocks.
    pub idle_interval: Duration,
    /// How many transactions may wait.
    pub mempool: MempoolLimits,
    /// What the members check in full before they vote for a block.
    pub verify: Verify,
    /// How the members reach each other.
    pub links: MemberLinks,
    /// Where the members keep blobs.
    pub stores: BlobStores,
    /// After how many cycles each member writes a snapshot; 0 for never.
    pub snapshot_cycles: u64,
    /// A member that is so many blocks behind takes a snapshot of the others; none for the usual number.
    pub snapshot_lag: Option<u64>,
}

impl ConsortiumSettings {
    /// Four members, and usual settings.
    pub fn new(dir: impl AsRef<Path>, config: Vec<u8>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
            name: "galen".into(),
            members: 4,
            parameters: Parameters { beacon_interval: DEMO_BEACON_INTERVAL, ..Parameters::default() },
            config,
            timing: Timing::default(),
            idle_interval: Duration::from_millis(200),
            mempool: MempoolLimits::default(),
            verify: Verify::default(),
            links: MemberLinks::default(),
            stores: BlobStores::default(),
            snapshot_cycles: 1,
            snapshot_lag: None,
        }
    }
}

/// A consortium cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsortiumError {
    /// The folder is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The folder holds a chain that began otherwise.
    #[error("{} holds a chain whose {what} is another: use another folder, or the settings it was made with", dir.display())]
    OtherGenesis {
        /// The folder.
        dir: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A file of the folder is wrong.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The blobs cannot be opened.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// A member cannot start.
    #[error("member {member}: {source}")]
    Member {
        /// Which.
        member: MemberIndex,
        /// Why.
        source: StartError,
    },
    /// A node key cannot be used.
    #[error(transparent)]
    NodeKey(#[from] KeyFileError),
    /// The links of a member cannot start.
    #[error("links of member {member}: {source}")]
    Links {
        /// Which.
        member: MemberIndex,
        /// Why.
        source: links::StartError,
    },
}

type Factory = dyn Fn(MemberIndex, Arc<dyn Blobs>) -> Arc<dyn Application> + Send + Sync;

/// A consortium in one process.
pub struct Consortium {
    settings: ConsortiumSettings,
    genesis: Arc<Genesis>,
    keys: Mutex<Vec<SecretKey>>,
    wiring: Wiring,
    /// That of the first member, and of all if they share it.
    blobs: Arc<dyn Blobs>,
    /// Those of the others that have been started, if each has its own.
    separate: Mutex<BTreeMap<MemberIndex, Arc<dyn Blobs>>>,
    factory: Box<Factory>,
    nodes: Mutex<Vec<Option<Node>>>,
    /// Whose turn it is to take a submission.
    turn: AtomicUsize,
    _lock: HomeLock,
}

impl Consortium {
    /// Starts all members, for the first time or from where they were. `factory` makes each member's application.
    ///
    /// # Errors
    /// When the folder is in use or damaged, or holds another chain.
    pub fn start(
        settings: ConsortiumSettings,
        factory: impl Fn(MemberIndex, Arc<dyn Blobs>) -> Arc<dyn Application> + Send + Sync + 'static,
    ) -> Result<Self, ConsortiumError> {
        let lock = HomeLock::acquire(&settings.dir)?;
        let (genesis, keys) = found::found(&settings)?;
        let blobs = open_blobs(&settings, MemberIndex::new(0))?;
        let members = keys.len();
        let genesis = Arc::new(genesis);
        let wiring = Wiring::new(settings.links, &settings.dir, &genesis);
        let consortium = Self {
            settings,
            genesis,
            keys: Mutex::new(keys),
            wiring,
            blobs,
            separate: Mutex::default(),
            factory: Box::new(factory),
            nodes: Mutex::new((0..members).map(|_| None).collect()),
            turn: AtomicUsize::new(0),
            _lock: lock,
        };
        consortium.members().try_for_each(|member| consortium.start_member(member))?;
        Ok(consortium)
    }

    /// Starts a member that was stopped. Nothing happens if it runs.
    ///
    /// # Errors
    /// When its folder is in use or damaged.
    pub fn start_member(&self, member: MemberIndex) -> Result<(), ConsortiumError> {
        if self.node(member).is_some() {
            return Ok(());
        }
        let key = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(member.at()).cloned();
        let Some(key) = key else { return Ok(()) };
        let home = found::member_home(&self.settings.dir, member);
        let mut settings = NodeSettings::new(home, Arc::clone(&self.genesis), member, key);
        settings.timing = self.settings.timing;
        settings.idle_interval = self.settings.idle_interval;
        settings.mempool = self.settings.mempool;
        settings.snapshot_cycles = self.settings.snapshot_cycles;
        settings.snapshot_lag = self.settings.snapshot_lag.unwrap_or(settings.snapshot_lag);
        settings.verify = self.settings.verify;
        let blobs = self.blobs_of(member)?;
        let app = (self.factory)(member, Arc::clone(&blobs));
        let node = Node::start(settings, app, blobs, self.wiring.prepare(member)?);
        let node = node.map_err(|source| ConsortiumError::Member { member, source })?;
        self.wiring.connect(member, node.inbox());
        if let Some(slot) = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).get_mut(member.at()) {
            *slot = Some(node);
        }
        Ok(())
    }

    /// Starts one node more, which follows the chain, and votes once it is admitted under the number that it gets here.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn join(&self, key: &SecretKey) -> Result<MemberIndex, ConsortiumError> {
        let member = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let member = found::number(keys.len());
            found::write_key(&found::member_home(&self.settings.dir, member), key)?;
            keys.push(key.clone());
            self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(None);
            member
        };
        self.start_member(member)?;
        Ok(member)
    }

    /// The secret of a member of this process.
    pub fn key(&self, member: MemberIndex) -> Option<SecretKey> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(member.at()).cloned()
    }

    /// Stops one member; the others go on if they are a quorum.
    pub async fn stop_member(&self, member: MemberIndex) {
        self.wiring.disconnect(member).await;
        let node = self
            .nodes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(member.at())
            .and_then(Option::take);
        if let Some(node) = node {
            node.stop().await;
        }
    }

    /// The chain.
    pub fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// The blobs of the first member, and of all if they share them. What is submitted through a member must be in its
    /// store.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.blobs
    }

    /// The blobs of a member, also while it is stopped.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn blobs_of(&self, member: MemberIndex) -> Result<Arc<dyn Blobs>, BlobError> {
        if self.settings.stores == BlobStores::Shared || member == MemberIndex::new(0) {
            return Ok(Arc::clone(&self.blobs));
        }
        let mut separate = self.separate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(blobs) = separate.get(&member) {
            return Ok(Arc::clone(blobs));
        }
        let blobs = open_blobs(&self.settings, member)?;
        separate.insert(member, Arc::clone(&blobs));
        Ok(blobs)
    }

    fn members(&self) -> impl Iterator<Item = MemberIndex> + use<> {
        let members = self.keys.lock().unwrap_or_else(PoisonError::into_inner).len();
        (0..).map(MemberIndex::new).take(members)
    }

    /// A member, if it runs.
    pub fn node(&self, member: MemberIndex) -> Option<Node> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).get(member.at()).cloned().flatten()
    }

    /// The members that run.
    pub fn nodes(&self) -> Vec<Node> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
    }

    /// What operators see of a running member's links over TLS; none if it has no such links.
    pub fn links(&self, member: MemberIndex) -> Option<LinksStatus> {
        self.wiring.status(member)
    }

    /// The running members in turn, so that nobody can tell where the next submission goes in.
    fn next_node(&self) -> Option<Node> {
        let nodes = self.nodes();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        nodes.get(turn % nodes.len().max(1)).cloned()
    }

    /// The running member that is furthest.
    fn foremost(&self) -> Option<Node> {
        self.nodes().into_iter().max_by_key(Node::height)
    }

    /// Submits a transaction through a member, and waits until it is final. See [`Node::submit`].
    ///
    /// # Errors
    /// When it is refused, too many wait, or the member stops.
    pub async fn submit(&self, tx: impl Into<Arc<[u8]>>) -> Result<Submitted, SubmitError> {
        match self.next_node() {
            Some(node) => node.submit(tx).await,
            None => Err(SubmitError::Stopped("no member runs".into())),
        }
    }

    /// What is at a key of the application's final state, with the proof; none if no member runs.
    ///
    /// # Errors
    /// When the store fails.
    pub fn query(&self, key: &[u8]) -> Result<Option<StateProof>, StoreError> {
        self.foremost().map(|node| node.query(key)).transpose()
    }

    /// Height of the newest block that is final at some member.
    pub fn height(&self) -> Height {
        self.foremost().map_or(Height::new(0), |node| node.height())
    }

    /// Follows the chain through the first running member.
    pub fn subscribe(&self) -> Option<broadcast::Receiver<Arc<FinalBlock>>> {
        self.nodes().first().map(Node::subscribe)
    }

    /// Lets at least so many blocks pass, empty if need be, and waits until every running member has them.
    ///
    /// # Errors
    /// When a member stops meanwhile.
    pub async fn advance(&self, blocks: u64) -> Result<Height, SubmitError> {
        let target = Height::new(self.height().get().saturating_add(blocks));
        for node in self.nodes() {
            node.demand(target).await;
        }
        self.settled(target).await?;
        Ok(target)
    }

    /// Waits until every running member has reached a height.
    ///
    /// # Errors
    /// When a member stops meanwhile.
    pub async fn settled(&self, height: Height) -> Result<(), SubmitError> {
        for node in self.nodes() {
            node.reached(height).await.map_err(SubmitError::Stopped)?;
        }
        Ok(())
    }

    /// Writes the chain to one file, which [`crate::export::verify_chain_file`] verifies. Gives its height.
    ///
    /// # Errors
    /// When no member runs, the file cannot be written, or a blob is missing.
    pub async fn export(&self, path: &Path) -> Result<Height, ExportError> {
        let stopped = || crate::node::ReadError::Stopped("no member runs".into());
        let node = self.foremost().ok_or_else(stopped)?;
        let blobs = self.blobs_of(node.member())?;
        export::export(&node, blobs.as_ref(), path).await
    }

    /// Stops all members in order.
    pub async fn stop(&self) {
        for member in self.members() {
            self.stop_member(member).await;
        }
    }
}

fn open_blobs(settings: &ConsortiumSettings, member: MemberIndex) -> Result<Arc<dyn Blobs>, BlobError> {
    let folder = match settings.stores {
        BlobStores::Shared => settings.dir.join("blobs"),
        BlobStores::Separate => found::member_home(&settings.dir, member).join("blobs"),
    };
    Ok(Arc::new(FileBlobs::open(folder)?))
}
