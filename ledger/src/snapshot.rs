//! Snapshots: the final state at the end of a cycle, in chunks, each of which is verified before anything of it is used.
//!
//! ```text
//! home/snapshots/<height>/manifest     what is in it, and the walk from the genesis to its root
//! home/snapshots/<height>/<hash>       a chunk, named by its BLAKE3 hash
//! ```
//!
//! A **manifest** has the light client's walk to the block after which the state was so, that block's header, outcome and
//! certificate, and the names of the chunks. A **chunk** has entries of the state that follow each other in the order
//! of the tree, and the hashes to the right of the last of them, so that all entries up to there give the root. The last
//! chunk has none to its right: nothing can be left out.
//!
//! Every member writes the same chunks, as it is the same state cut at the same places; so they can be got from any
//! of them, and only the manifest says which they are.
//!
//! **What it proves**: as much as a light proof ([`crate::light`]). The history before it is not there: a node that began
//! with a snapshot cannot export the chain.

mod capture;
mod chunk;
mod fault;
mod file;
mod manifest;
mod restore;
mod shelf;

pub use capture::Capture;
pub use chunk::{Chunk, MAX_CHUNK_BYTES};
pub use fault::SnapshotFault;
pub use file::{read_file, write_file};
pub use manifest::{MAX_CHUNKS, Manifest};
pub(crate) use restore::{Restoring, restore};
pub use shelf::{Shelf, Snapshot};
