//! Benchmarks, side by side with peers.
//!
//! `cargo bench -p galen-benches --bench prove`, `--bench verify`,
//! `--bench consensus`, `--bench contributions` and `--bench money`; `-- --json` for one JSON object a line. Contenders
//! take turns within one run, so that a busy machine slows them alike, and the ratio of medians is what counts.

pub mod consensus;
pub mod contributions;
pub mod crowded;
pub mod listeners;
pub mod measure;
pub mod money;
pub mod proving;
pub mod verifying;
