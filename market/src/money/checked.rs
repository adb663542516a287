//! Proofs of money that were found to hold, remembered: they are checked when a transaction is submitted, proposed, voted for
//! and executed, and hold each time if they did once.

use crate::memory::Memory;

/// Proofs that are remembered.
const REMEMBERED: usize = 8192;

/// The memory. It changes how long a check takes and never its answer.
#[derive(Debug)]
pub struct Checked(Memory<()>);

impl Default for Checked {
    fn default() -> Self {
        Self(Memory::new(REMEMBERED))
    }
}

impl Checked {
    /// Checks something unless it was found to hold before. `content` is everything that the answer depends on but the chain
    /// and its keys, which a memory has one of.
    ///
    /// # Errors
    /// The check's.
    pub fn once<E>(
        &self,
        what: &str,
        content: &[u8],
        check: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hasher = blake3::Hasher::new_derive_key("galen 2026 money checked v1");
        let digest = *hasher.update(what.as_bytes()).update(&[0]).update(content).finalize().as_bytes();
        if self.0.get(&digest).is_none() {
            check()?;
            self.0.keep(digest, (), 1);
        }
        Ok(())
    }
}
