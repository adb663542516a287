//! Claims about the ledger, each a test.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "tests print their seeds")]

mod app;
mod beacon;
mod blobs;
mod boundary;
mod codecs;
mod consortium;
mod crash;
mod cycles;
mod disasters;
mod endurance;
mod export;
mod follow;
mod lanes;
mod light;
mod links;
mod logs;
mod relay;
mod rules;
mod sim;
mod snapshot;
mod states;
mod threats;
mod upkeep;
