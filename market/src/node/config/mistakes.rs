//! What contradicts itself in a configuration.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use galen_ledger::links::peer;
use galen_market::settings::quoted;

use super::{Config, FIRST_FOLLOWER, Role, VerifyMode};

/// Blocks behind which a snapshot may be taken at the earliest: less is what catching up is for.
const LEAST_LAG: u64 = 100;
/// An hour: beyond it the time of a block says nothing.
pub(super) const MAX_DRIFT_MS: u64 = 3_600_000;
/// The largest ciphertext.
const LEAST_UNNAMED_MIB: u32 = 64;
/// A tebibyte.
const MOST_UNNAMED_MIB: u32 = 1 << 20;
/// Ten minutes.
pub(super) const MAX_DELTA_MS: u64 = 600_000;

impl Config {
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
        let taken = [self.links.listen, self.api.listen];
        rule(
            self.explorer.is_none_or(|site| site.listen.port() == 0 || !taken.contains(&site.listen)),
            "explorer.listen is an address that links or api listen on",
        );
        rule(
            self.explorer
                .is_none_or(|site| (LEAST_UNNAMED_MIB..=MOST_UNNAMED_MIB).contains(&site.unnamed_mib)),
            &format!(
                "explorer.unnamed_mib must be from {LEAST_UNNAMED_MIB}, the largest ciphertext, to {MOST_UNNAMED_MIB}"
            ),
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
}

/// Whether a path leads into the home, and not to where the ledger keeps its files.
fn is_own_folder(path: &Path) -> bool {
    let mut parts = path.components().filter(|part| *part != Component::CurDir).peekable();
    parts.peek().is_some_and(|first| *first != Component::Normal("data".as_ref()))
        && parts.all(|part| matches!(part, Component::Normal(_)))
}
