//! Makes contributions: from a hospital's file to proofs, and from an opened contribution to a table.
//!
//! In the order of the data: [`import`] reads a file under a schema, [`select`] looks for the matching rows, [`anonymize`]
//! chooses classes, [`plan`] lays out every proof, [`engine`] proves, [`jobs`] keep the work across crashes, [`service`] offers
//! them to other machines of the same hospital, [`vault`] seals what rests on disk; at the other end [`deliver`] writes what a buyer reads. [`cohort`] makes
//! synthetic patients. No raw row leaves the machine that this runs on, and none is logged.

pub mod anonymize;
pub mod cohort;
pub mod deliver;
pub mod engine;
pub mod import;
pub mod jobs;
pub mod plan;
pub mod select;
pub mod service;
pub mod vault;
