//! The state machine as a whole: a chain in memory, actors, refusals one by one, and random histories.
//!
//! Proofs are stood in for by a check that reads its verdict from the header, so that histories run in milliseconds. What
//! the real check refuses is tested where it lives, and with the whole system.

pub(crate) mod actors;
mod authority;
mod bounds;
pub(crate) mod chain;
mod contributing;
mod follow;
mod histories;
mod money;
mod opening;
mod registry;
mod requests;
pub(crate) mod running;
