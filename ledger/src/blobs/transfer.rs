//! Blobs between nodes: asked for and sent in chunks, so that a blob of 64 MiB delays no vote and fills no memory.
//!
//! A chunk is worth nothing by itself. Whoever pulls a blob puts the chunks of *one* peer together and checks the hash
//! of the whole, so it knows who is to blame when it does not match.

use crate::{
    blobs::MAX_BLOB_BYTES,
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    types::BlobHash,
};

/// Bytes of a chunk; the last of a blob may have fewer.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Most chunks that are asked for, and not there yet.
pub const WINDOW: u8 = 8;

/// Chunks of a blob with so many bytes. An empty blob has one, which is empty.
pub(crate) const fn chunks(size: u32) -> u32 {
    let chunks = size.div_ceil(CHUNK_BYTES as u32);
    if chunks == 0 { 1 } else { chunks }
}

/// Bytes of a chunk of a blob with so many bytes; `None` if it has no such chunk.
pub(crate) fn chunk_length(size: u32, index: u32) -> Option<usize> {
    let rest = size.checked_sub(index.checked_mul(CHUNK_BYTES as u32)?)?;
    (index < chunks(size)).then_some((rest as usize).min(CHUNK_BYTES))
}

/// Asks for chunks of a blob that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobRequest {
    /// The blob.
    pub blob: BlobHash,
    /// The first chunk.
    pub first: u32,
    /// How many: from 1 to [`WINDOW`]. There may be fewer.
    pub count: u8,
}

/// A chunk of a blob.
#[derive(Clone, PartialEq, Eq)]
pub struct BlobChunk {
    /// The blob.
    pub blob: BlobHash,
    /// Bytes of the whole blob, as the sender says.
    pub size: u32,
    /// Which chunk.
    pub index: u32,
    /// Its bytes: as many as a chunk of this number has in a blob of this size.
    pub bytes: Vec<u8>,
}

impl core::fmt::Debug for BlobChunk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { blob, size, index, bytes } = self;
        write!(f, "BlobChunk({blob:?}, {index}: {} of {size} bytes)", bytes.len())
    }
}

impl Encode for BlobRequest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.blob.encode(out);
        self.first.encode(out);
        self.count.encode(out);
    }
}

impl Decode for BlobRequest {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let request = Self {
            blob: Decode::decode(reader)?,
            first: Decode::decode(reader)?,
            count: Decode::decode(reader)?,
        };
        if !(1..=WINDOW).contains(&request.count) {
            return Err(DecodeError::NotCanonical("number of chunks"));
        }
        Ok(request)
    }
}

impl Encode for BlobChunk {
    fn encode(&self, out: &mut Vec<u8>) {
        self.blob.encode(out);
        self.size.encode(out);
        self.index.encode(out);
        put_bytes(out, &self.bytes);
    }
}

impl Decode for BlobChunk {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (blob, size, index) = (Decode::decode(reader)?, u32::decode(reader)?, u32::decode(reader)?);
        if size as usize > MAX_BLOB_BYTES {
            return Err(DecodeError::TooLong { what: "blob", length: size as usize, limit: MAX_BLOB_BYTES });
        }
        let bytes = reader.bytes(CHUNK_BYTES, "chunk")?.to_vec();
        if chunk_length(size, index) != Some(bytes.len()) {
            return Err(DecodeError::NotCanonical("length of a chunk"));
        }
        Ok(Self { blob, size, index, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_covered_by_its_chunks() {
        let chunk = CHUNK_BYTES as u32;
        for size in [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, MAX_BLOB_BYTES as u32] {
            let lengths = (0..chunks(size)).map(|index| chunk_length(size, index).expect("a chunk of it"));
            assert_eq!(lengths.sum::<usize>(), size as usize);
            assert_eq!(chunk_length(size, chunks(size)), None, "{size}");
        }
        assert_eq!(chunk_length(10, u32::MAX), None);
    }
}
