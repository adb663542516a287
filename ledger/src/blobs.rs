//! Large bodies that travel beside the chain: ciphertexts, mostly. Transactions name them by their BLAKE3 hash.

pub mod file;
pub mod memory;

pub use file::FileBlobs;
pub use memory::MemoryBlobs;

use crate::types::BlobHash;

/// Largest blob, in bytes.
pub const MAX_BLOB_BYTES: usize = 64 * 1024 * 1024;

/// A blob could not be kept or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The bytes are not those that the name stands for.
    #[error("blob {expected} has content that hashes to {found}")]
    Mismatch {
        /// The name.
        expected: BlobHash,
        /// The hash of the bytes.
        found: BlobHash,
    },
    /// The blob is too large.
    #[error("blob of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: usize,
    },
    /// The store failed.
    #[error("blob store: {0}")]
    Io(#[from] std::io::Error),
}

/// A store of blobs, named by their hash. What it gives back always matches the name.
pub trait Blobs: Send + Sync {
    /// Keeps a blob under its name; durable when it returns. Keeping it twice is no error.
    ///
    /// # Errors
    /// When the bytes do not match the name, are too many, or cannot be written.
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError>;

    /// The blob of this name, or `None`.
    ///
    /// # Errors
    /// When it cannot be read, or does not match its name any more.
    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError>;

    /// Whether there is a blob of this name (its content is not read).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError>;

    /// Keeps a blob, and gives its name.
    ///
    /// # Errors
    /// As [`Self::put`].
    fn store(&self, bytes: &[u8]) -> Result<BlobHash, BlobError> {
        let hash = BlobHash::of(bytes);
        self.put(&hash, bytes)?;
        Ok(hash)
    }
}

/// Refuses bytes that are too many or not what the name stands for.
fn matching(hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
    if bytes.len() > MAX_BLOB_BYTES {
        return Err(BlobError::TooLarge { size: bytes.len() as u64, limit: MAX_BLOB_BYTES });
    }
    let found = BlobHash::of(bytes);
    if found != *hash {
        return Err(BlobError::Mismatch { expected: *hash, found });
    }
    Ok(())
}
