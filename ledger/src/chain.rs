//! What the chain is made of, and how its parts are verified: pure data, no protocol.

pub mod block;
pub mod certificate;
pub mod change;
pub mod committee;
pub mod evidence;
pub mod genesis;
pub mod member;
pub mod outcome;
pub mod upkeep;
pub mod vote;

pub use block::{Block, BlockFault, Header};
pub use certificate::{Certificate, CertificateFault};
pub use change::{Action, ApprovalFault, Change, SignedChange};
pub use committee::{Committee, Seat};
pub use evidence::{Evidence, EvidenceFault};
pub use genesis::{Genesis, GenesisFault, MAX_CONFIG_BYTES, Parameters};
pub use member::{Candidate, MemberKeys, Possession, PossessionFault};
pub use outcome::{Beginning, BlockResult, Outcome};
pub use upkeep::Upkeep;
pub use vote::{Statement, StatementKind, Vote};
