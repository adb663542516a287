//! Things held back until everything that they need is here.
//!
//! What names bodies that travel apart from it (a proposal, a transaction) waits here, and is looked at as if it had
//! just come once the last of them has. Whoever holds something back asks for what it needs; this only keeps the books.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{BlobHash, MiniHash};

/// What can be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A blob that a transaction names.
    Blob(BlobHash),
    /// A mini-block that a proposal names.
    Mini(MiniHash),
}

/// Things that wait, by their names. Bounded.
#[derive(Debug)]
pub(super) struct Awaiting<K, T> {
    limit: usize,
    items: BTreeMap<K, Item<T>>,
    needed: BTreeMap<Need, BTreeSet<K>>,
}

#[derive(Debug)]
struct Item<T> {
    thing: T,
    /// Not here yet.
    needs: BTreeSet<Need>,
}

impl<K: Copy + Ord, T> Awaiting<K, T> {
    /// Nothing waits; at most `limit` things may.
    pub fn new(limit: usize) -> Self {
        Self { limit, items: BTreeMap::new(), needed: BTreeMap::new() }
    }

    /// Holds a thing back, in place of one of the same name. False, and nothing is held, if there is no room.
    pub fn hold(&mut self, name: K, thing: T, needs: BTreeSet<Need>) -> bool {
        self.remove(&name);
        if self.items.len() >= self.limit {
            return false;
        }
        for need in &needs {
            self.needed.entry(*need).or_default().insert(name);
        }
        self.items.insert(name, Item { thing, needs });
        true
    }

    /// Nothing waits any more.
    pub fn clear(&mut self) {
        self.items.clear();
        self.needed.clear();
    }

    /// Whether a thing of this name waits.
    pub fn contains(&self, name: &K) -> bool {
        self.items.contains_key(name)
    }

    /// Whether anything waits for this.
    pub fn is_needed(&self, need: &Need) -> bool {
        self.needed.contains_key(need)
    }

    /// What waits, in the order of names, and what it still needs.
    pub fn things_mut(&mut self) -> impl Iterator<Item = (&K, &mut T, &BTreeSet<Need>)> {
        self.items.iter_mut().map(|(name, item)| (name, &mut item.thing, &item.needs))
    }

    /// What waits, in the order of names.
    pub fn things(&self) -> impl Iterator<Item = &T> {
        self.items.values().map(|item| &item.thing)
    }

    /// The names of what waits, in order.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.items.keys()
    }

    /// Something has come: gives the things that need nothing more.
    pub fn arrived(&mut self, need: &Need) -> Vec<(K, T)> {
        let names = self.needed.remove(need).unwrap_or_default();
        let complete = |name: &K| {
            let item = self.items.get_mut(name)?;
            item.needs.remove(need);
            item.needs.is_empty().then_some(*name)
        };
        let complete: Vec<K> = names.iter().filter_map(complete).collect();
        complete.into_iter().filter_map(|name| Some((name, self.remove(&name)?))).collect()
    }

    /// Something will not come: gives the things that needed it.
    pub fn abandon(&mut self, need: &Need) -> Vec<(K, T)> {
        let names = self.needed.remove(need).unwrap_or_default();
        names.into_iter().filter_map(|name| Some((name, self.remove(&name)?))).collect()
    }

    /// Holds a thing back no longer.
    pub fn remove(&mut self, name: &K) -> Option<T> {
        let item = self.items.remove(name)?;
        for need in &item.needs {
            if let Some(names) = self.needed.get_mut(need) {
                names.remove(name);
                if names.is_empty() {
                    self.needed.remove(need);
                }
            }
        }
        Some(item.thing)
    }

    /// Takes out all things before a name, in order.
    pub fn take_before(&mut self, bound: K) -> Vec<(K, T)> {
        let names: Vec<K> = self.items.range(..bound).map(|(name, _)| *name).collect();
        names.into_iter().filter_map(|name| Some((name, self.remove(&name)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(of: &[u8]) -> BTreeSet<Need> {
        of.iter().map(|byte| need(*byte)).collect()
    }

    fn need(byte: u8) -> Need {
        Need::Blob(BlobHash::from_bytes([byte; 32]))
    }

    #[test]
    fn a_thing_waits_for_the_last_of_its_needs() {
        let mut awaiting = Awaiting::new(9);
        assert!(awaiting.hold(1, "one", needs(&[1, 2])));
        assert!(awaiting.hold(2, "two", needs(&[2, 3])));
        assert_eq!(awaiting.arrived(&need(1)), []);
        assert_eq!(awaiting.arrived(&need(2)), [(1, "one")]);
        assert!(awaiting.contains(&2) && !awaiting.contains(&1));
        assert_eq!(awaiting.abandon(&need(3)), [(2, "two")]);
        assert!(awaiting.items.is_empty() && awaiting.needed.is_empty(), "{awaiting:?}");
    }

    #[test]
    fn it_is_bounded_and_forgets_what_is_taken_out() {
        let mut awaiting = Awaiting::new(2);
        assert!(awaiting.hold(1, (), needs(&[1])) && awaiting.hold(2, (), needs(&[1])));
        assert!(!awaiting.hold(3, (), needs(&[1])), "no room");
        assert!(awaiting.hold(2, (), needs(&[4])), "in place of the same");
        assert_eq!(awaiting.take_before(2), [(1, ())]);
        assert_eq!(awaiting.arrived(&need(1)), []);
        assert_eq!(awaiting.names().collect::<Vec<_>>(), [&2]);
        assert_eq!(awaiting.needed.len(), 1);
    }
}
