//! The application's state: an ordered map from byte keys to byte values.
//!
//! Reading and writing never fail in the application's eyes. A store that cannot read remembers the failure and
//! answers as if nothing were there; the node looks for remembered failures before it uses any result, and stops.

pub mod memory;
pub mod overlay;

pub use memory::MemoryState;
pub use overlay::Overlay;

/// Largest key of the state, in bytes. Longer keys are refused by the receipt of the transaction that writes them.
pub const MAX_KEY_BYTES: usize = 512;
/// Largest value of the state, in bytes.
pub const MAX_VALUE_BYTES: usize = 4 * 1024 * 1024;

/// Entries of a state, in the order of their keys.
pub type Entries<'a> = Box<dyn Iterator<Item = (Vec<u8>, Vec<u8>)> + 'a>;

/// A state that can be read; shared between threads that check transactions.
pub trait StateRead: Send + Sync {
    /// The value at a key.
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// The entries from `start` (included) to `end` (excluded; `None` for no end), in the order of their keys.
    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> Entries<'a>;

    /// The entries whose keys begin with `prefix`, in the order of their keys.
    fn prefix<'a>(&'a self, prefix: &[u8]) -> Entries<'a> {
        self.scan(prefix, prefix_end(prefix).as_deref())
    }
}

/// A state that can be written as well.
pub trait StateWrite: StateRead {
    /// Sets the value at a key.
    fn put(&mut self, key: &[u8], value: Vec<u8>);

    /// Removes a key; nothing happens when there is none.
    fn delete(&mut self, key: &[u8]);
}

/// The first key after all those that begin with `prefix`; `None` when there is none after them.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Some(end)
}
