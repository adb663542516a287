//! Transactions that wait for a block. Bounded in all, and for each member that they come from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    chain::Block,
    types::{MemberIndex, TxHash, View},
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

struct Waiting {
    tx: Arc<[u8]>,
    from: MemberIndex,
    order: u64,
    /// Blocks that went by without it.
    passed: u32,
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
    /// Transactions of blocks that are neither final nor given up.
    in_flight: BTreeMap<View, Vec<TxHash>>,
    flying: BTreeSet<TxHash>,
    /// Those that name something that is not here: not offered for blocks.
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
            in_flight: BTreeMap::new(),
            flying: BTreeSet::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// Takes a transaction from a member. Half the room is for all alike, the other half shared out evenly, so that
    /// no member can fill it alone.
    pub fn insert(&mut self, hash: TxHash, tx: Arc<[u8]>, from: MemberIndex) -> Result<(), Full> {
        if self.waiting.contains_key(&hash) {
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
        self.waiting.insert(hash, Waiting { tx, from, order: self.next, passed: 0 });
        self.next += 1;
        Ok(())
    }

    pub fn remove(&mut self, hash: &TxHash) {
        self.incomplete.remove(hash);
        let Some(Waiting { tx, from, order, .. }) = self.waiting.remove(hash) else { return };
        self.order.remove(&order);
        self.bytes -= tx.len();
        if let Some(used) = self.used.get_mut(&from) {
            *used = (used.0.saturating_sub(1), used.1.saturating_sub(tx.len()));
        }
    }

    /// Whether a transaction that waits may be offered for blocks. One that names what is not here may not.
    pub fn set_complete(&mut self, hash: TxHash, complete: bool) {
        if complete {
            self.incomplete.remove(&hash);
        } else if self.waiting.contains_key(&hash) {
            self.incomplete.insert(hash);
        }
    }

    fn is_free(&self, hash: &TxHash) -> bool {
        !self.flying.contains(hash) && !self.incomplete.contains(hash)
    }

    /// Whether anything waits that is in no block under way, and might be in the next.
    pub fn is_pending(&self) -> bool {
        self.waiting.len() > self.flying.len() + self.incomplete.len()
            || self.waiting.keys().any(|hash| self.is_free(hash))
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

    /// Candidates for a block, in the order of their arrival.
    pub fn candidates(&self, txs: usize, bytes: usize) -> Vec<Arc<[u8]>> {
        let mut room = bytes;
        let free = self.order.values().filter(|hash| self.is_free(hash));
        free.filter_map(|hash| self.waiting.get(hash))
            .take(txs)
            .map_while(|waiting| {
                room = room.checked_sub(waiting.tx.len())?;
                Some(Arc::clone(&waiting.tx))
            })
            .collect()
    }

    /// A block with these transactions is under way.
    pub fn depart(&mut self, block: &Block) {
        let hashes = block.tx_hashes();
        self.flying.extend(hashes.iter().filter(|hash| self.waiting.contains_key(hash)));
        self.in_flight.insert(block.header.view, hashes);
    }

    /// The block of a view was given up: its transactions wait again.
    pub fn give_up(&mut self, view: View) {
        if self.in_flight.remove(&view).is_some() {
            self.refresh();
        }
    }

    /// A cycle begins, with so many members: no block of the one before is under way any more.
    pub fn begin(&mut self, members: usize) {
        self.members = members;
        self.in_flight.clear();
        self.refresh();
    }

    /// A block is final. Those waiting transactions that should be checked again, as blocks keep passing them by.
    pub fn settle(&mut self, block: &Block) -> Vec<Arc<[u8]>> {
        for hash in block.tx_hashes() {
            self.remove(&hash);
        }
        self.in_flight = self.in_flight.split_off(&block.header.view.next());
        self.refresh();
        let mut doubtful = Vec::new();
        for (hash, waiting) in &mut self.waiting {
            if !self.flying.contains(hash) && !self.incomplete.contains(hash) {
                waiting.passed += 1;
                if waiting.passed >= 2 && waiting.passed.is_power_of_two() {
                    doubtful.push(Arc::clone(&waiting.tx));
                }
            }
        }
        doubtful
    }

    fn refresh(&mut self) {
        let flying = self.in_flight.values().flatten().filter(|hash| self.waiting.contains_key(hash));
        self.flying = flying.copied().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tx(byte: u8, length: usize) -> (TxHash, Arc<[u8]>) {
        let tx: Arc<[u8]> = vec![byte; length].into();
        (TxHash::of(&tx), tx)
    }

    #[test]
    fn one_member_cannot_fill_it_alone() {
        let mut pool = Mempool::new(MempoolLimits { txs: 16, bytes: 1 << 20 }, 4);
        let filled = (0..100).filter(|byte| {
            let (hash, body) = tx(*byte, 10);
            pool.insert(hash, body, MemberIndex::new(1)).is_ok()
        });
        assert_eq!(filled.count(), 8, "half the room is common");
        let (hash, body) = tx(200, 10);
        assert_eq!(pool.insert(hash, body, MemberIndex::new(2)), Ok(()), "the other half is shared out");
    }

    #[test]
    fn candidates_come_in_order_and_within_limits() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        for byte in [9, 3, 7] {
            let (hash, body) = tx(byte, 100);
            pool.insert(hash, body, MemberIndex::new(0)).expect("room");
        }
        let first: Vec<u8> = pool.candidates(10, 250).iter().map(|tx| tx[0]).collect();
        assert_eq!(first, [9, 3]);
        assert!(pool.is_pending());
        pool.remove(&tx(9, 100).0);
        assert_eq!(pool.candidates(10, 250).len(), 2);
    }

    #[test]
    fn what_is_incomplete_is_not_offered_until_it_is_complete() {
        let mut pool = Mempool::new(MempoolLimits::default(), 4);
        let (hash, body) = tx(1, 100);
        pool.insert(hash, body, MemberIndex::new(0)).expect("room");
        pool.set_complete(hash, false);
        assert!(!pool.is_pending() && pool.candidates(10, 250).is_empty());
        pool.set_complete(hash, true);
        assert!(pool.is_pending() && pool.candidates(10, 250).len() == 1);
    }
}
