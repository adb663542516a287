//! Handles: pseudonyms of patients, keyed by the hospital's secret.

use galen_circuits::row::Handle;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Domain of the handles' hash.
const HANDLE_CONTEXT: &[u8] = b"galen patient handle v1";
/// Domain of the split into shares.
const SHARE_CONTEXT: &str = "galen 2026 split of patients into shares v1";

/// The key of a hospital's handles. Who knows it can link a patient's id to the handle: it never leaves the hospital.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HospitalSecret([u8; 32]);

impl HospitalSecret {
    /// The secret of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The pseudonym of a patient's id, spaces around it cut off.
    pub fn pseudonym(&self, patient: &str) -> Pseudonym {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(HANDLE_CONTEXT).update(patient.trim().as_bytes());
        let mut stream = hasher.finalize_xof();
        let mut name = [0; 16];
        stream.fill(&mut name);
        // 60 bits of the stream; the next ones in the case, once in 2^60, that they are 0.
        loop {
            let mut bytes = [0; 8];
            stream.fill(&mut bytes);
            if let Ok(handle) = Handle::new(u64::from_le_bytes(bytes) >> 4) {
                return Pseudonym { handle, name };
            }
        }
    }
}

impl std::fmt::Debug for HospitalSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HospitalSecret(..)")
    }
}

/// A handle with 128 further bits, which tell a repeated patient from a collision of handles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pseudonym {
    /// The handle.
    pub handle: Handle,
    name: [u8; 16],
}

impl std::fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonym(..)")
    }
}

/// One of several equal shares of the patients, chosen by a hash of their ids: to play several hospitals from one
/// file in demonstrations and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    index: u32,
    of: u32,
}

/// A share that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a share's index is below the number of shares")]
pub struct NoShare;

impl Share {
    /// Share `index` of `of`.
    ///
    /// # Errors
    /// [`NoShare`] when `index` is not below `of`.
    pub fn new(index: u32, of: u32) -> Result<Self, NoShare> {
        if index < of { Ok(Self { index, of }) } else { Err(NoShare) }
    }

    /// Whether a patient belongs to it.
    pub fn holds(&self, patient: &str) -> bool {
        let hash = blake3::derive_key(SHARE_CONTEXT, patient.trim().as_bytes());
        let number = hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        number % u64::from(self.of) == u64::from(self.index)
    }
}
