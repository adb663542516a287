//! From blocks to state: executes blocks on top of each other before they are final, keeps the final state with its
//! Merkle tree in a [`Store`], and proves what is in it. A block's own affairs of the ledger ([`upkeep`]) come before its
//! transactions.
//!
//! Blocks that are not final live in memory as layers of writes; finality turns a layer into one atomic batch.

pub mod executor;
pub mod keys;
pub mod layer;
pub mod proof;
pub mod run;
pub mod store;
pub(crate) mod tree;
pub mod upkeep;
pub mod view;

pub use executor::{Executor, FinalBlock, Position};
pub use proof::{ProofFault, StateProof};
pub use store::{MemoryStore, SledStore, Store, StoreError};
pub use view::{Space, View};
