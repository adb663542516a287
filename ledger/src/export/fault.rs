//! What can be wrong with an exported chain: the first fault, and where.

use crate::{
    application::AppError,
    blobs::BlobError,
    chain::{BlockFault, CertificateFault, GenesisFault},
    codec::DecodeError,
    types::{BlobHash, ChainId, Height},
};

/// The first fault of an exported chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    /// Not an exported chain.
    #[error("not an exported chain")]
    NotAnExport,
    /// Of another version.
    #[error("exported chain of version {0}, which this program does not know")]
    Version(u16),
    /// The digest at the end does not match.
    #[error("the file is damaged: its digest does not match")]
    Digest,
    /// Bytes that are no canonical encoding.
    #[error("{place}: {error}")]
    Decode {
        /// Where.
        place: String,
        /// What.
        error: DecodeError,
    },
    /// The genesis cannot be that of a chain.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisFault),
    /// Another chain than expected.
    #[error("this is chain {found}, not {expected}")]
    OtherChain {
        /// What it is.
        found: ChainId,
        /// What it should be.
        expected: ChainId,
    },
    /// The application refused the genesis, or could not be made.
    #[error(transparent)]
    Application(#[from] AppError),
    /// An attachment is not what its name stands for.
    #[error("attachment: {0}")]
    Blob(#[from] BlobError),
    /// Attachments must ascend.
    #[error("attachment {0} is out of order")]
    BlobOrder(BlobHash),
    /// A transaction refers to a blob that is not attached.
    #[error("height {height}: attachment {blob} is missing")]
    BlobMissing {
        /// The block.
        height: Height,
        /// The blob.
        blob: BlobHash,
    },
    /// An attachment that no transaction refers to.
    #[error("attachment {0} belongs to no transaction")]
    BlobUnused(BlobHash),
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
    /// A certificate is for another block or another outcome.
    #[error("height {0}: the certificate is for another block, view or outcome")]
    Statement(Height),
    /// The last block, of the chain or of a cycle, has no certificate of its own.
    #[error("height {0}: the last block of the chain or of its cycle has no certificate of finality")]
    NotFinal(Height),
    /// The block does not follow from the state, or a transaction does not pass its checks.
    #[error("height {height}: {reason}")]
    Rejected {
        /// Where.
        height: Height,
        /// Why.
        reason: String,
    },
    /// The application failed.
    #[error("height {height}: execution failed: {reason}")]
    Execution {
        /// Where.
        height: Height,
        /// How.
        reason: String,
    },
}
