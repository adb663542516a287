//! Claims about the ledger, each a test.

mod app;
mod codecs;
mod consortium;
mod crash;
mod export;
mod logs;
mod rules;
mod sim;
mod states;
