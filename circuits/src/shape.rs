//! Sizes of the statement, in one place: every circuit, twin and document takes them from here.

/// Cells of a row; the last is the consent mask.
pub const CELLS: usize = 12;
/// Index of the cell that carries the consent mask, one bit a purpose. It is never released.
pub const CONSENT_CELL: usize = 11;
/// Bits of a cell.
pub const CELL_BITS: usize = 16;
/// Bits of a handle.
pub const HANDLE_BITS: usize = 60;
/// Rows of a chunk.
pub const CHUNK_ROWS: usize = 64;
/// Depth of a dataset's tree of chunks: up to 2^16 chunks, 4.2 million patients.
pub const DATASET_DEPTH: usize = 16;
/// Depth of the registry's trees: up to 2^20 accredited (hospital, schema) pairs.
pub const REGISTRY_DEPTH: usize = 20;
/// Range conditions of a request.
pub const CONDITIONS: usize = 8;
/// AND-clauses of a request, joined by OR.
pub const CLAUSES: usize = 4;
/// Research purposes that a consent mask can name.
pub const PURPOSES: usize = 16;
/// Quasi-identifier slots of a request.
pub const QUASI_IDENTIFIERS: usize = 7;
/// Rows of a release block.
pub const BLOCK_ROWS: usize = 56;
/// No circuit has more constraints than this.
pub const MAX_CONSTRAINTS: usize = 1 << 16;
