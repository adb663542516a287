//! Evidence that the circuits are sound: shape, mutation, nullity, deletion, twins.
//!
//! Each has a short default and, with `GALEN_SOUNDNESS_FULL=1`, a complete sweep; what the sweeps found stands in
//! `docs/soundness.md`.

mod deletion;
mod mutation;
mod nullity;
mod shape;
mod twins;
