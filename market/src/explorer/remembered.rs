//! What was worked out from final blocks: it stays as it is, and need not be worked out each time that somebody asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Values by key, up to a weight; when it is exceeded, all are forgotten, and what is asked for is worked out anew.
#[derive(Debug)]
pub struct Remembered<K, V> {
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    weight: usize,
    values: BTreeMap<K, V>,
}

impl<K: Ord, V: Clone> Remembered<K, V> {
    /// Nothing yet, and never more than `most` by weight.
    pub const fn up_to(most: usize) -> Self {
        Self { most, kept: Mutex::new(Kept { weight: 0, values: BTreeMap::new() }) }
    }

    /// The value of a key, if it is remembered.
    pub fn get(&self, key: &K) -> Option<V> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).values.get(key).cloned()
    }

    /// Remembers a value of some weight.
    pub fn put(&self, key: K, value: V, weight: usize) {
        if weight > self.most {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.weight + weight > self.most {
            kept.values.clear();
            kept.weight = 0;
        }
        // Two may have worked it out at a time; it counts once.
        if kept.values.insert(key, value).is_none() {
            kept.weight += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Remembered;

    #[test]
    fn no_more_is_remembered_than_it_may_weigh() {
        let remembered = Remembered::up_to(10);
        remembered.put(1, 'a', 6);
        remembered.put(1, 'a', 6);
        remembered.put(2, 'b', 4);
        assert_eq!((remembered.get(&1), remembered.get(&2)), (Some('a'), Some('b')));
        remembered.put(3, 'c', 11);
        assert_eq!((remembered.get(&1), remembered.get(&3)), (Some('a'), None));
        remembered.put(4, 'd', 1);
        assert_eq!((remembered.get(&1), remembered.get(&4)), (None, Some('d')));
    }
}
