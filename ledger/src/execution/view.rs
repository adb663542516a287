//! The state as it is after some block: layers on top of the store.

use std::sync::{Arc, OnceLock};

use super::{Store, StoreError, keys, layer::Layer};
use crate::state::{
    Entries, StateRead,
    overlay::{Writes, merge},
};

/// The state after a block.
pub struct View {
    /// From the newest down; below the oldest is the store.
    layers: Vec<Arc<Layer>>,
    store: Arc<dyn Store>,
    /// The first failure to read. Whoever uses a result looks here first.
    failure: OnceLock<StoreError>,
}

impl View {
    /// Layers, from the newest down, on a store.
    pub fn new(layers: Vec<Arc<Layer>>, store: Arc<dyn Store>) -> Self {
        Self { layers, store, failure: OnceLock::new() }
    }

    pub(super) fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// One part of the state.
    pub fn space(&self, space: u8) -> Space<'_> {
        Space { view: self, space }
    }

    /// # Errors
    /// When something could not be read: then nothing that was read counts.
    pub fn intact(&self) -> Result<(), StoreError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    fn fail<T>(&self, result: Result<T, StoreError>) -> Option<T> {
        result.map_err(|error| self.failure.set(error)).ok()
    }

    /// The value at a key of the state (space and key).
    pub(super) fn value(&self, state_key: &[u8]) -> Option<Vec<u8>> {
        let written = self.layers.iter().find_map(|layer| layer.writes.get(state_key));
        match written {
            Some(value) => value.clone(),
            None => self.fail(self.store.get(&keys::stored(state_key))).flatten(),
        }
    }

    fn entries<'a>(&'a self, start: &[u8], end: &[u8]) -> Entries<'a> {
        let stored = self.store.scan(&keys::stored(start), Some(&keys::stored(end)));
        let unprefixed =
            |(key, value): (Vec<u8>, Vec<u8>)| (key.get(1..).unwrap_or_default().to_vec(), value);
        let below = stored.map_while(|entry| self.fail(entry)).map(unprefixed);
        let layers = self.layers.iter().rev();
        layers.fold(Box::new(below), |below, layer| merge(below, &layer.writes, start, Some(end)))
    }
}

/// One part of a state: the application's, or the ledger's own.
#[derive(Clone, Copy)]
pub struct Space<'a> {
    view: &'a View,
    space: u8,
}

impl StateRead for Space<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.view.value(&keys::state_key(self.space, key))
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> Entries<'a> {
        let start = keys::state_key(self.space, start);
        let end = end.map_or_else(|| vec![self.space + 1], |end| keys::state_key(self.space, end));
        if end <= start {
            return Box::new(std::iter::empty());
        }
        let entries = self.view.entries(&start, &end);
        Box::new(entries.map(|(key, value)| (key.get(1..).unwrap_or_default().to_vec(), value)))
    }
}

/// Writes of one space, as writes of the state.
pub(super) fn in_space(space: u8, writes: Writes) -> Writes {
    writes.into_iter().map(|(key, value)| (keys::state_key(space, &key), value)).collect()
}
