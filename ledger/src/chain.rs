//! What the chain is made of, and how its parts are verified: pure data, no protocol.

pub mod block;
pub mod certificate;
pub mod genesis;
pub mod outcome;
pub mod vote;

pub use block::{Block, BlockFault, Header};
pub use certificate::{Certificate, CertificateFault};
pub use genesis::{Genesis, GenesisFault, Parameters};
pub use outcome::{BlockResult, Outcome};
pub use vote::{Statement, StatementKind, Vote};
