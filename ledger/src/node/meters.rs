//! What a node writes down about itself for operators. Nothing in the protocol reads it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::{
    chain::Header,
    consensus::{Core, Message},
    types::{Cycle, Height, MemberIndex, View},
};

/// How a node is doing, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meter {
    /// Its cycle.
    pub cycle: Cycle,
    /// Its view.
    pub view: View,
    /// Whether it has a vote in this cycle.
    pub has_seat: bool,
    /// Transactions that wait.
    pub mempool_txs: usize,
    /// Their bytes.
    pub mempool_bytes: usize,
    /// Blocks held that are not final.
    pub held_blocks: usize,
    /// Proposals that it found not to be in order.
    pub rejected_proposals: u64,
    /// Views that it left without a block.
    pub nullified_views: u64,
    /// Since when, in milliseconds since 1970, it knows of final blocks that it does not have; none if it has all.
    pub behind_since_ms: Option<u64>,
    /// How high others said that they are.
    pub heights: BTreeMap<MemberIndex, Height>,
    /// By how many milliseconds the clocks of others are ahead of this one, from the newest proposal of each.
    pub clocks: BTreeMap<MemberIndex, i64>,
}

impl Meter {
    /// By how many milliseconds the others' clocks are ahead of this one: the middle of them. None before two have spoken.
    pub fn clock_offset_ms(&self) -> Option<i64> {
        let mut offsets: Vec<_> = self.clocks.values().copied().collect();
        offsets.sort_unstable();
        if offsets.len() < 2 { None } else { offsets.get(offsets.len() / 2).copied() }
    }
}

/// The figures of a running node.
#[derive(Debug, Default)]
pub struct Meters(Mutex<Meter>);

impl Meters {
    fn lock(&self) -> MutexGuard<'_, Meter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures now.
    pub fn read(&self) -> Meter {
        self.lock().clone()
    }

    pub(super) fn rejected(&self) {
        self.lock().rejected_proposals += 1;
    }

    pub(super) fn nullified(&self) {
        self.lock().nullified_views += 1;
    }

    /// What a message shows of its sender's place and clock. Unchecked: fit for hints to operators, and for nothing else.
    pub(super) fn heard(&self, from: MemberIndex, message: &Message, now_ms: u64) {
        match message {
            Message::Status(status) => {
                self.lock().heights.insert(from, status.height);
            }
            Message::Propose(proposal) => {
                self.heard_header(from, proposal.view, &proposal.block.header, now_ms);
            }
            Message::Compact(proposal) => self.heard_header(from, proposal.view, &proposal.header, now_ms),
            _ => {}
        }
    }

    fn heard_header(&self, from: MemberIndex, view: View, header: &Header, now_ms: u64) {
        if header.proposer == from && header.view == view {
            let offset = i128::from(header.time_ms) - i128::from(now_ms);
            self.lock().clocks.insert(from, i64::try_from(offset).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn measure(&self, core: &Core, txs: usize, bytes: usize, now_ms: u64) {
        let mut meter = self.lock();
        meter.cycle = core.turn().cycle;
        meter.view = core.view();
        meter.has_seat = core.has_seat();
        (meter.mempool_txs, meter.mempool_bytes) = (txs, bytes);
        meter.held_blocks = core.held();
        let since = meter.behind_since_ms.unwrap_or(now_ms);
        meter.behind_since_ms = core.is_behind().then_some(since);
        let committee = core.committee();
        meter.heights.retain(|member, _| committee.contains(*member));
        meter.clocks.retain(|member, _| committee.contains(*member));
    }
}
