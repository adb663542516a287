//! A node's configuration: `config.toml` in its home. Unknown fields are refused, with file and line.

mod mistakes;
mod text;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use galen_ledger::ChainId;
use galen_ledger::chain::genesis::MAX_MEMBERS_EVER;
use galen_ledger::consensus::{Timing, VoteRelay};
use galen_ledger::links::Peer;
use galen_ledger::node::open::SNAPSHOT_LAG;
use galen_ledger::node::{MempoolLimits, Verify};
use galen_market::settings::{self, LogSection};
use serde::{Deserialize, Serialize};

pub use text::peer_text;

/// The least number of a node that follows without a vote: members' numbers are below.
pub const FIRST_FOLLOWER: u16 = MAX_MEMBERS_EVER as u16;
/// What a node does on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It votes while it has a seat, and follows otherwise.
    Member,
    /// It follows and takes submissions; it has no vote.
    Gateway,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who this node is.
    pub node: NodeSection,
    /// How its peers reach it.
    pub links: LinksSection,
    /// Timers of the protocol.
    #[serde(default)]
    pub consensus: ConsensusSection,
    /// Room for waiting transactions.
    #[serde(default)]
    pub mempool: MempoolSection,
    /// The operators' port.
    pub api: ApiSection,
    /// The public site: pages, API, and what desks follow the chain by. None without it.
    #[serde(default)]
    pub explorer: Option<ExplorerSection>,
    /// The log.
    #[serde(default)]
    pub log: LogSection,
    /// Who may connect, and is connected to.
    #[serde(default)]
    pub peers: Vec<Peer>,
}

/// Who this node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    /// Its number.
    pub number: u16,
    /// What it does.
    pub role: Role,
    /// A name for people.
    pub name: String,
    /// The chain's id, as agreed on; the genesis file must have it.
    pub chain: Option<ChainId>,
    /// The folder of ciphertexts, from the home.
    #[serde(default = "blobs_folder")]
    pub blobs: PathBuf,
    /// Free space below which the node says that it is not ready, in MiB.
    #[serde(default = "min_free_mib")]
    pub min_free_mib: u64,
    /// After how many cycles a snapshot of the state is written; 0 for never.
    #[serde(default = "snapshot_cycles")]
    pub snapshot_cycles: u64,
    /// A node that is so many blocks behind takes a snapshot instead of them; 0 for never.
    #[serde(default = "snapshot_lag")]
    pub snapshot_lag: u64,
}

fn snapshot_cycles() -> u64 {
    1
}

fn snapshot_lag() -> u64 {
    SNAPSHOT_LAG
}

fn blobs_folder() -> PathBuf {
    "blobs".into()
}

fn min_free_mib() -> u64 {
    256
}

/// How peers reach this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinksSection {
    /// Where it listens.
    pub listen: SocketAddr,
}

/// Timers of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsensusSection {
    /// Δ to begin with, in milliseconds.
    pub delta_ms: u64,
    /// The most that doubling makes of it.
    pub max_delta_ms: u64,
    /// How long after a block an empty one is made while the market waits for blocks.
    pub idle_ms: u64,
    /// How long after a block an empty one is made in any case; 0 for never.
    pub heartbeat_ms: u64,
    /// How far in the future a block's time may be.
    pub drift_ms: u64,
    /// How votes travel: `auto`, `direct` or `leaders`.
    pub votes: VoteRelay,
    /// What this node checks in full before it votes for a block.
    pub verify: VerifyMode,
    /// With `verify = "receipts"`: how many receipts stand for a check. f + 1 if it is left out, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipts: Option<usize>,
}

/// What a node checks in full before it votes for a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifyMode {
    /// Every transaction.
    #[default]
    Every,
    /// Every transaction for which fewer than f + 1 members have given a receipt.
    Receipts,
}

impl Default for ConsensusSection {
    fn default() -> Self {
        Self {
            delta_ms: 1000,
            max_delta_ms: 32_000,
            idle_ms: 200,
            heartbeat_ms: 5000,
            drift_ms: 10_000,
            votes: VoteRelay::Auto,
            verify: VerifyMode::Every,
            receipts: None,
        }
    }
}

impl ConsensusSection {
    /// Δ.
    pub fn timing(&self) -> Timing {
        let ms = Duration::from_millis;
        Timing { delta: ms(self.delta_ms), max_delta: ms(self.max_delta_ms) }
    }

    /// What is checked in full before a vote.
    pub fn verify(&self) -> Verify {
        match self.verify {
            VerifyMode::Every => Verify::Every,
            VerifyMode::Receipts => Verify::Receipts { least: self.receipts },
        }
    }

    /// When empty blocks are made although nobody waits.
    pub fn heartbeat(&self) -> Option<Duration> {
        (self.heartbeat_ms > 0).then(|| Duration::from_millis(self.heartbeat_ms))
    }
}

/// Room for waiting transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MempoolSection {
    /// Transactions.
    pub txs: usize,
    /// Their bytes, in MiB.
    pub mib: usize,
}

impl Default for MempoolSection {
    fn default() -> Self {
        let limits = MempoolLimits::default();
        Self { txs: limits.txs, mib: limits.bytes >> 20 }
    }
}

impl MempoolSection {
    /// The limits.
    pub fn limits(&self) -> MempoolLimits {
        MempoolLimits { txs: self.txs, bytes: self.mib << 20 }
    }
}

