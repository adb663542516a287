//! What Galen proves: rows, datasets, requests, the three circuits, verification and keys.

pub mod groth16;
pub mod row;
pub mod shape;
