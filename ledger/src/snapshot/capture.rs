//! Writing a snapshot, while the chain goes on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jmt::JellyfishMerkleTree;
use sha2::Sha256;

use super::{
    Chunk, Manifest, SnapshotFault,
    chunk::{CHUNK_BYTES, MAX_CHUNK_BYTES},
    manifest::MAX_CHUNKS,
};
use crate::{
    blobs::Blobs,
    codec::Encode,
    execution::{Store, StoreError, View, keys, tree},
    light::Step,
    state::prefix_end,
    types::{BlobHash, ChainId, Height},
};

/// The state at the end of a cycle, held for being written.
pub struct Capture {
    pub(crate) chain_id: ChainId,
    pub(crate) height: Height,
    pub(crate) steps: Vec<Step>,
    pub(crate) store: Arc<dyn Store>,
}

impl Capture {
    /// Height of the block after which the state was so.
    pub fn height(&self) -> Height {
        self.height
    }

    /// Writes the chunks, one in memory at a time, and gives the manifest.
    ///
    /// # Errors
    /// When the state cannot be read, a chunk cannot be kept, or `cancelled` says to break off.
    pub fn write(self, blobs: &dyn Blobs, cancelled: &AtomicBool) -> Result<Manifest, SnapshotFault> {
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let mut writing = Writing { height: self.height, view: &view, blobs, chunks: Vec::new() };
        let mut entries = Vec::new();
        let mut bytes = 0;
        // Keys by their hashes: this is the order of the tree.
        let by_hash = keys::preimage_prefix();
        for entry in self.store.scan(by_hash, prefix_end(by_hash).as_deref()) {
            let (_, key) = entry?;
            let value = self.store.get(&keys::stored(&key))?;
            let value = value.ok_or_else(|| StoreError::Damaged("a key of the state has no value".into()))?;
            bytes += key.len() + value.len() + 8;
            entries.push((key, value));
            if bytes >= CHUNK_BYTES {
                if cancelled.load(Ordering::Relaxed) {
                    return Err(SnapshotFault::Cancelled);
                }
                writing.put(std::mem::take(&mut entries))?;
                bytes = 0;
            }
        }
        if !entries.is_empty() {
            writing.put(entries)?;
        }
        let chunks = writing.chunks;
        view.intact()?;
        Ok(Manifest { chain_id: self.chain_id, steps: self.steps, chunks })
    }
}

struct Writing<'a> {
    height: Height,
    view: &'a View,
    blobs: &'a dyn Blobs,
    chunks: Vec<BlobHash>,
}

impl Writing<'_> {
    fn put(&mut self, entries: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), SnapshotFault> {
        let Some((last, _)) = entries.last() else { return Ok(()) };
        let failed = |error: String| StoreError::Damaged(error);
        let tree = JellyfishMerkleTree::<_, Sha256>::new(self.view);
        let proof = tree.get_range_proof(tree::key_hash(last), self.height.get());
        let proof = proof.map_err(|error| failed(error.to_string()))?;
        let right = borsh::to_vec(&proof).map_err(|error| failed(error.to_string()))?;
        let bytes = Chunk { entries, right }.to_bytes();
        if bytes.len() > MAX_CHUNK_BYTES || self.chunks.len() >= MAX_CHUNKS {
            return Err(StoreError::Io("the state is too large for a snapshot".into()).into());
        }
        self.chunks.push(self.blobs.store(&bytes)?);
        Ok(())
    }
}
