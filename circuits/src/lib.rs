//! What Galen proves: rows, datasets, requests, the three circuits, verification and keys.

pub mod dataset;
pub mod field;
pub mod gadget;
pub mod jubjub;
pub mod merkle;
pub mod poseidon;
pub mod registry;
pub mod release;
pub mod request;
pub mod row;
pub mod scan;
pub mod schema;
pub mod seal;
pub mod shape;
pub mod state;