/// The public site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplorerSection {
    /// The address it listens on.
    pub listen: SocketAddr,
    /// Calls a second of one address, in the long run; ten times as many at once.
    #[serde(default = "usual_rate")]
    pub per_second: NonZeroU32,
    /// MiB of ciphertexts that may wait for a transaction that names them; each does for an hour at most.
    #[serde(default = "usual_unnamed")]
    pub unnamed_mib: u32,
}

impl ExplorerSection {
    /// The usual site at an address.
    pub fn at(listen: SocketAddr) -> Self {
        Self { listen, per_second: usual_rate(), unnamed_mib: usual_unnamed() }
    }
}

fn usual_unnamed() -> u32 {
    4096
}

fn usual_rate() -> NonZeroU32 {
    NonZeroU32::new(50).unwrap_or(NonZeroU32::MIN)
}

/// The operators' port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSection {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    #[serde(default)]
    pub allow_network: bool,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or not a configuration; names file, line and column.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        ensure!(path.exists(), "{} is not there; `galen node init` makes a home", path.display());
        Ok(settings::load(path)?)
    }

    /// Refuses a configuration with mistakes, and says all of them.
    ///
    /// # Errors
    /// When there are any.
    pub fn check(&self, path: &Path) -> anyhow::Result<()> {
        Ok(settings::check(path, self.mistakes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::mistakes::{MAX_DELTA_MS, MAX_DRIFT_MS};
    use super::*;

    fn config() -> Config {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let chain = Some(ChainId::from_bytes([7; 32]));
        Config {
            node: NodeSection {
                number: 3,
                role: Role::Member,
                name: "St. \"Mary\"".into(),
                chain,
                blobs: blobs_folder(),
                min_free_mib: 64,
                snapshot_cycles: 1,
                snapshot_lag: 0,
            },
            links: LinksSection { listen: address(7601) },
            consensus: ConsensusSection::default(),
            mempool: MempoolSection::default(),
            api: ApiSection { listen: address(7701), allow_network: false },
            explorer: None,
            log: LogSection::default(),
            peers: vec![Peer {
                id: galen_ledger::links::PeerId::new(0),
                key: galen_ledger::links::NodePublicKey::from_bytes([9; 32]),
                address: Some("ledger.hospital.example:7601".into()),
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut config = config();
        assert_eq!(toml::from_str::<Config>(&config.to_text()).expect("reads"), config);
        config.consensus.votes = VoteRelay::Leaders;
        let listen = SocketAddr::from(([0, 0, 0, 0], 7711));
        config.explorer = Some(ExplorerSection { unnamed_mib: 100, ..ExplorerSection::at(listen) });
        assert_eq!(toml::from_str::<Config>(&config.to_text()).expect("reads"), config);
        assert!(config.mistakes().is_empty(), "{:?}", config.mistakes());
    }

    #[test]
    fn each_mistake_is_said_and_all_at_once() {
        let mut wrong = config();
        wrong.node.role = Role::Gateway;
        wrong.consensus.delta_ms = 1;
        wrong.mempool.txs = 1;
        wrong.node.snapshot_lag = 1;
        wrong.api.listen = SocketAddr::from(([0, 0, 0, 0], 7601));
        wrong.explorer = Some(ExplorerSection { unnamed_mib: 63, ..ExplorerSection::at(wrong.links.listen) });
        wrong.peers.extend(wrong.peers.clone());
        let said = wrong.mistakes().join("\n");
        for words in [
            "node.number = 3",
            "delta_ms",
            "mempool.txs",
            "node.snapshot_lag",
            "allow_network",
            "explorer.listen",
            "explorer.unnamed_mib",
            "number 0 is listed twice",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn blobs_lie_in_the_home_beside_the_data() {
        for (path, own) in [
            ("blobs", true),
            ("./blobs", true),
            ("disk/blobs", true),
            ("database", true),
            ("/srv/blobs", false),
            ("data", false),
            ("./data/blobs", false),
            ("blobs/../data", false),
            ("..", false),
            (".", false),
            ("", false),
        ] {
            let mut config = config();
            config.node.blobs = path.into();
            let mistakes = config.mistakes();
            assert_eq!(mistakes.is_empty(), own, "{path}: {mistakes:?}");
            assert!(own || mistakes.concat().contains("node.blobs"), "{path}: {mistakes:?}");
        }
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let said = |change: fn(&mut ConsensusSection)| {
            let mut config = config();
            change(&mut config.consensus);
            config.mistakes().join("; ")
        };
        assert_eq!(said(|timers| timers.drift_ms = MAX_DRIFT_MS), "");
        assert_eq!(said(|timers| timers.max_delta_ms = MAX_DELTA_MS), "");
        assert!(said(|timers| timers.drift_ms = MAX_DRIFT_MS + 1).contains("consensus.drift_ms"));
        assert!(said(|timers| timers.drift_ms = 499).contains("consensus.drift_ms"));
        assert!(said(|timers| timers.max_delta_ms = MAX_DELTA_MS + 1).contains("consensus.max_delta_ms"));
        assert!(said(|timers| timers.receipts = Some(2)).contains("consensus.receipts"));
        let with = |timers: &mut ConsensusSection| {
            (timers.verify, timers.receipts) = (VerifyMode::Receipts, Some(2));
        };
        assert_eq!(said(with), "");
    }

    #[test]
    fn an_unknown_field_is_named_with_its_line() {
        let text = config().to_text().replace("min_free_mib", "min_fre_mib");
        let before = text.lines().take_while(|line| !line.starts_with("min_fre_mib")).count();
        let line = format!("line {},", before + 1);
        let error = toml::from_str::<Config>(&text).expect_err("refused").to_string();
        assert!(error.contains(&line) && error.contains("min_fre_mib"), "{error}");
    }
}
