//! Large bodies that travel beside the chain: ciphertexts, mostly. Transactions name them by their BLAKE3 hash.
//!
//! Each node has a store of its own. What it lacks it pulls from other nodes in the chunks of [`transfer`]; who asks whom,
//! and when, is the node's affair. What anybody may hand in waits in [`staging`] until a transaction names it.

pub mod file;
pub mod memory;
pub mod staging;
pub mod transfer;

pub use file::FileBlobs;
pub use memory::MemoryBlobs;
pub use staging::{Staging, StagingLimits};
pub use transfer::{BlobChunk, BlobRequest};

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
    /// No more can wait for a transaction that names it.
    #[error("blobs of {waiting} bytes that no transaction names are waiting; {limit} is the limit")]
    Full {
        /// Bytes that wait.
        waiting: u64,
        /// The limit.
        limit: u64,
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

    /// Bytes of a blob from `offset` on, at most `length`; `None` if there is no such blob. What is read is *not* checked
    /// against the name: whoever gets it checks the whole.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, hash: &BlobHash, offset: u64, length: usize) -> Result<Option<Part>, BlobError>;

    /// Begins a blob that comes in parts.
    ///
    /// # Errors
    /// When it cannot be written.
    fn draft(&self) -> Result<Box<dyn Draft>, BlobError>;

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

/// A part of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bytes of the whole blob.
    pub size: u64,
    /// The part.
    pub bytes: Vec<u8>,
}

/// A blob that comes in parts. Nothing of it is in the store until it is whole; dropped, it leaves nothing.
pub trait Draft: Send {
    /// Adds bytes at its end.
    ///
    /// # Errors
    /// When there are too many, or they cannot be written.
    fn append(&mut self, bytes: &[u8]) -> Result<(), BlobError>;

    /// Keeps it under its name; durable when this returns.
    ///
    /// # Errors
    /// When the content does not match the name, or cannot be written.
    fn keep(self: Box<Self>, hash: &BlobHash) -> Result<(), BlobError>;
}

/// The hash of a blob that comes in parts, which are counted.
#[derive(Default)]
struct Counted {
    hasher: blake3::Hasher,
    size: u64,
}

impl Counted {
    fn add(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let size = self.size.saturating_add(bytes.len() as u64);
        if size > MAX_BLOB_BYTES as u64 {
            return Err(BlobError::TooLarge { size, limit: MAX_BLOB_BYTES });
        }
        self.size = size;
        self.hasher.update(bytes);
        Ok(())
    }

    fn check(&self, expected: &BlobHash) -> Result<(), BlobError> {
        let found = BlobHash::from_bytes(*self.hasher.finalize().as_bytes());
        let expected = *expected;
        if found == expected { Ok(()) } else { Err(BlobError::Mismatch { expected, found }) }
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
