//! A node that runs: its links, its ledger, its market.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use galen_ledger::chain::Genesis;
use galen_ledger::links::{LinkSettings, Links, Peer};
use galen_ledger::storage::HomeLock;
use galen_ledger::{Blobs, Height, MemberIndex, Node, NodeSettings, Staging, StagingLimits};
use galen_market::Market;

use super::config::{Config, Role};
use super::home::Home;

/// A running node.
pub struct Running {
    /// Its home.
    pub home: Home,
    /// Its configuration, as it was read at the start.
    pub config: Config,
    /// The ledger's part.
    pub node: Node,
    /// Its links.
    pub links: Arc<Links>,
    /// Its ciphertexts.
    pub blobs: Arc<dyn Blobs>,
    /// The same, with those that strangers handed in and that no transaction names yet.
    pub staging: Arc<Staging>,
    _lock: HomeLock,
}

impl Running {
    /// Starts the node of a home, for the first time or from where it was. Needs a runtime; takes as long as reading the
    /// log does.
    ///
    /// # Errors
    /// Whatever is wrong, with what to do.
    pub fn start(home: Home) -> anyhow::Result<Self> {
        let config = home.config()?;
        let genesis = Arc::new(home.genesis(&config)?);
        let node_key = home.node_key()?;
        let keys = home.voting_keys(config.node.role)?;
        ensure_own(&config, &genesis, &keys)?;
        let lock = HomeLock::acquire(home.folder())?;
        for (folder, mode) in home.close(&[Path::new("data"), &config.node.blobs])? {
            let folder = folder.display();
            tracing::warn!("{folder} had mode {mode:04o}, which let others in: it has mode 0700 now");
        }
        let free = free_mib(home.folder())?;
        ensure!(
            free >= LEAST_FREE_MIB,
            "{} has {free} MiB free: a node needs at least {LEAST_FREE_MIB}; free some space and start it again",
            home.folder().display()
        );
        let staging = Staging::open(home.folder().join(&config.node.blobs), staging_limits(&config))?;
        let blobs = staging.node();
        let market =
            Market::new(&genesis.config, staging.checks()).context("the market's part of the genesis")?;
        let me = MemberIndex::new(config.node.number);
        let address = config.links.listen;
        let links =
            Links::listen(LinkSettings::new(me.into(), node_key, &genesis), address, config.peers.clone())
                .with_context(|| {
                    format!(
                        "links.listen = \"{address}\": choose another address or port, or stop what uses it"
                    )
                })?;
        let settings = settings(&home, &config, &genesis, keys);
        let node = Node::start(settings, Arc::new(market), Arc::clone(&blobs), Box::new(links.sender()))
            .with_context(|| format!("the node in {} cannot start", home.folder().display()))?;
        links.deliver_to(Arc::new(node.inbox()));
        let running = Self { home, config, node, links: Arc::new(links), blobs, staging, _lock: lock };
        running.follow_committee(&running.config.peers)?;
        Ok(running)
    }

    /// Reads the list of peers again.
    ///
    /// # Errors
    /// When the file has mistakes; the list in force stays.
    pub fn reload(&self) -> anyhow::Result<Vec<Peer>> {
        let peers = self.home.config()?.peers;
        self.follow_committee(&peers)?;
        Ok(peers)
    }

    /// Puts a list of peers in force, without those who were members and are none any more.
    ///
    /// # Errors
    /// When the list contradicts itself; the one in force stays.
    pub fn follow_committee(&self, peers: &[Peer]) -> anyhow::Result<()> {
        let mut listed = Vec::with_capacity(peers.len());
        for peer in peers {
            if !self.has_left(peer)? {
                listed.push(peer.clone());
            }
        }
        self.links.set_peers(listed).context("the list of peers")
    }

    /// Whether a peer was a member and has left.
    fn has_left(&self, peer: &Peer) -> anyhow::Result<bool> {
        let Some(member) = peer.id.member() else { return Ok(false) };
        let record = self.node.standing(member)?;
        Ok(record.is_some_and(|record| !record.seated && !record.will_be_seated()))
    }

    /// Stops in order: says goodbye to the peers, finishes what is being written.
    pub async fn stop(&self) {
        self.links.close().await;
        self.node.stop().await;
    }

    /// Waits until a height is final here.
    ///
    /// # Errors
    /// When the node stops before.
    pub async fn reached(&self, height: Height) -> anyhow::Result<()> {
        self.node.reached(height).await.map_err(anyhow::Error::msg)
    }
}

/// A node with less does not start.
const LEAST_FREE_MIB: u64 = 16;

/// Free space where a path is, in MiB.
///
/// # Errors
/// When the system does not say.
pub fn free_mib(path: &Path) -> anyhow::Result<u64> {
    let stat = rustix::fs::statvfs(path).with_context(|| format!("free space of {}", path.display()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize) >> 20)
}

/// What waits from an earlier start is bounded, and goes in time, at a node without a site as well.
fn staging_limits(config: &Config) -> StagingLimits {
    let usual = StagingLimits::default();
    let bytes = config.explorer.map_or(usual.bytes, |site| u64::from(site.unnamed_mib) << 20);
    StagingLimits { bytes, ..usual }
}

fn settings(
    home: &Home,
    config: &Config,
    genesis: &Arc<Genesis>,
    keys: Vec<galen_ledger::crypto::SecretKey>,
) -> NodeSettings {
    let timers = &config.consensus;
    NodeSettings {
        home: home.path("data"),
        genesis: Arc::clone(genesis),
        me: MemberIndex::new(config.node.number),
        keys,
        observe: config.node.role == Role::Gateway,
        timing: timers.timing(),
        votes: timers.votes,
        idle_interval: Duration::from_millis(timers.idle_ms),
        heartbeat: timers.heartbeat(),
        drift: Duration::from_millis(timers.drift_ms),
        mempool: config.mempool.limits(),
        snapshot_cycles: config.node.snapshot_cycles,
        snapshot_lag: config.node.snapshot_lag,
        verify: timers.verify(),
    }
}

/// A key of another founder is found before anything is opened. Keys that changed since are the ledger's business.
fn ensure_own(
    config: &Config,
    genesis: &Genesis,
    keys: &[galen_ledger::crypto::SecretKey],
) -> anyhow::Result<()> {
    let me = config.node.number;
    for key in keys {
        let owner = (0u16..).zip(&genesis.members).find(|(_, member)| member.keys.voting == key.public());
        if let Some((owner, member)) = owner.filter(|(owner, _)| *owner != me) {
            bail!(
                "voting_key is that of member {owner} ({}), but node.number is {me}: put this node's own key there, or \
                 correct the number; never run two nodes with one key",
                member.name
            );
        }
    }
    Ok(())
}
