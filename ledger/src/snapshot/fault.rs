//! What can be wrong with a snapshot: the first fault.

use std::{io, path::PathBuf};

use crate::{
    blobs::BlobError,
    codec::DecodeError,
    execution::StoreError,
    light::LightFault,
    types::{AppHash, BlobHash, Cycle, Height},
};

/// The first fault of a snapshot, or why it cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// Not a snapshot.
    #[error("not a snapshot")]
    NotASnapshot,
    /// Of another version.
    #[error("snapshot of version {0}, which this program does not know")]
    Version(u16),
    /// The digest at the end does not match.
    #[error("the snapshot is damaged: its digest does not match")]
    Digest,
    /// Bytes that are no canonical encoding.
    #[error("{place}: {error}")]
    Decode {
        /// Where.
        place: &'static str,
        /// What.
        error: DecodeError,
    },
    /// Its root is not that of a final state of the chain.
    #[error(transparent)]
    Light(#[from] LightFault),
    /// Only the state at the end of a cycle is the same wherever it is written.
    #[error("height {0} is not the last of its cycle")]
    NotAtEnd(Height),
    /// It has no chunks.
    #[error("the list of its chunks is empty")]
    NoChunks,
    /// A chunk is not there.
    #[error("chunk {index}, {chunk}, is not there")]
    Missing {
        /// Which, from 0.
        index: usize,
        /// Its name.
        chunk: BlobHash,
    },
    /// A chunk is not what follows those before it in the state.
    #[error("chunk {index} does not belong to the state with the root {root}: {reason}")]
    Chunk {
        /// Which, from 0.
        index: usize,
        /// The certified root.
        root: AppHash,
        /// What the tree says.
        reason: String,
    },
    /// Entries are missing after the last chunk.
    #[error("the state with the root {root} has more than the {chunks} chunks")]
    Incomplete {
        /// The certified root.
        root: AppHash,
        /// How many there are.
        chunks: usize,
    },
    /// The state names another committee than the walk.
    #[error("cycle {0}: the state has another committee than the walk")]
    Committee(Cycle),
    /// Another snapshot is being written.
    #[error("another snapshot is being written")]
    Busy,
    /// It was told to stop.
    #[error("writing the snapshot was broken off")]
    Cancelled,
    /// A chunk cannot be kept or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SnapshotFault {
    /// Whether the snapshot itself is bad, and not this machine.
    pub fn is_bad(&self) -> bool {
        let ours = matches!(self, Self::Store(_) | Self::Io { .. } | Self::Busy | Self::Cancelled);
        !ours && !matches!(self, Self::Blob(BlobError::Io(_)))
    }
}
