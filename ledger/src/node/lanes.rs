//! A member's lanes: mini-blocks that wait, and what is to be sent when the log is synchronised.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Frame, clock};
use crate::{
    chain::Committee,
    consensus::CompactProposal,
    lanes::{Flight, LaneLimits, LanePool, Numbering, Numbers, Ripening},
    storage::NumberFile,
    types::{Cycle, MemberIndex, MiniHash, TxHash},
};

/// While a mini-block of its own is on its way, a member gathers transactions for so long before it makes the next.
pub(super) const GATHERING: Duration = Duration::from_millis(10);
/// Proposals of the next cycle that are kept, one of a sender.
const EARLY: usize = 8;
/// A member that believes receipts leaves a mini-block to its group for so long, in parts of a Δ, before it checks it.
const RIPENING: u32 = 2;
/// A transaction in a mini-block without f + 1 receipts is left to it for so long, in parts of Δ.
const LEFT_ALONE: u32 = 2;

/// A member's lanes.
pub(super) struct Lanes {
    pub pool: LanePool,
    pub flight: Flight,
    pub checks: Checks,
    pub early: Early,
    pub serving: Serving,
    /// Incomplete mini-blocks that could not be held back, for want of room: they are tried again.
    pub unheld: BTreeSet<MiniHash>,
    pub limits: LaneLimits,
    /// What may be sent once everything written so far is durable.
    pub outgoing: Vec<(Vec<MemberIndex>, Frame)>,
    /// Since when something waits to be put into a mini-block.
    pub gathering: Option<Duration>,
    /// When to see next whether others were asked in vain.
    pub asking_due: Duration,
    /// Δ: what is asked for is asked for again after it.
    pub patience: Duration,
    /// Whether this member believes f + 1 receipts.
    pub trusting: bool,
    numbering: Numbering,
    file: NumberFile,
    begun: Instant,
}

impl Lanes {
    pub fn new(
        pool: LanePool,
        limits: LaneLimits,
        patience: Duration,
        trusting: bool,
        (file, numbers): (NumberFile, Numbers),
    ) -> Self {
        Self {
            pool,
            flight: Flight::default(),
            checks: Checks::default(),
            early: Early::default(),
            serving: Serving::default(),
            unheld: BTreeSet::new(),
            limits,
            outgoing: Vec::new(),
            gathering: None,
            asking_due: Duration::ZERO,
            patience,
            trusting,
            numbering: Numbering::after(numbers, clock::now_ms()),
            file,
            begun: Instant::now(),
        }
    }

    /// A cycle begins.
    pub fn begin(&mut self, committee: Arc<Committee>) {
        self.pool.begin(committee);
        self.flight.clear();
        self.checks.clear();
        self.unheld.clear();
        self.gathering = None;
    }

    /// The time since the node started.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether a transaction is in a mini-block that may bring it into a block, or in a block under way.
    pub fn is_busy(&self, tx: &TxHash) -> bool {
        self.flight.contains(tx) || self.pool.carries(tx, self.now(), LEFT_ALONE * self.patience)
    }

    /// How this member waits for receipts.
    pub fn ripening(&self, me: MemberIndex) -> Ripening {
        let patience = self.trusting.then(|| self.patience / RIPENING);
        Ripening { me, now: self.now(), patience }
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
        let (_, refused) = self.unsure.entry(name).or_insert((author, 0));
        *refused += 1;
        if *refused >= CHECKS {
            self.unsure.remove(&name);
        }
    }

    /// A block is final.
    pub fn again(&mut self) {
        let waits =
            |author, name| self.queues.get(author).is_some_and(|queue: &VecDeque<_>| queue.contains(name));
        let again = self.unsure.iter().filter(|(name, (author, _))| !waits(author, name));
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
        let known = self.0.iter().any(|(sender, kept)| *sender == from || *kept == proposal);
        if !known && self.0.len() < EARLY {
            self.0.push_back((from, proposal));
        }
    }

    /// The cycle begins.
    pub fn take(&mut self) -> VecDeque<(MemberIndex, CompactProposal)> {
        std::mem::take(&mut self.0)
    }
}

/// Bytes of mini-blocks that are sent for one request. What is left out is asked for again.
const SERVED_AT_ONCE: usize = 1024 * 1024;
/// Of the largest mini-blocks, of which four fill a block, so many one peer gets within Δ.
const SERVED_IN_DELTA: usize = 8;

/// What each peer was given of the mini-blocks that it asked for: a request is small, its answer is not.
#[derive(Debug, Default)]
pub(super) struct Serving(BTreeMap<MemberIndex, (Duration, usize)>);

impl Serving {
    /// Which of these, by their sizes, a peer gets in answer to one request: the first ones, and at least one if it has
    /// not been given too much already. `largest` is the most bytes of a mini-block.
    pub fn grant<T>(
        &mut self,
        to: MemberIndex,
        (now, delta): (Duration, Duration),
        largest: usize,
        things: impl IntoIterator<Item = (T, usize)>,
    ) -> Vec<T> {
        self.0.retain(|_, (since, _)| *since + delta > now);
        let (_, served) = self.0.entry(to).or_insert((now, 0));
        let (mut granted, mut at_once) = (Vec::new(), 0);
        for (thing, bytes) in things {
            let fits = granted.is_empty() || at_once + bytes <= SERVED_AT_ONCE;
            if !fits || *served + bytes > SERVED_IN_DELTA * largest {
                break;
            }
            (at_once, *served) = (at_once + bytes, *served + bytes);
            granted.push(thing);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_gets_a_mebibyte_a_request_and_no_more_than_its_share_of_a_delta() {
        let (mut serving, peer, delta) = (Serving::default(), MemberIndex::new(1), Duration::from_secs(1));
        let mut ask = |at: u64, bytes: usize| {
            let now = Duration::from_millis(at);
            serving.grant(peer, (now, delta), 5 << 20, (0..64).map(|thing| (thing, bytes))).len()
        };
        assert_eq!(ask(0, 400_000), 2);
        assert_eq!(ask(1, 5 << 20), 1, "a large one goes alone");
        let most = (0..10_000).map(|_| ask(2, 400_000)).sum::<usize>() * 400_000;
        assert!(most <= SERVED_IN_DELTA * (5 << 20), "{most} bytes");
        assert_eq!(ask(999, 400_000), 0);
        assert_eq!(ask(1000, 400_000), 2, "and again after Δ");
    }

    #[test]
    fn a_mini_block_that_was_refused_three_times_is_forgotten() {
        let (mut checks, author, name) =
            (Checks::default(), MemberIndex::new(1), MiniHash::from_bytes([1; 32]));
        checks.add(author, name);
        for _ in 0..CHECKS {
            assert_eq!(checks.next(), Some(name));
            checks.done(&name);
            checks.refused(author, name);
            checks.again();
        }
        assert_eq!(checks.next(), None);
        assert!(checks.unsure.is_empty());
    }
}
