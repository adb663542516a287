//! From a satisfied circuit to a Groth16 proof.
//!
//! [`Assignment::of`] runs a circuit for its values only; an [`Engine`] turns the values into a proof under a key that
//! it prepared once. [`FastEngine`] is the one to use; [`ArkEngine`] is arkworks' own prover, kept as the reference:
//! with the same [`Blinding`] both give the same bytes, which is how the fast one is tested.
//!
//! Every engine checks that the assignment satisfies the circuit before a proof leaves it.

mod ark;
mod assignment;
mod curve;
mod domain;
mod endomorphism;
mod error;
mod fast;
mod msm;
mod pipeline;
mod quotient;
mod scalars;
mod sums;
pub mod synthetic;

pub use ark::{ArkEngine, ArkKey};
pub use assignment::{Assignment, Blinding};
pub use error::EngineError;
pub use fast::{FastEngine, FastKey};
pub use pipeline::prove_all;

use galen_circuits::groth16::{KeyPair, Proof};

/// Makes proofs under keys that it prepared.
pub trait Engine: Send + Sync {
    /// A key in the form that this engine works with.
    type Key: Send + Sync;

    /// Brings a key into this engine's form, once.
    fn prepare<const N: usize>(&self, keys: KeyPair<N>) -> Self::Key;

    /// The proof of `assignment` with this `blinding`. Deterministic.
    ///
    /// # Errors
    /// [`EngineError::Unsatisfied`] when the assignment does not satisfy the circuit, [`EngineError::Shape`] when it is
    /// of another circuit. Neither shows a value.
    fn prove(
        &self,
        key: &Self::Key,
        assignment: &Assignment,
        blinding: &Blinding,
    ) -> Result<Proof, EngineError>;
}
