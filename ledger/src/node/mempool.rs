//! Transactions that wait for a block. Bounded in all, and for each member that they come from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    chain::Block,
    types::{MemberIndex, TxHash},
};

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MempoolLimits {
    /// Transactions in all.
    pub txs: usize,
    /// Bytes in all.
    pub bytes: usize,
}

impl Default for MempoolLimits {
    fn default() -> Self {
        Self { txs: 16_384, bytes: 64 * 1024 * 1024 }
    }
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Whose part it is to put a transaction into a mini-block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// This member's.
    Mine(Check),
    /// Another was asked; if by then it is in no mini-block, the next is.
    Asked {
        /// How many were asked before.
        attempt: usize,
        /// When to ask the next.
        due: Duration,
    },
}

/// What is known of a transaction before it goes into a mini-block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing.
    New,
    /// It is being checked.
    Running,
    /// It is good.
    Good,
    /// It was refused on the newest final state; the one that sent it may know a newer one.
    Doubtful,
}

/// A transaction is no good when it was refused so often, with a final block between.
const CHECKS: u8 = 3;

struct Waiting {
    tx: Arc<[u8]>,
    from: MemberIndex,
    order: u64,
    /// Blocks that went by without it.
    passed: u32,
    refused: u8,
    part: Part,
}

/// Transactions that wait.
pub(super) struct Mempool {
    limits: MempoolLimits,
    members: usize,
    waiting: BTreeMap<TxHash, Waiting>,
    order: BTreeMap<u64, TxHash>,
    next: u64,
    bytes: usize,
    used: BTreeMap<MemberIndex, (usize, usize)>,
    /// Those that this member may put into a mini-block, by their order.
    uncut: BTreeMap<u64, TxHash>,
    /// Those that name something that is not here: in no mini-block and no block of this member's.
    incomplete: BTreeSet<TxHash>,
}

