//! Makes contributions: from a hospital's file to proofs.
//!
//! In the order of the data: [`import`] reads a file under a schema, [`anonymize`] chooses classes, [`plan`] lays out every
//! proof, [`engine`] proves. No raw row leaves the machine that this runs on, and none is logged.

pub mod engine;
pub mod anonymize;
pub mod import;
pub mod plan;
