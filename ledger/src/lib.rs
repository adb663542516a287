//! MBFT, quorum-anchored: the ledger under Galen.
//!
//! A consortium of `n` members agrees on one chain of blocks although up to `f = ⌊(n − 1) / 3⌋` of them may do
//! anything at all. What the transactions mean is left to an [`Application`]; the ledger orders them, checks that
//! every member which votes has checked every transaction, keeps the state in a Merkle tree, and proves both state
//! and history to outsiders.
//!
//! | question | module |
//! |---|---|
//! | what do I implement to run on this ledger? | [`application`], [`state`], [`blobs`] |
//! | how do I test it? | [`rehearsal`] (block by block in memory, without consensus) |
//! | how do I run it? | [`consortium`] (all members in one process), [`node`] (one member) |
//! | how do I verify a chain? | [`export`] |
//! | how do I follow a chain, verifying it, without taking part? | [`follow`] |
//! | how do I verify one fact without the chain? | [`light`] |
//! | what is a chain made of? | [`chain`], [`types`], [`codec`], [`crypto`] |
//! | how does a node begin without the history? | [`snapshot`] |
//! | how is it agreed on? | [`consensus`] |
//! | how is it executed, and the state proven? | [`execution`] |
//! | how do members reach each other? | [`links`] |
//! | what survives a crash? | [`storage`] |
//! | how do transactions reach the proposer? | [`lanes`] |
//! | where does randomness come from? | [`beacon`] |
//! | who proposes when? | [`election`], [`credit`] |
//! | how do members come and go? | [`chain::change`], [`execution::upkeep`] |

pub mod application;
pub mod beacon;
pub mod blobs;
pub mod chain;
pub mod codec;
pub mod consensus;
pub mod consortium;
pub mod credit;
pub mod crypto;
pub mod election;
pub mod execution;
pub mod export;
pub mod follow;
pub mod lanes;
pub mod light;
pub mod links;
pub mod node;
pub mod rehearsal;
pub mod snapshot;
pub mod state;
pub mod storage;
pub mod types;

pub use application::{
    AppError, Application, Beacon, BlockContext, Event, Receipt, Refusal, receipt::codes as receipt_codes,
};
pub use blobs::{BlobError, Blobs, FileBlobs, MemoryBlobs, Staging, StagingLimits};
pub use consortium::{BlobStores, Consortium, ConsortiumError, ConsortiumSettings, MemberLinks};
pub use execution::{FinalBlock, Position, StateProof};
pub use export::{AuditedChain, ChainFault, ExportError, Report, verify_chain, verify_chain_file};
pub use follow::{FollowFault, Follower};
pub use light::{LightFault, LightProof};
pub use node::{Node, NodeSettings, NodeStatus, SubmitError, Submitted};
pub use rehearsal::Rehearsal;
pub use snapshot::SnapshotFault;
pub use state::{MemoryState, Overlay, StateRead, StateWrite};
pub use types::{AppHash, BlobHash, ChainId, Height, MAX_TX_BYTES, MemberIndex, TxHash, View};
