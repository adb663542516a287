//! What outlives a crash.
//!
//! The [`Log`] is the truth: an append-only file in segments, synchronised before anything that it backs is sent.
//! The sign state has a file of its own. Everything else (the state, the receipts) can be rebuilt from the log.
//!
//! Both are written through the [`Storage`] trait, of which there are a file, a memory and a faulty implementation.

pub mod faulty;
pub mod file;
pub mod frame;
pub mod journal;
pub mod lock;
pub mod log;
pub mod memory;
pub mod sign_file;

pub use faulty::FaultyStorage;
pub use file::FileStorage;
pub use journal::{FinalRecord, Journal, JournalError};
pub use lock::{HomeLock, LockError};
pub use log::{Entry, Log, LogError, Place};
pub use memory::MemoryStorage;
pub use sign_file::{NumberFile, SignFile};

use std::io;

/// A few named, append-only files. A failed write is final: the caller must stop and read again what there is.
pub trait Storage: Send {
    /// Names of the files, in order.
    ///
    /// # Errors
    /// When the place cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Bytes in a file.
    ///
    /// # Errors
    /// When there is no such file.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// Reads bytes of a file, all of them or none.
    ///
    /// # Errors
    /// When there is no such file, or it ends before.
    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Makes an empty file, and makes it durable that it is there.
    ///
    /// # Errors
    /// When it exists or cannot be made.
    fn create(&mut self, name: &str) -> io::Result<()>;

    /// Writes at the end of a file. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// When it cannot be written; part of it may have been.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Writes over bytes of a file, beginning at `offset` at most its length. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// When it cannot be written; part of it may have been.
    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// When that is not sure.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Cuts a file, durably.
    ///
    /// # Errors
    /// When it cannot be cut.
    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()>;
}

/// What is wrong with a disk, and what to do about it where that is known.
pub(crate) fn explained(error: &io::Error) -> String {
    use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => format!(
            "no room to write ({error}): make room on the disk and start the node again; all that it has said is on the disk"
        ),
        PermissionDenied | ReadOnlyFilesystem => {
            format!(
                "the node's folder cannot be written ({error}): give it to the user that the node runs as"
            )
        }
        _ => error.to_string(),
    }
}
