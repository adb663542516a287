//! The market: what Galen does with the ledger and the proofs.
//!
//! A researcher posts a funded [`request`]; hospitals answer with contributions; the ledger checks, reserves, opens and
//! pays. The way of a transaction: bytes ([`codec`]) → [`transaction`] → [`application`] → [`action`], one file each →
//! [`settle`] at the end of the block.
//!
//! | question | module |
//! |---|---|
//! | what does a chain begin with? | [`config`] |
//! | what can be asked for, by whom? | [`action`] |
//! | why was it refused? | [`fault`] |
//! | who may sell, and against which roots is that proven? | [`registry`], [`role`] |
//! | what does the ledger keep of requests and contributions? | [`record`] |
//! | where is the money? | [`money`] |
//! | why are its amounts and owners hidden, and why is none made? | [`notes`] |
//! | which of it is mine, and how do I spend it? | [`wallet`] |
//! | where does something lie in the state? | [`state_key`] |
//! | how is a proof's verdict remembered? | [`verdict`] |
//! | what can be read? | [`query`], [`audit`] |
//! | what does a proof of one key say? | [`fact`] |
//! | what do hospitals and researchers do? | [`agent`] |
//! | where is a chain read, and written to? | [`chain`] |
//! | how is one followed that somebody else serves? | [`follow`] |
//! | what does a node show to everybody? | [`explorer`] |
//! | where do a role's people work? | [`desk`], [`settings`], [`private`] |
//! | what do those who govern sign, file by file? | [`proposal`] |
//! | what do all sites share that are served? | [`web`] |

pub mod action;
pub mod agent;
pub mod amount;
pub mod application;
pub mod audit;
pub mod chain;
pub mod codec;
pub mod config;
mod conflict;
pub mod desk;
pub mod explorer;
pub mod fact;
pub mod fault;
pub mod follow;
pub mod id;
mod memory;
pub mod money;
pub mod notes;
pub mod private;
pub mod proposal;
pub mod query;
pub mod record;
pub mod registry;
pub mod request;
pub mod role;
pub mod settings;
pub mod settle;
pub mod sign;
mod state;
pub mod state_key;
#[cfg(test)]
mod tests;
pub mod transaction;
pub mod verdict;
pub mod wallet;
pub mod web;

pub use action::Action;
pub use amount::{Amount, Records};
pub use application::Market;
pub use config::MarketConfig;
pub use fault::Fault;
pub use id::{AccountKey, ContributionId, Nullifier, RequestId, SchemaId, SellerName};
pub use request::Request;
pub use sign::Signer;
pub use transaction::{Order, Transaction};
