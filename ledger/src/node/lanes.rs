//! A member's lanes: mini-blocks that wait, and what is to be sent when the log is synchronised.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Frame;
use crate::{
    chain::Committee,
    consensus::CompactProposal,
    lanes::{Flight, LaneLimits, LanePool, Numbering, Numbers},
    storage::NumberFile,
    types::{Cycle, MemberIndex, MiniHash, TxHash},
};

/// While a mini-block of its own is on its way, a member gathers transactions for so long before it makes the next.
pub(super) const GATHERING: Duration = Duration::from_millis(10);
/// Proposals of the next cycle that are kept of one sender, and of all.
const EARLY_OF_SENDER: usize = 2;
const EARLY: usize = 8;

/// A member's lanes.
pub(super) struct Lanes {
    pub pool: LanePool,
    pub flight: Flight,
    pub checks: Checks,
    pub early: Early,
    pub limits: LaneLimits,
    /// What may be sent once everything written so far is durable.
    pub outgoing: Vec<(Vec<MemberIndex>, Frame)>,
    /// Since when something waits to be put into a mini-block.
    pub gathering: Option<Duration>,
    /// When to see next whether others were asked in vain.
    pub asking_due: Duration,
    /// Δ: what is asked for is asked for again after it.
    pub patience: Duration,
    numbering: Numbering,
    file: NumberFile,
    begun: Instant,
}

impl Lanes {
    pub fn new(
        pool: LanePool,
        limits: LaneLimits,
        patience: Duration,
        (file, numbers): (NumberFile, Numbers),
    ) -> Self {
        Self {
            pool,
            flight: Flight::default(),
            checks: Checks::default(),
            early: Early::default(),
            limits,
            outgoing: Vec::new(),
            gathering: None,
            asking_due: Duration::ZERO,
            patience,
            numbering: Numbering::after(numbers),
            file,
            begun: Instant::now(),
        }
    }

    /// A cycle begins.
    pub fn begin(&mut self, committee: Arc<Committee>) {
        self.pool.begin(committee);
        self.flight.clear();
        self.checks.clear();
        self.gathering = None;
    }

    /// The time since the node started.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether a transaction is in a mini-block, or in a block under way.
    pub fn is_busy(&self, tx: &TxHash) -> bool {
        self.flight.contains(tx) || self.pool.carries(tx)
    }

    /// A number for a mini-block, durably reserved; none in a cycle that is over.
    pub fn number(&mut self, cycle: Cycle) -> io::Result<Option<u64>> {
        let Some((number, reserve)) = self.numbering.next(cycle) else { return Ok(None) };
        if let Some(reserve) = reserve {
            self.file.write(&reserve)?;
        }
        Ok(Some(number))
    }

    /// How long until the next mini-block is to be made, if it is being gathered.
    pub fn until_cut(&self) -> Option<Duration> {
        self.gathering.map(|since| (since + GATHERING).saturating_sub(self.now()))
    }
}

/// Mini-blocks that are to be checked: one at a time, the authors taking turns, so that nobody's delay the votes, or those
/// of others, for long.
#[derive(Debug, Default)]
pub(super) struct Checks {
    queues: BTreeMap<MemberIndex, VecDeque<MiniHash>>,
    last: Option<MemberIndex>,
    running: Option<MiniHash>,
    /// Those of which something was refused, although their author found it good, and how often: they are checked once
    /// more when a block is final, as this member may have been behind.
    unsure: BTreeMap<MiniHash, (MemberIndex, u8)>,
}

/// A mini-block that was refused so often, with a final block between, is left alone.
const CHECKS: u8 = 3;

impl Checks {
    pub fn add(&mut self, author: MemberIndex, name: MiniHash) {
        self.queues.entry(author).or_default().push_back(name);
    }

    /// The next one, if none is being checked.
    pub fn next(&mut self) -> Option<MiniHash> {
        if self.running.is_some() {
            return None;
        }
        let after = self.last.and_then(|last| self.queues.range(last..).find(|(author, _)| **author > last));
        let author = *after.or(self.queues.first_key_value())?.0;
        let queue = self.queues.get_mut(&author)?;
        self.running = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&author);
        }
        self.last = Some(author);
        self.running
    }

    pub fn done(&mut self, name: &MiniHash) {
        self.running.take_if(|running| running == name);
    }

    pub fn refused(&mut self, author: MemberIndex, name: MiniHash) {
        self.unsure.entry(name).or_insert((author, 0)).1 += 1;
    }

    /// A block is final.
    pub fn again(&mut self) {
        let waits =
            |author, name| self.queues.get(author).is_some_and(|queue: &VecDeque<_>| queue.contains(name));
        let again =
            self.unsure.iter().filter(|(name, (author, refused))| *refused < CHECKS && !waits(author, name));
        let again: Vec<_> = again.map(|(name, (author, _))| (*author, *name)).collect();
        again.into_iter().for_each(|(author, name)| self.add(author, name));
    }

    /// It is good after all, or of no use any more.
    pub fn forget(&mut self, name: &MiniHash) {
        self.unsure.remove(name);
    }

    fn clear(&mut self) {
        *self = Self { running: self.running, ..Self::default() };
    }
}

/// Proposals of the next cycle.
#[derive(Default)]
pub(super) struct Early(VecDeque<(MemberIndex, CompactProposal)>);

impl Early {
    /// Keeps a proposal until its cycle begins.
    pub fn keep(&mut self, from: MemberIndex, proposal: CompactProposal) {
        let of_sender = self.0.iter().filter(|(sender, _)| *sender == from).count();
        let known = self.0.iter().any(|(_, kept)| *kept == proposal);
        if !known && of_sender < EARLY_OF_SENDER && self.0.len() < EARLY {
            self.0.push_back((from, proposal));
        }
    }

    /// The cycle begins.
    pub fn take(&mut self) -> VecDeque<(MemberIndex, CompactProposal)> {
        std::mem::take(&mut self.0)
    }
}
