//! The whole chain in one file, and its verification from genesis.
//!
//! ```text
//! "GALENCHN" ‖ version (u16) ‖ genesis
//! ‖ number of blobs (u32) ‖ blobs, ascending by hash: hash ‖ length (u32) ‖ bytes
//! ‖ number of blocks (u64) ‖ blocks from height 1: length (u32) ‖ block ‖ optional certificate of finality
//! ‖ BLAKE3 of all before
//! ```
//!
//! The digest at the end finds damage; it proves nothing against an author who can compute it too. What proves the
//! chain: every block is linked to the one before, has been checked and executed again, and is under a certificate
//! of a quorum of the committee of its cycle, its own or a descendant's in that cycle. The last block has its own, and so
//! has the last of every cycle. Certificates are for the outcome as well, so the state after the last block is proven
//! although no header shows it yet. Committees are followed from cycle to cycle: beacon, credit, membership and
//! elections are computed again from the blocks: by [`follow`](crate::follow), as of a chain that is followed live.
//! Who the first members are is not proven by the file: compare the chain's identity with what is known from elsewhere.

mod fault;
mod verify;
mod write;

pub use fault::ChainFault;
pub use verify::{AuditedChain, Report, verify_chain, verify_chain_file};
pub use write::{ExportError, Source, export};

const MAGIC: &[u8; 8] = b"GALENCHN";
const VERSION: u16 = 3;
const DIGEST_CONTEXT: &str = "galen ledger v1 chain export";
const MAX_BLOBS: usize = 1 << 24;