impl Mempool {
    pub fn new(limits: MempoolLimits, members: usize) -> Self {
        Self {
            limits,
            members,
            waiting: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
            bytes: 0,
            used: BTreeMap::new(),
            uncut: BTreeMap::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// Takes a transaction from a member. Half the room is for all alike, the other half shared out evenly, so that
    /// no member can fill it alone.
    pub fn insert(&mut self, hash: TxHash, tx: Arc<[u8]>, from: MemberIndex, part: Part) -> Result<(), Full> {
        if let Some(waiting) = self.waiting.get_mut(&hash) {
            // Asked to author what another was asked to author: then both may, once it is checked. It may have come from
            // others alone while this member had no seat.
            if matches!((waiting.part, part), (Part::Asked { .. }, Part::Mine(_))) {
                waiting.part = Part::Mine(Check::New);
            }
            return Ok(());
        }
        let used = self.used.entry(from).or_default();
        let share = |limit: usize| limit / 2 / self.members.max(1);
        let in_share = used.0 < share(self.limits.txs) && used.1 + tx.len() <= share(self.limits.bytes);
        let common =
            self.waiting.len() < self.limits.txs / 2 && self.bytes + tx.len() <= self.limits.bytes / 2;
        if !in_share && !common {
            return Err(Full);
        }
        *used = (used.0 + 1, used.1 + tx.len());
        self.bytes += tx.len();
        self.order.insert(self.next, hash);
        self.uncut.insert(self.next, hash);
        self.waiting.insert(hash, Waiting { tx, from, order: self.next, passed: 0, refused: 0, part });
        self.next += 1;
        Ok(())
    }

    pub fn remove(&mut self, hash: &TxHash) {
        self.incomplete.remove(hash);
        let Some(Waiting { tx, from, order, .. }) = self.waiting.remove(hash) else { return };
        self.order.remove(&order);
        self.uncut.remove(&order);
        self.bytes -= tx.len();
        if let Some(used) = self.used.get_mut(&from) {
            *used = (used.0.saturating_sub(1), used.1.saturating_sub(tx.len()));
        }
    }

    /// Those that this member is to author and that are not busy: neither in a mini-block nor in a block under way.
    fn mine(&self, busy: impl Fn(&TxHash) -> bool) -> impl Iterator<Item = (TxHash, &Waiting, Check)> {
        self.uncut.values().filter_map(move |hash| {
            let waiting = self.waiting.get(hash)?;
            match waiting.part {
                Part::Mine(check) if !busy(hash) && !self.incomplete.contains(hash) => {
                    Some((*hash, waiting, check))
                }
                _ => None,
            }
        })
    }

    /// Whether there is anything that this member should bring into a block.
    pub fn is_pending(&self, busy: impl Fn(&TxHash) -> bool) -> bool {
        self.mine(busy).any(|(_, _, check)| !matches!(check, Check::Doubtful))
    }

    /// These are in a mini-block of this member's.
    pub fn cut(&mut self, hashes: &[TxHash]) {
        let orders = hashes.iter().filter_map(|hash| self.waiting.get(hash)).map(|waiting| waiting.order);
        for order in orders {
            self.uncut.remove(&order);
        }
    }

    /// Whether a transaction that waits may be put into a mini-block or a block. One that names what is not here may not.
    pub fn set_complete(&mut self, hash: TxHash, complete: bool) {
        if complete {
            self.incomplete.remove(&hash);
        } else if self.waiting.contains_key(&hash) {
            self.incomplete.insert(hash);
        }
    }

    /// Whether a transaction waits.
    pub fn contains(&self, hash: &TxHash) -> bool {
        self.waiting.contains_key(hash)
    }

    /// Transactions and bytes that wait.
    pub fn used(&self) -> (usize, usize) {
        (self.waiting.len(), self.bytes)
    }

    /// A transaction that waits.
    pub fn get(&self, hash: &TxHash) -> Option<Arc<[u8]>> {
        self.waiting.get(hash).map(|waiting| Arc::clone(&waiting.tx))
    }

    /// What a block of this member's may take without a mini-block, in the order of arrival. The block's own checks decide.
    pub fn own(&self, txs: usize, bytes: usize, busy: impl Fn(&TxHash) -> bool) -> Vec<Arc<[u8]>> {
        fitting(self.mine(busy).map(|(_, waiting, _)| &waiting.tx), txs, bytes)
    }

    /// What the next mini-block may take: what is known to be good, in the order of arrival.
    pub fn uncut(&self, txs: usize, bytes: usize, busy: impl Fn(&TxHash) -> bool) -> Vec<Arc<[u8]>> {
        let good = self.mine(busy).filter(|(_, _, check)| *check == Check::Good);
        fitting(good.map(|(_, waiting, _)| &waiting.tx), txs, bytes)
    }

    /// What has to be checked before it goes into a mini-block.
    pub fn unchecked(&mut self, busy: impl Fn(&TxHash) -> bool) -> Vec<Arc<[u8]>> {
        let new: Vec<_> =
            self.mine(busy).filter(|(_, _, check)| *check == Check::New).map(|(hash, ..)| hash).collect();
        new.iter().for_each(|hash| self.set(hash, Check::Running));
        new.iter().filter_map(|hash| self.get(hash)).collect()
    }

    /// What is being checked will not be heard of.
    pub fn check_anew(&mut self) {
        for waiting in self.waiting.values_mut() {
            if matches!(waiting.part, Part::Mine(Check::Running)) {
                waiting.part = Part::Mine(Check::New);
            }
        }
    }

    fn set(&mut self, hash: &TxHash, check: Check) {
        if let Some(Waiting { part: Part::Mine(known), .. }) = self.waiting.get_mut(hash) {
            *known = check;
        }
    }

    /// A transaction was found to be good.
    pub fn approve(&mut self, hash: &TxHash) {
        self.set(hash, Check::Good);
    }

    /// A transaction was refused before it was in any mini-block. False if it is no good for sure.
    pub fn doubt(&mut self, hash: &TxHash) -> bool {
        let Some(waiting) = self.waiting.get_mut(hash) else { return true };
        waiting.refused += 1;
        if waiting.refused < CHECKS && matches!(waiting.part, Part::Mine(_)) {
            waiting.part = Part::Mine(Check::Doubtful);
            return true;
        }
        false
    }

    /// A block is final: what was doubtful may be good now.
    pub fn reconsider(&mut self) {
        for waiting in self.waiting.values_mut() {
            if matches!(waiting.part, Part::Mine(Check::Doubtful)) {
                waiting.part = Part::Mine(Check::New);
            }
        }
    }

    /// Those for which another member was asked too long ago, and how often.
    pub fn overdue(&self, now: Duration, busy: impl Fn(&TxHash) -> bool) -> Vec<(TxHash, usize)> {
        let late = self.waiting.iter().filter_map(|(hash, waiting)| match waiting.part {
            Part::Asked { attempt, due } if due <= now && !busy(hash) => Some((*hash, attempt)),
            _ => None,
        });
        late.collect()
    }

    /// Whether anything waits that is in no mini-block of this member's: whether another brings it in has to be seen.
    pub fn has_uncut(&self) -> bool {
        !self.uncut.is_empty()
    }

    /// Says whose part a transaction is from now on.
    pub fn assign(&mut self, hash: &TxHash, part: Part) {
        if let Some(waiting) = self.waiting.get_mut(hash) {
            waiting.part = part;
        }
    }

    /// A cycle begins, with so many members. Mini-blocks of the one before are of no use any more, and without a seat this
    /// member makes none.
    pub fn begin(&mut self, members: usize, seated: bool) {
        self.members = members;
        self.uncut = self.order.clone();
        self.reconsider();
        for waiting in self.waiting.values_mut().filter(|_| !seated) {
            waiting.part = Part::Asked { attempt: 0, due: Duration::ZERO };
        }
    }

    /// A block is final. Those waiting transactions that should be checked again, as blocks keep passing them by.
    pub fn settle(&mut self, block: &Block, busy: impl Fn(&TxHash) -> bool) -> Vec<Arc<[u8]>> {
        for hash in block.tx_hashes() {
            self.remove(&hash);
        }
        let mut doubtful = Vec::new();
        for (hash, waiting) in &mut self.waiting {
            if !busy(hash) && !self.incomplete.contains(hash) {
                waiting.passed += 1;
                if waiting.passed >= 2 && waiting.passed.is_power_of_two() {
                    doubtful.push(Arc::clone(&waiting.tx));
                }
            }
        }
        doubtful
    }
}

/// As many as fit, in their order.
fn fitting<'a>(all: impl Iterator<Item = &'a Arc<[u8]>>, txs: usize, bytes: usize) -> Vec<Arc<[u8]>> {
    let mut room = bytes;
    let fit = all.take(txs).map_while(|tx| {
        room = room.checked_sub(tx.len())?;
        Some(Arc::clone(tx))
    });
    fit.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: Part = Part::Mine(Check::Good);

    fn tx(byte: u8, length: usize) -> (TxHash, Arc<[u8]>) {
        let tx: Arc<[u8]> = vec![byte; length].into();
        (TxHash::of(&tx), tx)
    }

    #[test]
    fn one_member_cannot_fill_it_alone() {
        let mut pool = Mempool::new(MempoolLimits { txs: 16, bytes: 1 << 20 }, 4);
        let filled = (0..100).filter(|byte| {
            let (hash, body) = tx(*byte, 10);
            pool.insert(hash, body, MemberIndex::new(1), MINE).is_ok()
        });
        assert_eq!(filled.count(), 8, "half the room is common");
        let (hash, body) = tx(200, 10);
        assert_eq!(
            pool.insert(hash, body, MemberIndex::new(2), MINE),
            Ok(()),
            "the other half is shared out"
        );
    }

    #[test]
    fn candidates_come_in_order_and_within_limits() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        for byte in [9, 3, 7] {
            let (hash, body) = tx(byte, 100);
            pool.insert(hash, body, MemberIndex::new(0), MINE).expect("room");
        }
        let first: Vec<u8> = pool.uncut(10, 250, |_| false).iter().map(|tx| tx[0]).collect();
        assert_eq!(first, [9, 3]);
        assert!(pool.is_pending(|_| false) && !pool.is_pending(|_| true));
        pool.remove(&tx(9, 100).0);
        assert_eq!(pool.uncut(10, 250, |_| false).len(), 2);
    }

