//! What the whole-system tests stand on: honest contributions to start from, and the tools of a forger.
//!
//! - [`world`]: a hospital, a request and their trees; an honest plan; single circuits with everything in the forger's hand.
//! - [`system`]: the constraints of a circuit by name of section, and which of them an assignment violates.
//! - [`forge`]: an assignment that lies in chosen places and is consistent everywhere else.
//! - [`fuzz`]: targets for fuzzing.
//! - [`marketplace`]: the market with real proofs, block by block in memory.
//! - [`nullity`]: how much freedom a gadget leaves, by the rank of its Jacobian.
//! - [`keys`]: real keys and proofs, made once.
//! - [`logarithm`] and [`lattice`]: discrete logarithms in F* and reduced bases, for the forgery of multisets.

// This crate is tests only: a panic is a failed test, and output is the report.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

pub mod forge;
pub mod fuzz;
pub mod keys;
pub mod lattice;
pub mod logarithm;
pub mod marketplace;
pub mod nullity;
pub mod system;
pub mod world;

/// Whether the long sweeps are asked for (`GALEN_SOUNDNESS_FULL=1`).
pub fn full() -> bool {
    std::env::var_os("GALEN_SOUNDNESS_FULL").is_some_and(|value| value == "1")
}
