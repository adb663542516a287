//! A store whose present content can be read for a while although it changes: what a batch overwrites is kept in memory
//! for the reader.

use std::{
    collections::{BTreeMap, btree_map},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::{Store, StoreEntries, StoreError};
use crate::state::overlay::Writes;

/// Entries that a scan takes at a time. Writers wait meanwhile.
const PAGE: usize = 64;
/// Most bytes kept for a reader. One for whom more would have to be kept finds its content gone.
const MOST_KEPT: usize = 256 * 1024 * 1024;

/// A store that can be frozen for a reader.
pub struct FreezableStore {
    inner: Arc<dyn Store>,
    frozen: Mutex<Weak<Mutex<Kept>>>,
}

/// What was at keys that have been written since.
#[derive(Default)]
struct Kept {
    entries: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
    gone: bool,
}

impl Kept {
    fn keep(&mut self, store: &dyn Store, batch: &Writes) -> Result<(), StoreError> {
        if self.gone {
            return Ok(());
        }
        for key in batch.keys() {
            if let btree_map::Entry::Vacant(entry) = self.entries.entry(key.clone()) {
                let value = store.get(key)?;
                self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
                entry.insert(value);
            }
            if self.bytes > MOST_KEPT {
                self.lose();
                break;
            }
        }
        Ok(())
    }

    fn lose(&mut self) {
        *self = Self { gone: true, ..Self::default() };
    }

    fn present(&self) -> Result<(), StoreError> {
        match self.gone {
            true => Err(StoreError::Io("too much changed while an earlier content was read".into())),
            false => Ok(()),
        }
    }
}

impl FreezableStore {
    /// A store that can be frozen.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, frozen: Mutex::new(Weak::new()) }
    }

    /// The present content, to be read while it changes; none while an earlier one still is.
    pub fn freeze(&self) -> Option<FrozenStore> {
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        if frozen.strong_count() > 0 {
            return None;
        }
        let kept = Arc::new(Mutex::new(Kept::default()));
        *frozen = Arc::downgrade(&kept);
        Some(FrozenStore { inner: Arc::clone(&self.inner), kept })
    }
}

impl Store for FreezableStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        self.inner.scan(start, end)
    }

    fn apply(&self, batch: Writes) -> Result<(), StoreError> {
        let frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = frozen.upgrade() else { return self.inner.apply(batch) };
        // Nobody reads between.
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keep(self.inner.as_ref(), &batch)?;
        self.inner.apply(batch)
    }

    fn clear(&self) -> Result<(), StoreError> {
        let frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = frozen.upgrade() else { return self.inner.clear() };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lose();
        self.inner.clear()
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush()
    }
}

/// What a store had when it was frozen. It cannot be written.
pub struct FrozenStore {
    inner: Arc<dyn Store>,
    kept: Arc<Mutex<Kept>>,
}

type Entry = (Vec<u8>, Vec<u8>);
/// Some entries, and where to go on.
type Page = (BTreeMap<Vec<u8>, Vec<u8>>, Option<Vec<u8>>);

impl FrozenStore {
    fn kept(&self) -> Result<MutexGuard<'_, Kept>, StoreError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.present()?;
        Ok(kept)
    }

    /// Some entries, and where to go on.
    fn page(&self, start: &[u8], end: Option<&[u8]>) -> Result<Page, StoreError> {
        let kept = self.kept()?;
        let page = self.inner.scan(start, end).take(PAGE).collect::<Result<BTreeMap<_, _>, _>>()?;
        let last = page.last_key_value().map(|(key, _)| key.clone()).filter(|_| page.len() == PAGE);
        let upper = match (&last, end) {
            (Some(last), _) => Bound::Included(last.as_slice()),
            (None, Some(end)) => Bound::Excluded(end),
            (None, None) => Bound::Unbounded,
        };
        let mut page = page;
        for (key, value) in kept.entries.range::<[u8], _>((Bound::Included(start), upper)) {
            match value {
                Some(value) => page.insert(key.clone(), value.clone()),
                None => page.remove(key),
            };
        }
        let next = last.map(|last| [last.as_slice(), &[0]].concat());
        Ok((page, next))
    }
}

fn read_only() -> StoreError {
    StoreError::Io("a frozen content cannot be written".into())
}

impl Store for FrozenStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let kept = self.kept()?;
        match kept.entries.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.inner.get(key),
        }
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        if end.is_some_and(|end| end <= start) {
            return Box::new(std::iter::empty());
        }
        let end = end.map(<[u8]>::to_vec);
        let mut next = Some(start.to_vec());
        let mut page = BTreeMap::new().into_iter();
        Box::new(std::iter::from_fn(move || {
            loop {
                if let Some(entry) = page.next() {
                    return Some(Ok::<Entry, _>(entry));
                }
                match self.page(&next.take()?, end.as_deref()) {
                    Ok((entries, rest)) => (page, next) = (entries.into_iter(), rest),
                    Err(error) => return Some(Err(error)),
                }
            }
        }))
    }

    fn apply(&self, _: Writes) -> Result<(), StoreError> {
        Err(read_only())
    }

    fn clear(&self) -> Result<(), StoreError> {
        Err(read_only())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::MemoryStore;

    fn writes(entries: impl IntoIterator<Item = (u32, Option<u8>)>) -> Writes {
        let entry =
            |(key, value): (u32, Option<u8>)| (key.to_be_bytes().to_vec(), value.map(|value| vec![value]));
        entries.into_iter().map(entry).collect()
    }

    fn all(store: &dyn Store) -> Vec<Entry> {
        store.scan(&[], None).collect::<Result<_, _>>().expect("reads")
    }

    #[test]
    fn what_was_there_is_read_while_the_store_changes_under_the_scan() {
        let store = FreezableStore::new(Arc::new(MemoryStore::new()));
        store.apply(writes((0..1000).map(|key| (key * 2, Some(1))))).expect("writes");
        let before = all(&store);
        let frozen = store.freeze().expect("nobody else reads");
        assert!(store.freeze().is_none());
        let mut scan = frozen.scan(&[], None);
        let mut found: Vec<_> = scan.by_ref().take(100).map(|entry| entry.expect("reads")).collect();
        // Changed, removed and new, before and after where the scan is; twice.
        for value in [2, 3] {
            store
                .apply(writes((0..1000).map(|key| (key * 2, (key % 3 > 0).then_some(value)))))
                .expect("writes");
            store.apply(writes((0..1000).map(|key| (key * 2 + 1, Some(value))))).expect("writes");
        }
        found.extend(scan.map(|entry| entry.expect("reads")));
        assert!(found == before);
        assert_eq!(frozen.get(&6u32.to_be_bytes()).expect("reads"), Some(vec![1]));
        assert_eq!(frozen.get(&7u32.to_be_bytes()).expect("reads"), None);
        assert!(all(&frozen) == before && all(&store) != before);
        store.clear().expect("clears");
        assert!(
            frozen.get(&[]).is_err() && frozen.scan(&[], None).next().is_some_and(|entry| entry.is_err())
        );
        drop(frozen);
        assert!(store.freeze().is_some());
    }
}
