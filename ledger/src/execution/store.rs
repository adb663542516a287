//! A key/value store with atomic batches, holding what can be rebuilt from the log.

pub mod freeze;
pub mod memory;
pub mod sled;

pub use self::sled::SledStore;
pub use freeze::{FreezableStore, FrozenStore};
pub use memory::MemoryStore;

use crate::state::overlay::Writes;

/// The store failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("store: {0}")]
    Io(String),
    /// What is in it makes no sense: it must be rebuilt.
    #[error(
        "store is damaged: {0}; stop the node and remove its folder state/, which is made again from the log"
    )]
    Damaged(String),
}

/// Entries of a store, in the order of their keys.
pub type StoreEntries<'a> = Box<dyn Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + 'a>;

/// A key/value store. Batches are atomic; nothing needs to survive a power cut.
pub trait Store: Send + Sync {
    /// The value at a key.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The entries from `start` (included) to `end` (excluded).
    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a>;

    /// Writes a batch, all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    fn apply(&self, batch: Writes) -> Result<(), StoreError>;

    /// Removes everything.
    ///
    /// # Errors
    /// When it cannot be written.
    fn clear(&self) -> Result<(), StoreError>;

    /// Writes out what is buffered, so that less must be rebuilt after a restart.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&self) -> Result<(), StoreError>;
}
