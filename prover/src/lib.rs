//! Makes contributions: import, selection, anonymization, planning, the proof engine, jobs and the service.

pub mod anonymize;
pub mod cohort;
pub mod deliver;
pub mod import;
pub mod select;
