//! A part of the state.

use jmt::{KeyHash, OwnedValue, proof::SparseMerkleRangeProof};
use sha2::Sha256;

use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_len},
    execution::tree,
    state::{MAX_KEY_BYTES, MAX_VALUE_BYTES},
};

/// A chunk is closed when it has grown to this.
pub(super) const CHUNK_BYTES: usize = 1024 * 1024;
/// Longest chunk: the entry with which it grows over its measure may be a large one.
pub const MAX_CHUNK_BYTES: usize = CHUNK_BYTES + MAX_VALUE_BYTES + 64 * 1024;
/// Longest proof: 256 hashes with their kinds.
const MAX_PROOF_BYTES: usize = 32 * 1024;
/// No entry takes less than its two lengths and its space.
const MAX_ENTRIES: usize = MAX_CHUNK_BYTES / 9;

/// Entries of the state that follow each other in the order of the tree, which is that of the hashes of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Keys of the state (space and key), with their values.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// What is to the right of the last entry in the tree, as `jmt` encodes it.
    pub right: Vec<u8>,
}

impl Chunk {
    /// As the tree takes them: hashes of keys, and values as they are in its leaves.
    pub(super) fn leaves(&self) -> Vec<(KeyHash, OwnedValue)> {
        let leaf = |(key, value): &(Vec<u8>, Vec<u8>)| (tree::key_hash(key), tree::leaf_value(value));
        self.entries.iter().map(leaf).collect()
    }

    /// The hashes to the right.
    pub(super) fn proof(&self) -> Result<SparseMerkleRangeProof<Sha256>, DecodeError> {
        let wrong = DecodeError::NotCanonical("proof of a chunk");
        let proof: SparseMerkleRangeProof<Sha256> =
            borsh::from_slice(&self.right).map_err(|_| wrong.clone())?;
        let again = borsh::to_vec(&proof).map_err(|_| wrong.clone())?;
        if again == self.right { Ok(proof) } else { Err(wrong) }
    }
}

impl Encode for Chunk {
    fn encode(&self, out: &mut Vec<u8>) {
        put_len(out, self.entries.len());
        for (key, value) in &self.entries {
            put_bytes(out, key);
            put_bytes(out, value);
        }
        put_bytes(out, &self.right);
    }
}

impl Decode for Chunk {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let length = reader.length(MAX_ENTRIES, "entries of a chunk")?;
        let mut entries = Vec::with_capacity(length.min(reader.left() / 8));
        for _ in 0..length {
            let key = reader.bytes(MAX_KEY_BYTES + 1, "key")?.to_vec();
            entries.push((key, reader.bytes(MAX_VALUE_BYTES, "value")?.to_vec()));
        }
        Ok(Self { entries, right: reader.bytes(MAX_PROOF_BYTES, "proof of a chunk")?.to_vec() })
    }
}
