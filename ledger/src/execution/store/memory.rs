//! A store in memory: for auditors and tests.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{PoisonError, RwLock},
};

use super::{Store, StoreEntries, StoreError};
use crate::state::overlay::Writes;

/// How many entries a scan takes at a time, so that it holds the lock for a moment only.
const PAGE: usize = 64;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn page(&self, start: Bound<&[u8]>, end: Option<&[u8]>) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let end = end.map_or(Bound::Unbounded, Bound::Excluded);
        let range = entries.range::<[u8], _>((start, end)).take(PAGE);
        range.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        if end.is_some_and(|end| end <= start) {
            return Box::new(std::iter::empty());
        }
        let end = end.map(<[u8]>::to_vec);
        let mut page = self.page(Bound::Included(start), end.as_deref()).into_iter();
        let mut last: Option<Vec<u8>> = None;
        Box::new(std::iter::from_fn(move || {
            let next = page.next().or_else(|| {
                let after = last.take()?;
                page = self.page(Bound::Excluded(&after), end.as_deref()).into_iter();
                page.next()
            })?;
            last = Some(next.0.clone());
            Some(Ok(next))
        }))
    }

    fn apply(&self, batch: Writes) -> Result<(), StoreError> {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
