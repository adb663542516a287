//! What happened, as a digest: the same seed gives the same.

/// The digest of a run so far.
#[derive(Clone, Debug)]
pub struct Trace(blake3::Hasher);

impl Trace {
    /// Nothing happened yet.
    pub fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    /// Something happened at a time at a machine.
    pub fn note(&mut self, at: u64, machine: usize, what: &[u8]) {
        self.0.update(&at.to_le_bytes()).update(&[machine as u8]).update(what);
    }

    /// The digest.
    pub fn digest(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
