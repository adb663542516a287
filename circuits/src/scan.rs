//! A scan: one chunk of the run, every row of it looked at.
//!
//! Shows, for public (i, D, request digest, γ, state in, state out): the chunk at position (start + i) mod chunks of the
//! dataset in D holds 64 words whose present rows come first with strictly increasing handles; and `acc` takes in γ − word
//! for exactly the rows that the request selects. After the run wraps to position 0, handles stay below the run's first.

mod circuit;
mod selection;

pub use circuit::ScanCircuit;

use crate::field::F;
use crate::merkle::Path;
use crate::request::Terms;
use crate::row::Row;
use crate::shape::CHUNK_ROWS;
use crate::state::State;

crate::redact::redact!(RunOpening, ScanPrivate);

/// Number of public inputs.
pub const PUBLIC_INPUTS: usize = 6;

/// What everybody knows of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanPublic {
    /// Index in the run, from 0.
    pub index: u64,
    /// D, the commitment to dataset and start.
    pub run: F,
    /// Digest of the request's terms.
    pub request_digest: F,
    /// The contribution's challenge.
    pub gamma: F,
    /// Commitment to the state before.
    pub state_in: F,
    /// Commitment to the state after.
    pub state_out: F,
}

impl ScanPublic {
    /// The public inputs, in the circuit's order.
    pub fn inputs(&self) -> [F; PUBLIC_INPUTS] {
        [F::from(self.index), self.run, self.request_digest, self.gamma, self.state_in, self.state_out]
    }
}

/// The hospital's dataset as a run opens it: what D hides.
#[derive(Clone, Copy)]
pub struct RunOpening {
    /// Root of the dataset's tree.
    pub root: F,
    /// Chunks of the dataset, 1 to 2^16.
    pub chunks: u64,
    /// Position of the first chunk of the run.
    pub start: u64,
    /// Blinding of D.
    pub blind: F,
}

impl RunOpening {
    /// Position of the i-th chunk of the run, and whether the run has wrapped.
    pub fn position(&self, index: u64) -> (u64, bool) {
        let sum = self.start + index;
        if sum >= self.chunks { (sum - self.chunks, true) } else { (sum, false) }
    }

    /// D.
    pub fn commitment(&self) -> F {
        crate::dataset::run_commitment(self.root, self.chunks, self.start, self.blind)
    }
}

/// What only the seller knows of a scan: everything that a prover may choose freely.
#[derive(Clone)]
pub struct ScanPrivate {
    /// The request's terms.
    pub terms: Terms,
    /// What D hides.
    pub run: RunOpening,
    /// Whether the run has wrapped.
    pub wrapped: bool,
    /// The chunk's 64 words.
    pub words: Vec<F>,
    /// The chunk's path.
    pub path: Path,
    /// State before.
    pub state: State,
    /// Blinding of the state before.
    pub blind_in: F,
    /// Blinding of the state after.
    pub blind_out: F,
}

/// Why a chunk cannot be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanFault {
    /// Handles do not strictly increase.
    #[error("handles do not increase at row {row} of the chunk")]
    Order {
        /// Index of the row in its chunk.
        row: usize,
    },
    /// After the wrap a handle reaches the run's first.
    #[error("after the wrap, the chunk's handles reach the first of the run")]
    Bound,
}

/// The native twin: the state after the chunk at `position`.
///
/// # Errors
/// [`ScanFault`] when the chunk's handles break the order.
pub fn step(terms: &Terms, gamma: F, state: &State, position: u64, rows: &[Row]) -> Result<State, ScanFault> {
    debug_assert!(rows.len() <= CHUNK_ROWS);
    let mut next = *state;
    if position == 0 {
        next.handles.last = 0;
        next.handles.bounded = state.handles.first_set;
    }
    for (index, row) in rows.iter().enumerate() {
        let handle = row.handle.value();
        if handle <= next.handles.last {
            return Err(ScanFault::Order { row: index });
        }
        next.handles.last = handle;
        if terms.selects(row) {
            next.acc *= gamma - row.word();
        }
    }
    if let Some(first) = rows.first() {
        if next.handles.bounded && next.handles.last >= state.handles.first {
            return Err(ScanFault::Bound);
        }
        if !state.handles.first_set {
            next.handles.first = first.handle.value();
            next.handles.first_set = true;
        }
    }
    Ok(next)
}
