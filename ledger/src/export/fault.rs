//! What can be wrong with an exported chain: the first fault, and where.

use crate::{
    application::AppError,
    blobs::BlobError,
    chain::GenesisFault,
    codec::DecodeError,
    follow::FollowFault,
    types::{BlobHash, ChainId},
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
    /// The application could not be made.
    #[error(transparent)]
    Application(#[from] AppError),
    /// An attachment is not what its name stands for.
    #[error("attachment: {0}")]
    Blob(#[from] BlobError),
    /// Attachments must ascend.
    #[error("attachment {0} is out of order")]
    BlobOrder(BlobHash),
    /// An attachment that no transaction refers to.
    #[error("attachment {0} belongs to no transaction")]
    BlobUnused(BlobHash),
    /// A block does not follow, or is not final.
    #[error(transparent)]
    Follow(#[from] FollowFault),
}
