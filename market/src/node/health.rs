//! How a node is: what operators and their machines ask.

use std::time::{SystemTime, UNIX_EPOCH};

use galen_ledger::links::{LinkState, LinksStatus, PeerId};
use galen_ledger::node::Meter;
use galen_ledger::types::BlockHash;
use galen_ledger::{ChainId, Height, MemberIndex, NodeStatus, View};
use serde::Serialize;

use super::run::{Running, free_mib};

/// Knowing of final blocks that are not here is usual for moments.
const BEHIND_MS: u64 = 5_000;
/// Blocks that others may be ahead.
const LAG: u64 = 16;

/// A node, as its operators see it. Nothing secret.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// The program's version.
    pub version: &'static str,
    /// The chain.
    pub chain: ChainId,
    /// The node's number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Its newest final block.
    pub height: Height,
    /// That block.
    pub block: BlockHash,
    /// View of that block.
    pub view: View,
    /// Time of that block, in milliseconds since 1970.
    pub time_ms: u64,
    /// Members of the cycle.
    pub members: usize,
    /// How many of them make a quorum.
    pub quorum: usize,
    /// Members linked, with this one if it is one.
    pub reached: usize,
    /// The number that the next member to be admitted gets.
    pub next_member: usize,
    /// What the ledger knows of each member.
    pub standing: Vec<Standing>,
    /// The newest round of the beacon that gave an output: cycle, round, height.
    pub beacon: Option<(u64, u64, u64)>,
    /// Free space, in MiB.
    pub free_mib: u64,
    /// By how many milliseconds other members' clocks are ahead of this one's.
    pub clock_offset_ms: Option<i64>,
    /// Why it is not ready; nothing if it is.
    pub not_ready: Vec<String>,
    /// Figures.
    pub meter: Meter,
    /// Links.
    pub links: LinksStatus,
}

/// What the ledger knows of a member.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Its number.
    pub member: MemberIndex,
    /// Its name.
    pub name: String,
    /// Whether it has a seat.
    pub seated: bool,
    /// Its credit.
    pub credit: u32,
    /// Whether it broke a rule.
    pub barred: bool,
    /// Whether something is to change about it with the next cycle.
    pub changing: bool,
}

impl Health {
    /// Looks at a node.
    ///
    /// # Errors
    /// When its store fails.
    pub fn of(running: &Running) -> anyhow::Result<Self> {
        let Running { node, links, config, home, .. } = running;
        let (position, committee, meter, links) =
            (node.position(), node.committee(), node.meter(), links.status());
        let linked = |member: &MemberIndex| {
            let peer = links.peers.get(&PeerId::from(*member));
            *member == node.member()
                || peer.is_some_and(|peer| matches!(peer.state, LinkState::Linked { .. }))
        };
        let mut health = Self {
            version: env!("CARGO_PKG_VERSION"),
            chain: node.genesis().chain_id(),
            number: config.node.number,
            name: config.node.name.clone(),
            height: position.height,
            block: position.block,
            view: position.view,
            time_ms: position.time_ms,
            members: committee.size(),
            quorum: committee.quorum(),
            reached: committee.members().filter(linked).count(),
            next_member: node.next_member()?,
            standing: standing(running)?,
            beacon: node
                .beacon()?
                .map(|output| (output.cycle.get(), output.round.get(), output.height.get())),
            free_mib: free_mib(home.folder())?,
            clock_offset_ms: meter.clock_offset_ms(),
            not_ready: Vec::new(),
            meter,
            links,
        };
        health.not_ready = health.reasons(running);
        Ok(health)
    }

    fn reasons(&self, running: &Running) -> Vec<String> {
        let mut reasons = Vec::new();
        if let NodeStatus::Stopped(reason) = &*running.node.status().borrow() {
            reasons.push(format!("the node has stopped: {reason}"));
        }
        if self.reached < self.quorum {
            reasons.push(format!(
                "{} of {} members are linked, a quorum is {}: see links in `galen node status`",
                self.reached, self.members, self.quorum
            ));
        }
        let behind = self.meter.behind_since_ms.is_some_and(|since| since + BEHIND_MS < now_ms());
        // One that f of the others could not have made up.
        let mut heights: Vec<_> = self.meter.heights.values().map(|height| height.get()).collect();
        heights.sort_unstable_by(|one, other| other.cmp(one));
        let claimed = heights.get(self.members - self.quorum).copied().unwrap_or(0);
        if behind || claimed > self.height.get() + LAG {
            let of = claimed.max(self.height.get());
            reasons.push(format!("catching up: at block {}, others are at {of} or beyond", self.height));
        }
        let drift = i64::try_from(running.config.consensus.drift_ms).unwrap_or(i64::MAX);
        if let Some(offset) = self.clock_offset_ms.filter(|offset| offset.abs() > drift) {
            reasons.push(format!(
                "this machine's clock is {} s {} those of the other members: set it (NTP), or blocks are refused",
                offset.abs() / 1000,
                if offset > 0 { "behind" } else { "ahead of" }
            ));
        }
        if self.free_mib < running.config.node.min_free_mib {
            reasons.push(format!(
                "{} MiB of disk are free, node.min_free_mib is {}: free some space",
                self.free_mib, running.config.node.min_free_mib
            ));
        }
        reasons
    }

    /// Whether it is ready.
    pub fn is_ready(&self) -> bool {
        self.not_ready.is_empty()
    }
}

fn standing(running: &Running) -> anyhow::Result<Vec<Standing>> {
    let node = &running.node;
    let numbers = (0u16..).map(MemberIndex::new).take(node.next_member()?);
    let mut standing = Vec::new();
    for member in numbers {
        let Some(record) = node.standing(member)? else { continue };
        standing.push(Standing {
            member,
            name: record.name,
            seated: record.seated,
            credit: record.credit.get(),
            barred: record.barred,
            changing: record.pending.is_some(),
        });
    }
    Ok(standing)
}

/// The wall clock.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
