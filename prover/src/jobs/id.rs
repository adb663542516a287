//! Names of jobs and proofs: hashes of what is public in them.

use std::fmt;
use std::str::FromStr;

use galen_circuits::contribution::Challenge;
use galen_circuits::field::{F, to_bytes};
use galen_circuits::groth16::Fingerprint;
use galen_circuits::keys::KeyFingerprints;
use serde::{Deserialize, Serialize};

/// A job's name: the hash of keys, challenge and states, and so of every public input of its proofs.
///
/// It tells nobody anything who does not know the contribution, and names it to whom does: no secret, nothing to publish.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 32]);

/// A text that names no job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job's id is 64 lowercase hex digits")]
pub struct NotAJobId;

impl JobId {
    pub(super) fn of(keys: &KeyFingerprints, challenge: &Challenge, states: &[F]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("galen 2026 prover job");
        for fingerprint in [keys.scan, keys.release, keys.seal] {
            hasher.update(&fingerprint.0);
        }
        hasher.update(&challenge.id);
        states.iter().for_each(|state| {
            hasher.update(&to_bytes(state));
        });
        Self(*hasher.finalize().as_bytes())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn sample(byte: u8) -> Self {
        Self([byte; 32])
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl FromStr for JobId {
    type Err = NotAJobId;
    fn from_str(text: &str) -> Result<Self, NotAJobId> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAJobId)?;
        let id = Self(bytes);
        // One spelling: names of files and addresses are compared as text.
        if id.to_string() == text { Ok(id) } else { Err(NotAJobId) }
    }
}

impl TryFrom<String> for JobId {
    type Error = NotAJobId;
    fn try_from(text: String) -> Result<Self, NotAJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.to_string()
    }
}

/// A proof's name: the hash of its verifying key, which names the circuit, and its public inputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ProofId(pub(super) [u8; 32]);

impl ProofId {
    pub(super) fn of(key: Fingerprint, inputs: &[F]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("galen 2026 prover proof");
        hasher.update(&key.0);
        inputs.iter().for_each(|input| {
            hasher.update(&to_bytes(input));
        });
        Self(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_one_spelling() {
        let id = JobId::sample(0xab);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "ab", &"AB".repeat(32), &"ab".repeat(33), &"zz".repeat(32), "../../etc/passwd"] {
            assert_eq!(bad.parse::<JobId>(), Err(NotAJobId), "{bad}");
        }
    }

    #[test]
    fn every_input_and_the_key_name_a_proof() {
        let inputs = [F::from(1u64), F::from(2u64)];
        let id = ProofId::of(Fingerprint([1; 32]), &inputs);
        assert_ne!(id, ProofId::of(Fingerprint([2; 32]), &inputs));
        assert_ne!(id, ProofId::of(Fingerprint([1; 32]), &inputs[..1]));
        assert_ne!(id, ProofId::of(Fingerprint([1; 32]), &[inputs[1], inputs[0]]));
    }
}
