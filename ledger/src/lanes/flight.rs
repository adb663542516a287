//! Transactions of blocks that are under way: neither final nor given up.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{TxHash, View};

/// Transactions of blocks that are under way. No second block should take them meanwhile.
#[derive(Debug, Default)]
pub struct Flight {
    blocks: BTreeMap<View, BTreeSet<TxHash>>,
    /// In how many of these blocks each transaction is.
    flying: BTreeMap<TxHash, usize>,
}

impl Flight {
    /// Whether a transaction is in a block under way.
    pub fn contains(&self, tx: &TxHash) -> bool {
        self.flying.contains_key(tx)
    }

    /// A block of this view, with these transactions, is under way.
    pub fn depart(&mut self, view: View, txs: impl IntoIterator<Item = TxHash>) {
        let block = self.blocks.entry(view).or_default();
        for tx in txs {
            if block.insert(tx) {
                *self.flying.entry(tx).or_default() += 1;
            }
        }
    }

    /// A view begins: the blocks of those before it that nobody can build on are given up.
    pub fn give_up_before(&mut self, view: View, notarized: impl Fn(View) -> bool) {
        let over: Vec<_> =
            self.blocks.range(..view).map(|(of, _)| *of).filter(|of| !notarized(*of)).collect();
        for block in over.iter().filter_map(|of| self.blocks.remove(of)).collect::<Vec<_>>() {
            block.iter().for_each(|tx| self.release(tx));
        }
    }

    /// The block of a view is final: those of earlier views are so too, or never will be.
    pub fn land(&mut self, view: View) {
        let later = self.blocks.split_off(&view.next());
        for block in std::mem::replace(&mut self.blocks, later).into_values() {
            block.iter().for_each(|tx| self.release(tx));
        }
    }

    /// A cycle begins: no block of the one before is under way any more.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.flying.clear();
    }

    fn release(&mut self, tx: &TxHash) {
        if let Some(count) = self.flying.get_mut(tx) {
            *count -= 1;
            if *count == 0 {
                self.flying.remove(tx);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_views_that_are_over_only_notarized_ones_keep_their_transactions() {
        let txs = [1u8, 2, 3, 4].map(|byte| TxHash::of(&[byte]));
        let mut flight = Flight::default();
        for (view, tx) in (1..).zip(txs) {
            flight.depart(View::new(view), [tx]);
        }
        // Views 1 and 3 were nullified; 3 after 1, and both before view 4 began here.
        flight.give_up_before(View::new(4), |view| view == View::new(2));
        assert_eq!(txs.map(|tx| flight.contains(&tx)), [false, true, false, true]);
        flight.land(View::new(4));
        assert!(txs.iter().all(|tx| !flight.contains(tx)));
    }
}
