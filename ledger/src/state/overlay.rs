//! Writes that are kept apart from the state they were made on, until it is known whether they count.

use std::{collections::BTreeMap, iter::Peekable, ops::Bound};

use super::{Entries, StateRead, StateWrite};

/// What was written: a value, or `None` where a key was removed.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A state with writes on top of another, which stays as it is.
pub struct Overlay<'a> {
    base: &'a dyn StateRead,
    writes: Writes,
}

impl<'a> Overlay<'a> {
    /// Nothing written yet on `base`.
    pub fn new(base: &'a dyn StateRead) -> Self {
        Self { base, writes: Writes::new() }
    }

    /// `base` with these writes on top.
    pub fn with_writes(base: &'a dyn StateRead, writes: Writes) -> Self {
        Self { base, writes }
    }

    /// The writes.
    pub fn into_writes(self) -> Writes {
        self.writes
    }

    /// Takes over writes, which win over those made before.
    pub fn absorb(&mut self, writes: Writes) {
        self.writes.extend(writes);
    }

    /// The writes so far.
    pub fn writes(&self) -> &Writes {
        &self.writes
    }
}

impl StateRead for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self.writes.get(key) {
            Some(written) => written.clone(),
            None => self.base.get(key),
        }
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> Entries<'a> {
        if end.is_some_and(|end| end <= start) {
            return Box::new(std::iter::empty());
        }
        merge(self.base.scan(start, end), &self.writes, start, end)
    }
}

impl StateWrite for Overlay<'_> {
    fn put(&mut self, key: &[u8], value: Vec<u8>) {
        self.writes.insert(key.to_vec(), Some(value));
    }

    fn delete(&mut self, key: &[u8]) {
        self.writes.insert(key.to_vec(), None);
    }
}

/// The entries `below` of a range, as they are with `writes` on top.
pub(crate) fn merge<'a>(
    below: Entries<'a>,
    writes: &'a Writes,
    start: &[u8],
    end: Option<&[u8]>,
) -> Entries<'a> {
    let bound = end.map_or(Bound::Unbounded, Bound::Excluded);
    let above = writes.range::<[u8], _>((Bound::Included(start), bound)).peekable();
    Box::new(Merge { below: below.peekable(), above })
}

struct Merge<'a, A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> {
    below: Peekable<Entries<'a>>,
    above: Peekable<A>,
}

impl<'a, A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> Iterator for Merge<'a, A> {
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let take_below = match (self.below.peek(), self.above.peek()) {
                (Some((below, _)), Some((above, _))) => below < *above,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if take_below {
                return self.below.next();
            }
            let (key, written) = self.above.next()?;
            self.below.next_if(|(below, _)| below == key);
            if let Some(value) = written {
                return Some((key.clone(), value.clone()));
            }
        }
    }
}
