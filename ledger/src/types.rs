//! The small quantities of the ledger, each its own type so that none can be taken for another.

pub mod hash;
pub mod position;

pub use hash::{
    AppHash, BlobHash, BlockHash, ChainId, ChangeHash, CommitteeHash, MiniHash, OutcomeHash, ReceiptsRoot,
    TxHash, TxRoot,
};
pub use position::{Cycle, Height, MemberIndex, Round, Turn, View};

/// Largest transaction body, in bytes. Whatever is larger travels beside the chain as a blob.
pub const MAX_TX_BYTES: usize = 256 * 1024;
