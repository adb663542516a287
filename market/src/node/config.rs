//! A node's configuration: `config.toml` in its home. Unknown fields are refused, with file and line.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use galen_ledger::ChainId;
use galen_ledger::chain::genesis::MAX_MEMBERS_EVER;
use galen_ledger::consensus::{Timing, VoteRelay, relay::DIRECT_MEMBERS};
use galen_ledger::links::{Peer, peer};
use galen_ledger::node::open::SNAPSHOT_LAG;
use galen_ledger::node::{MempoolLimits, Verify};
use serde::{Deserialize, Serialize};

/// The least number of a node that follows without a vote: members' numbers are below.
pub const FIRST_FOLLOWER: u16 = MAX_MEMBERS_EVER as u16;
/// Blocks behind which a snapshot may be taken at the earliest: less is what catching up is for.
const LEAST_LAG: u64 = 100;
/// An hour: beyond it the time of a block says nothing.
const MAX_DRIFT_MS: u64 = 3_600_000;
/// Ten minutes.
const MAX_DELTA_MS: u64 = 600_000;

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

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSection {
    /// Its form.
    pub format: LogFormat,
    /// What is written; `GALEN_LOG` goes before it.
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or not a configuration; names file, line and column.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}; `galen node init` makes a home", path.display()))?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    /// What contradicts itself in it, all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut rule = |holds: bool, words: &str| {
            if !holds {
                found.push(words.to_owned());
            }
        };
        let (node, timers) = (&self.node, &self.consensus);
        let gateway = node.role == Role::Gateway;
        rule(
            gateway == (node.number >= FIRST_FOLLOWER),
            &format!(
                "node.number = {} does not fit node.role: members have numbers below {FIRST_FOLLOWER}, gateways from there on",
                node.number
            ),
        );
        rule(
            node.snapshot_lag == 0 || node.snapshot_lag >= LEAST_LAG,
            &format!("node.snapshot_lag must be 0, for never, or at least {LEAST_LAG}"),
        );
        rule(
            is_own_folder(&node.blobs),
            &format!(
                "node.blobs = {} must be a folder inside the home, and not data or inside it: the node's own files are there; \
                 mount another disk there if ciphertexts are to be on one",
                quoted(&node.blobs.to_string_lossy())
            ),
        );
        rule(
            (10..=60_000).contains(&timers.delta_ms) && timers.delta_ms <= timers.max_delta_ms,
            "consensus.delta_ms must be from 10 to 60000, and not above consensus.max_delta_ms",
        );
        rule(timers.idle_ms >= 1, "consensus.idle_ms must be at least 1");
        rule(
            timers.max_delta_ms <= MAX_DELTA_MS,
            &format!(
                "consensus.max_delta_ms must not be above {MAX_DELTA_MS}: so long nothing would happen after a failure"
            ),
        );
        rule(
            (500..=MAX_DRIFT_MS).contains(&timers.drift_ms),
            &format!(
                "consensus.drift_ms must be from 500, as clocks are never quite equal, to {MAX_DRIFT_MS}: a leader could \
                 date its blocks so far ahead"
            ),
        );
        rule(
            timers.receipts.is_none() || timers.verify == VerifyMode::Receipts,
            "consensus.receipts means nothing with verify = \"every\": leave it out, or set verify = \"receipts\"",
        );
        rule(self.mempool.txs >= 64, "mempool.txs must be at least 64");
        rule((8..=4096).contains(&self.mempool.mib), "mempool.mib must be from 8 to 4096");
        rule(
            self.api.allow_network || self.api.listen.ip().is_loopback(),
            "api.listen is an address that other machines reach: use a loopback address, or set api.allow_network = true \
             where only operators can reach it",
        );
        rule(
            self.links.listen != self.api.listen || self.api.listen.port() == 0,
            "links.listen and api.listen are the same address",
        );
        found.extend(self.mistakes_of_peers());
        found
    }

    fn mistakes_of_peers(&self) -> Vec<String> {
        let mut found = Vec::new();
        let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for peer in &self.peers {
            if !ids.insert(peer.id) {
                found.push(format!("peers: number {} is listed twice", peer.id));
            }
            if !keys.insert(peer.key) {
                found.push(format!("peers: the key of number {} is listed twice", peer.id));
            }
            let port = |address: &String| {
                address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).is_some()
            };
            if peer.address.as_ref().is_some_and(|address| !port(address)) {
                found.push(format!("peers: the address of number {} is not host:port", peer.id));
            }
        }
        if self.peers.len() > peer::MAX_PEERS {
            found.push(format!("peers: {} exceed the limit of {}", self.peers.len(), peer::MAX_PEERS));
        }
        found
    }

    /// Refuses a configuration with mistakes, and says all of them.
    ///
    /// # Errors
    /// When there are any.
    pub fn check(&self, path: &Path) -> anyhow::Result<()> {
        let mistakes = self.mistakes();
        if mistakes.is_empty() {
            return Ok(());
        }
        bail!("{}: {}", path.display(), mistakes.join("; "))
    }

    /// The file, each field with what it means.
    pub fn to_text(&self) -> String {
        let Self { node, links, consensus, mempool, api, log, peers } = self;
        let role = if node.role == Role::Member { "member" } else { "gateway" };
        let chain = match &node.chain {
            Some(chain) => format!("chain = \"{chain}\""),
            None => "# chain = \"…\"".to_owned(),
        };
        let votes = match consensus.votes {
            VoteRelay::Auto => "auto",
            VoteRelay::Direct => "direct",
            VoteRelay::Leaders => "leaders",
        };
        let format = if log.format == LogFormat::Json { "json" } else { "text" };
        let mut text = format!(
            r#"# Configuration of a Galen node. `galen node config check --home DIR` checks it.

[node]
# Its number. A member has the number that it has in the genesis, or was admitted under; a gateway one from {FIRST_FOLLOWER} on.
number = {number}
# "member": votes while it has a seat. "gateway": follows the chain and takes submissions.
role = "{role}"
# A name for people.
name = {name}
# The chain's id, as the founders agreed on it: a genesis file with another is refused.
{chain}
# The folder of ciphertexts, inside this one and not in data; to have it on another disk, mount that there.
blobs = {blobs}
# Free space, in MiB, below which the node says that it is not ready.
min_free_mib = {free}
# After how many cycles a snapshot of the state is written, for nodes that join; 0 for never. The newest two are kept.
snapshot_cycles = {snapshots}
# A node that is so many blocks behind the others takes a snapshot of theirs instead of the blocks, and gives up the blocks
# that it has; 0 for never: a node that is to keep the whole chain fetches every block, however long it was away.
snapshot_lag = {lag}

[links]
# Where peers reach this node.
listen = "{links}"

[consensus]
# How long one hop with the work at its end takes at most, in milliseconds, to begin with …
delta_ms = {delta}
# … and the most that doubling makes of it; 600000 at most.
max_delta_ms = {max_delta}
# How long after a block an empty one is made while the market waits for blocks.
idle_ms = {idle}
# How long after a block an empty one is made in any case, so that rounds and cycles pass; 0 for never.
heartbeat_ms = {heartbeat}
# How far in the future the time of a block may be, in milliseconds; an hour at most.
drift_ms = {drift}
# "auto": above {DIRECT_MEMBERS} members votes go through the leaders of groups: far fewer messages, twice the hops.
# "direct": always to all. "leaders": always through them. It should be the same at all members.
votes = "{votes}"
# "every": checks every transaction before it votes for a block. "receipts": not what is expensive of those for which f + 1
# members have signed that they have checked them.
verify = "{verify}"
# With "receipts", how many that must be. If it is left out f + 1; fewer, and more, are refused.
{receipts}

[mempool]
# Transactions that may wait, and their bytes in MiB.
txs = {txs}
mib = {mib}

[api]
# The operators' port: /healthz, /readyz, /metrics, /status. Changes nothing without a quorum's signatures.
listen = "{api}"
# Whether that may be an address that other machines reach.
allow_network = {allow}

[log]
# "text" or "json".
format = "{format}"
# Such as "info", or "warn,galen_ledger=debug". The environment variable GALEN_LOG goes before it.
level = {level}

# Who may connect to this node, and where it connects to. This node itself may be in the list. Read again on SIGHUP.
"#,
            number = node.number,
            name = quoted(&node.name),
            blobs = quoted(&node.blobs.to_string_lossy()),
            free = node.min_free_mib,
            snapshots = node.snapshot_cycles,
            lag = node.snapshot_lag,
            links = links.listen,
            delta = consensus.delta_ms,
            max_delta = consensus.max_delta_ms,
            idle = consensus.idle_ms,
            heartbeat = consensus.heartbeat_ms,
            drift = consensus.drift_ms,
            verify = if consensus.verify == VerifyMode::Every { "every" } else { "receipts" },
            receipts = consensus
                .receipts
                .map_or("# receipts = …".to_owned(), |least| format!("receipts = {least}")),
            txs = mempool.txs,
            mib = mempool.mib,
            api = api.listen,
            allow = api.allow_network,
            level = quoted(&log.level),
        );
        peers.iter().for_each(|peer| text.push_str(&peer_text(peer)));
        text
    }
}

/// An entry of the list of peers, as it stands in the file.
pub fn peer_text(peer: &Peer) -> String {
    let address = peer.address.as_ref().map(|address| format!("address = {}\n", quoted(address)));
    format!("\n[[peers]]\nid = {}\nkey = \"{}\"\n{}", peer.id, peer.key, address.unwrap_or_default())
}

/// Whether a path leads into the home, and not to where the ledger keeps its files.
fn is_own_folder(path: &Path) -> bool {
    let mut parts = path.components().filter(|part| *part != Component::CurDir).peekable();
    parts.peek().is_some_and(|first| *first != Component::Normal("data".as_ref()))
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
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
        wrong.peers.extend(wrong.peers.clone());
        let said = wrong.mistakes().join("\n");
        for words in [
            "node.number = 3",
            "delta_ms",
            "mempool.txs",
            "node.snapshot_lag",
            "allow_network",
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
