//! Makes contributions: import, anonymization, planning, the proof engine, jobs and the service.

pub mod engine;
pub mod jobs;
pub mod plan;
pub mod service;
