//! A configuration as it is written: each field with what it means.

use galen_ledger::consensus::{VoteRelay, relay::DIRECT_MEMBERS};
use galen_ledger::links::Peer;

use galen_market::settings::quoted;

use super::{Config, ExplorerSection, FIRST_FOLLOWER, Role, VerifyMode};

impl Config {
    /// The file, each field with what it means.
    pub fn to_text(&self) -> String {
        let Self { node, links, consensus, mempool, api, explorer, log, peers } = self;
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

# The public site: what anybody may see of the chain, as pages and as an API, and what desks follow the chain by. Without the
# section there is none. Behind what ends TLS, let that pass on the name it was called by.
{explorer}

{log}
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
            explorer = explorer_text(*explorer),
            log = log.to_text(),
        );
        peers.iter().for_each(|peer| text.push_str(&peer_text(peer)));
        text
    }
}

fn explorer_text(explorer: Option<ExplorerSection>) -> String {
    let hash = if explorer.is_some() { "" } else { "# " };
    let usual = ExplorerSection::at(([127, 0, 0, 1], 7711).into());
    let ExplorerSection { listen, per_second, unnamed_mib } = explorer.unwrap_or(usual);
    format!(
        "{hash}[explorer]\n{hash}listen = \"{listen}\"\n# Calls a second of one address; ten times as many at once. Then 429.\n\
         {hash}per_second = {per_second}\n# Ciphertexts come before the transactions that name them: so many MiB of them may\n\
         # wait, each for an hour. Then 503.\n{hash}unnamed_mib = {unnamed_mib}"
    )
}

/// An entry of the list of peers, as it stands in the file.
pub fn peer_text(peer: &Peer) -> String {
    let address = peer.address.as_ref().map(|address| format!("address = {}\n", quoted(address)));
    format!("\n[[peers]]\nid = {}\nkey = \"{}\"\n{}", peer.id, peer.key, address.unwrap_or_default())
}
