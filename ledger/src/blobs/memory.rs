//! Blobs in memory: for tests, and for auditors who read a chain from one file.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{BlobError, Blobs, Counted, Draft, Part, matching};
use crate::types::BlobHash;

type Kept = Arc<RwLock<BTreeMap<BlobHash, Vec<u8>>>>;

/// Blobs in memory.
#[derive(Debug, Default)]
pub struct MemoryBlobs(Kept);

impl MemoryBlobs {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

fn keep(kept: &Kept, hash: &BlobHash, bytes: Vec<u8>) {
    kept.write().unwrap_or_else(PoisonError::into_inner).insert(*hash, bytes);
}

impl Blobs for MemoryBlobs {
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
        matching(hash, bytes)?;
        keep(&self.0, hash, bytes.to_vec());
        Ok(())
    }

    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned())
    }

    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(hash))
    }

    fn read(&self, hash: &BlobHash, offset: u64, length: usize) -> Result<Option<Part>, BlobError> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(hash).map(|blob| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = blob.get(from..).unwrap_or_default();
            Part { size: blob.len() as u64, bytes: rest.iter().copied().take(length).collect() }
        }))
    }

    fn draft(&self) -> Result<Box<dyn Draft>, BlobError> {
        let kept = Arc::clone(&self.0);
        Ok(Box::new(MemoryDraft { kept, bytes: Vec::new(), counted: Counted::default() }))
    }
}

struct MemoryDraft {
    kept: Kept,
    bytes: Vec<u8>,
    counted: Counted,
}

impl Draft for MemoryDraft {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.counted.add(bytes)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn keep(self: Box<Self>, hash: &BlobHash) -> Result<(), BlobError> {
        self.counted.check(hash)?;
        keep(&self.kept, hash, self.bytes);
        Ok(())
    }
}
