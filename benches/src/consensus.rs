//! The ledger's consensus under measurement: real cores, relays, logs, signatures and encodings, blocks of 1 KiB, and an
//! application that does nothing.
//!
//! `benches/peers` compiles these files too, to run them beside other implementations in one process.

#[path = "consensus/flat.rs"]
pub mod flat;
#[path = "consensus/latency.rs"]
pub mod latency;
#[path = "consensus/report.rs"]
pub mod report;
#[path = "consensus/threads.rs"]
pub mod threads;
#[path = "consensus/virtual_time.rs"]
pub mod virtual_time;
#[path = "consensus/world.rs"]
pub mod world;
