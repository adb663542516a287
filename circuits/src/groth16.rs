//! Groth16 over BLS12-381: canonical encodings, keys and verification.
//!
//! The way of the data: a circuit gives [`Matrices`]; their digest names its keys ([`keys`]); a verifying key of
//! `N` public inputs is [`VerifyingKey<N>`], made ready once as [`Prepared<N>`]; a [`Proof`] is verified alone
//! ([`Prepared::verify`]) or with many others, also of other circuits ([`Batch`]).
//!
//! Everything here is generic over `ConstraintSynthesizer<Fr>` and knows no particular circuit.
//!
//! Caution: a proof says that the *holder of the witness* knew it, and only relative to a key whose secret was
//! destroyed. Keys of [`Origin::InsecureSingleParty`] let whoever made them forge; they are refused unless a
//! caller says [`Trust::Development`].

pub mod batch;
pub mod encoding;
pub mod keys;
mod matrices;
mod proof;
#[cfg(test)]
mod sample_circuit;
pub mod snarkjs;
mod verify;
mod verifying_key;

pub use batch::{Batch, BatchError};
pub use encoding::EncodingError;
pub use keys::{KeyError, KeyPair, KeyStore, Origin, Trust, setup_insecure_single_party};
pub use matrices::{CircuitDigest, Matrices, SparseMatrix};
pub use proof::{PROOF_BYTES, Proof};
pub use verify::{Prepared, VerifyError};
pub use verifying_key::{Fingerprint, VerifyingKey};
