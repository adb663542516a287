//! What Galen proves: rows, datasets, requests, the three circuits, verification and keys.
//!
//! In the order of the data: a hospital's [`row`]s under a [`schema`] become a committed [`dataset`], registered in the
//! [`registry`]; a [`request`] asks; a [`scan`] looks at a chunk, a [`release`] generalizes, counts and encrypts a block of
//! rows, a [`seal`] says that the seller is accredited and the run was drawn; a running [`state`] ties them, and a
//! [`contribution`] is all of it, with its verification. A seller shows [`knowledge`] of its secret at accreditation. Below them: [`groth16`], [`gadget`]s, [`poseidon`], [`jubjub`]
//! keys and [`merkle`] trees. Sizes stand in [`shape`].

pub mod contribution;
pub mod dataset;
pub mod field;
pub mod gadget;
pub mod groth16;
pub mod jubjub;
pub mod keys;
pub mod knowledge;
pub mod merkle;
pub mod poseidon;
mod redact;
pub mod registry;
pub mod release;
pub mod request;
pub mod row;
pub mod scan;
pub mod schema;
pub mod seal;
pub mod shape;
pub mod state;
