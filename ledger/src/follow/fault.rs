//! Why a block is not followed, and whose fault that is.

use super::SegmentFault;
use crate::{
    application::AppError,
    blobs::BlobError,
    chain::{BlockFault, CertificateFault},
    execution::{StoreError, executor::SetupError, run::RunError},
    types::{BlobHash, ChainId, Height},
};

/// The first fault of what was to be followed. It changed nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowFault {
    /// Bytes that are no blocks.
    #[error(transparent)]
    Segment(#[from] SegmentFault),
    /// A block is wrong in itself.
    #[error("height {height}: {fault}")]
    Block {
        /// Where.
        height: Height,
        /// What.
        fault: BlockFault,
    },
    /// A block is not linked to the one before.
    #[error("height {0}: not linked to the block before")]
    Link(Height),
    /// A certificate proves nothing.
    #[error("height {height}: certificate: {fault}")]
    Certificate {
        /// Where.
        height: Height,
        /// What.
        fault: CertificateFault,
    },
    /// A certificate is for another block or view.
    #[error("height {0}: the certificate is for another block or view")]
    Statement(Height),
    /// The last block, of the chain or of a cycle, has no certificate of its own.
    #[error("height {0}: the last block of the chain or of its cycle has no certificate of finality")]
    NotFinal(Height),
    /// A transaction refers to a blob that is not here.
    #[error("height {height}: attachment {blob} is missing")]
    BlobMissing {
        /// The block.
        height: Height,
        /// The blob.
        blob: BlobHash,
    },
    /// The block does not follow from the state, or a transaction does not pass its checks.
    #[error("height {height}: {reason}")]
    Rejected {
        /// Where.
        height: Height,
        /// Why.
        reason: String,
    },
    /// The members say that executing the block gave something else.
    #[error("height {0}: executing it gives another state or other receipts than the members signed")]
    Outcome(Height),
    /// The application failed.
    #[error("height {height}: execution failed: {reason}")]
    Execution {
        /// Where.
        height: Height,
        /// How.
        reason: String,
    },
    /// The store holds another chain.
    #[error("chain {found} is kept here, not {expected}: use another folder")]
    OtherChain {
        /// What is kept.
        found: ChainId,
        /// What is to be followed.
        expected: ChainId,
    },
    /// The application refused the genesis.
    #[error(transparent)]
    Application(#[from] AppError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store of blobs failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Who is to look into a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Whoever served the blocks: they are not what the members agreed on.
    Source,
    /// The members, or the application here: a quorum agreed on what does not hold by the rules of this program.
    Rules,
    /// This machine.
    Here,
}

impl FollowFault {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Segment(_)
            | Self::Block { .. }
            | Self::Link(_)
            | Self::Certificate { .. }
            | Self::Statement(_)
            | Self::NotFinal(_) => Blame::Source,
            Self::Rejected { .. } | Self::Outcome(_) | Self::Execution { .. } | Self::Application(_) => {
                Blame::Rules
            }
            Self::BlobMissing { .. } | Self::OtherChain { .. } | Self::Store(_) | Self::Blob(_) => {
                Blame::Here
            }
        }
    }
}

impl From<SetupError> for FollowFault {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Application(error) => Self::Application(error),
            SetupError::Store(error) => Self::Store(error),
        }
    }
}

/// What became of an execution that could not be finished.
pub(super) fn failed(height: Height) -> impl FnOnce(RunError) -> FollowFault {
    move |error| match error {
        RunError::Store(error) => FollowFault::Store(error),
        error @ RunError::Limits(_) => FollowFault::Execution { height, reason: error.to_string() },
    }
}
