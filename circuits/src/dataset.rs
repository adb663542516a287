//! A hospital's committed dataset: sorted rows in chunks of 64, under a Merkle root.
//!
//! The commitment shows nothing: `body = hash(root, chunks, salt)` hides contents and size, and what lies on the ledger is
//! the leaf `hash(body, schema, seller)`. Cautions: rows of one dataset have distinct, increasing handles; a hospital
//! that commits to fewer chunks than its schema's minimum cannot sell.

use rayon::prelude::*;

use crate::field::F;
use crate::merkle::{Path, Tree};
use crate::poseidon::{Domain, hash};
use crate::row::{Row, word_of};
use crate::shape::{CHUNK_ROWS, DATASET_DEPTH};

/// Hash of a chunk's 64 words.
pub const CHUNK: Domain = Domain("galen.v1.chunk");
/// Nodes of a dataset's tree.
pub const DATASET_NODE: Domain = Domain("galen.v1.dataset.node");
/// Body of a registry leaf.
pub const BODY: Domain = Domain("galen.v1.dataset.body");
/// Commitment of a contribution to its dataset and the start of its run.
pub const RUN: Domain = Domain("galen.v1.run");

/// Up to 64 rows, present rows first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk(Vec<Row>);

impl Chunk {
    /// The rows that are present.
    pub fn rows(&self) -> &[Row] {
        &self.0
    }

    /// The 64 words, padding as 0.
    pub fn words(&self) -> [F; CHUNK_ROWS] {
        std::array::from_fn(|i| word_of(self.0.get(i)))
    }

    /// The leaf of the dataset's tree.
    pub fn leaf(&self) -> F {
        hash(CHUNK, &self.words())
    }
}

/// Rows that cannot be a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetFault {
    /// Two neighbours are not in increasing order of handles.
    #[error("rows {index} and {} are not in increasing order of handles", index + 1)]
    Order {
        /// Index of the first of the two.
        index: usize,
    },
    /// More rows than chunks hold, or more chunks than the tree holds.
    #[error("{rows} rows do not fit into {chunks} chunks of 64; a dataset has 1 to 65,536 chunks")]
    Size {
        /// Rows given.
        rows: usize,
        /// Chunks asked for.
        chunks: usize,
    },
}

/// A dataset with its tree.
#[derive(Clone, Debug)]
pub struct Dataset {
    chunks: Vec<Chunk>,
    tree: Tree,
}

impl Dataset {
    /// Spreads sorted rows evenly over `chunks` chunks: a small hospital spreads them thin.
    ///
    /// # Errors
    /// [`DatasetFault`] when the rows are not sorted by distinct handles or do not fit.
    pub fn new(rows: &[Row], chunks: usize) -> Result<Self, DatasetFault> {
        if let Some(index) = rows.windows(2).position(|pair| pair[0].handle >= pair[1].handle) {
            return Err(DatasetFault::Order { index });
        }
        if chunks == 0 || chunks > 1 << DATASET_DEPTH || rows.len() > chunks * CHUNK_ROWS {
            return Err(DatasetFault::Size { rows: rows.len(), chunks });
        }
        let bound = |i: usize| rows.len() * i / chunks;
        let parts = (0..chunks).map(|i| Chunk(rows[bound(i)..bound(i + 1)].to_vec())).collect();
        Self::from_chunks(parts)
    }

    /// The dataset of these chunks, unchecked: order and contents are the hospital's word, and what the circuits check.
    ///
    /// # Errors
    /// [`DatasetFault::Size`] for no chunk or too many.
    pub fn from_chunks(chunks: Vec<Chunk>) -> Result<Self, DatasetFault> {
        let rows = chunks.iter().map(|c| c.0.len()).sum();
        let size = DatasetFault::Size { rows, chunks: chunks.len() };
        if chunks.is_empty() {
            return Err(size);
        }
        let leaves: Vec<F> = chunks.par_iter().map(Chunk::leaf).collect();
        let tree = Tree::from_leaves(DATASET_NODE, DATASET_DEPTH, &leaves).map_err(|_| size)?;
        Ok(Self { chunks, tree })
    }

    /// Chunks that a number of rows needs, at least `min_chunks`.
    pub fn chunks_for(rows: usize, min_chunks: usize) -> usize {
        rows.div_ceil(CHUNK_ROWS).max(min_chunks).max(1)
    }

    /// The chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The tree's root.
    pub fn root(&self) -> F {
        self.tree.root()
    }

    /// The path of a chunk.
    ///
    /// # Errors
    /// For a position outside the tree.
    pub fn path(&self, position: u64) -> Result<Path, crate::merkle::OutsideTree> {
        self.tree.path(position)
    }

    /// `body`, which hides root and size under a random salt.
    pub fn body(&self, salt: F) -> F {
        body(self.root(), self.chunks.len() as u64, salt)
    }
}

impl Chunk {
    /// A chunk of at most 64 rows, in the order given.
    ///
    /// # Errors
    /// [`DatasetFault::Size`] for more.
    pub fn new(rows: Vec<Row>) -> Result<Self, DatasetFault> {
        if rows.len() > CHUNK_ROWS {
            Err(DatasetFault::Size { rows: rows.len(), chunks: 1 })
        } else {
            Ok(Self(rows))
        }
    }
}

/// `body = hash(root, chunks, salt)`.
pub fn body(root: F, chunks: u64, salt: F) -> F {
    hash(BODY, &[root, F::from(chunks), salt])
}

/// D: commits a contribution to a dataset and the start of its run, blinded.
pub fn run_commitment(root: F, chunks: u64, start: u64, blind: F) -> F {
    hash(RUN, &[root, F::from(chunks), F::from(start), blind])
}
