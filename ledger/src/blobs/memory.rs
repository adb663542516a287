//! Blobs in memory: for tests, and for auditors who read a chain from one file.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use super::{BlobError, Blobs, matching};
use crate::types::BlobHash;

/// Blobs in memory.
#[derive(Debug, Default)]
pub struct MemoryBlobs(RwLock<BTreeMap<BlobHash, Vec<u8>>>);

impl MemoryBlobs {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Blobs for MemoryBlobs {
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
        matching(hash, bytes)?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(*hash, bytes.to_vec());
        Ok(())
    }

    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned())
    }

    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(hash))
    }
}