    #[test]
    fn what_is_being_checked_can_be_checked_anew() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        let (hash, body) = tx(1, 100);
        pool.insert(hash, body, MemberIndex::new(0), Part::Mine(Check::New)).expect("room");
        assert_eq!(pool.unchecked(|_| false).len(), 1);
        assert_eq!(pool.unchecked(|_| false).len(), 0, "it is being checked");
        pool.check_anew();
        assert_eq!(pool.unchecked(|_| false).len(), 1);
        pool.approve(&hash);
        pool.check_anew();
        assert_eq!(pool.unchecked(|_| false).len(), 0, "it is good");
    }

    #[test]
    fn what_came_from_others_while_there_was_no_seat_is_authored_only_when_it_was_checked_here() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        let (hash, body) = tx(1, 100);
        let asked = |pool: &mut Mempool| {
            pool.insert(hash, Arc::clone(&body), MemberIndex::new(1), Part::Mine(Check::New)).expect("room");
        };
        asked(&mut pool);
        pool.begin(4, false);
        asked(&mut pool);
        assert!(pool.uncut(10, 250, |_| false).is_empty(), "nobody has looked at it");
        assert_eq!(pool.unchecked(|_| false).len(), 1);
        pool.approve(&hash);
        assert_eq!(pool.uncut(10, 250, |_| false).len(), 1);
    }

    #[test]
    fn what_is_incomplete_is_not_offered_until_it_is_complete() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        let (hash, body) = tx(1, 100);
        pool.insert(hash, body, MemberIndex::new(0), MINE).expect("room");
        pool.set_complete(hash, false);
        assert!(!pool.is_pending(|_| false) && pool.uncut(10, 250, |_| false).is_empty());
        pool.set_complete(hash, true);
        assert!(pool.is_pending(|_| false) && pool.uncut(10, 250, |_| false).len() == 1);
    }
}
