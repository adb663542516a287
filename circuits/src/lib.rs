//! What Galen proves: rows, datasets, requests, the three circuits, verification and keys.

pub mod row;
pub mod schema;
pub mod shape;
