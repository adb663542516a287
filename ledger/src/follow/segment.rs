//! Blocks on their way to somebody who follows, encoded as they are in an exported chain:
//!
//! ```text
//! number of blocks (u64) ‖ blocks: length (u32) ‖ block ‖ optional certificate of finality
//! ```
//!
//! The last block of a segment has a certificate, so a segment is one or more [`Stretch`]es.

use std::sync::Arc;

use crate::{
    chain::{Block, Certificate},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    types::Height,
};

/// A block of the largest parameters, with room for its certificates.
const MAX_BLOCK_BYTES: usize = 40 * 1024 * 1024;
/// A segment is complete when it has so many bytes and its last block a certificate.
pub const SEGMENT_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of a segment.
pub const MAX_SEGMENT_BYTES: usize = 64 * 1024 * 1024;
/// Most blocks of a segment.
pub const MAX_SEGMENT_BLOCKS: usize = 4096;

/// Appends a block with its certificate.
pub(crate) fn put_frame(out: &mut Vec<u8>, block: &Block, certificate: Option<&Certificate>) {
    put_bytes(out, &block.to_bytes());
    certificate.is_some().encode(out);
    if let Some(certificate) = certificate {
        certificate.encode(out);
    }
}

/// Reads what [`put_frame`] writes.
pub(crate) fn read_frame(reader: &mut Reader<'_>) -> Result<(Block, Option<Certificate>), DecodeError> {
    let block = Block::from_bytes(reader.bytes(MAX_BLOCK_BYTES, "block")?)?;
    Ok((block, Decode::decode(reader)?))
}

/// Bytes that are no segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentFault {
    /// Too many bytes.
    #[error("{0} bytes exceed the limit of {MAX_SEGMENT_BYTES}")]
    TooLarge(usize),
    /// No blocks, or too many.
    #[error("{0} blocks: there must be from 1 to {MAX_SEGMENT_BLOCKS}")]
    Blocks(u64),
    /// Bytes that are no canonical encoding.
    #[error("block {place} of those served: {error}")]
    Decode {
        /// Which block, counted from 0.
        place: u64,
        /// What.
        error: DecodeError,
    },
    /// The last block has no certificate.
    #[error("height {0}: the last block served has no certificate of finality")]
    NotFinal(Height),
}

/// Blocks that follow each other, of which the last, and only the last, has a certificate of finality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Those before the last.
    pub before: Vec<Arc<Block>>,
    /// The last.
    pub last: Arc<Block>,
    /// Its certificate.
    pub certificate: Certificate,
}

impl Stretch {
    /// The blocks in their order.
    pub fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.before.iter().chain(std::iter::once(&self.last))
    }
}

/// Takes blocks one by one, and gives stretches.
#[derive(Default)]
pub(crate) struct Gathering(Vec<Arc<Block>>);

impl Gathering {
    /// Adds a block; gives the stretch that ends with it.
    pub(crate) fn add(&mut self, block: Block, certificate: Option<Certificate>) -> Option<Stretch> {
        let last = Arc::new(block);
        match certificate {
            Some(certificate) => Some(Stretch { before: std::mem::take(&mut self.0), last, certificate }),
            None => {
                self.0.push(last);
                None
            }
        }
    }

    /// The newest block that no certificate vouches for yet.
    pub(crate) fn pending(&self) -> Option<&Block> {
        self.0.last().map(AsRef::as_ref)
    }
}

/// Blocks as they are served: stretches in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    stretches: Vec<Stretch>,
}

impl Segment {
    /// Reads a segment.
    ///
    /// # Errors
    /// When it is too large, no canonical encoding, or ends with a block without a certificate.
    pub fn decode(bytes: &[u8]) -> Result<Self, SegmentFault> {
        if bytes.len() > MAX_SEGMENT_BYTES {
            return Err(SegmentFault::TooLarge(bytes.len()));
        }
        let at = |place| move |error| SegmentFault::Decode { place, error };
        let mut reader = Reader::new(bytes);
        let count = u64::decode(&mut reader).map_err(at(0))?;
        if count == 0 || count > MAX_SEGMENT_BLOCKS as u64 {
            return Err(SegmentFault::Blocks(count));
        }
        let (mut stretches, mut gathering) = (Vec::new(), Gathering::default());
        for place in 0..count {
            let (block, certificate) = read_frame(&mut reader).map_err(at(place))?;
            stretches.extend(gathering.add(block, certificate));
        }
        reader.finish().map_err(at(count))?;
        match gathering.pending() {
            Some(block) => Err(SegmentFault::NotFinal(block.header.height)),
            None => Ok(Self { stretches }),
        }
    }

    /// The stretches in their order.
    pub fn into_stretches(self) -> Vec<Stretch> {
        self.stretches
    }
}

/// A segment that is being put together.
#[derive(Debug, Default)]
pub struct SegmentDraft {
    frames: Vec<u8>,
    blocks: u64,
    /// How much of it ends with a certified block.
    certified: (u64, usize),
}

impl SegmentDraft {
    /// One without blocks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next block. Not when it [is full](Self::is_full).
    pub fn push(&mut self, block: &Block, certificate: Option<&Certificate>) {
        put_frame(&mut self.frames, block, certificate);
        self.blocks += 1;
        if certificate.is_some() && self.fits() {
            self.certified = (self.blocks, self.frames.len());
        }
    }

    fn fits(&self) -> bool {
        self.blocks <= MAX_SEGMENT_BLOCKS as u64 && self.frames.len() <= MAX_SEGMENT_BYTES - 8
    }

    /// Whether no more blocks belong into it.
    pub fn is_full(&self) -> bool {
        let ends = self.certified.0 == self.blocks;
        let enough = ends && self.frames.len() >= SEGMENT_BYTES;
        enough || self.blocks >= MAX_SEGMENT_BLOCKS as u64 || !self.fits()
    }

    /// The segment up to its last certified block; none if there is no such block.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let (blocks, length) = self.certified;
        self.frames.truncate(length);
        (blocks > 0).then(|| [&blocks.to_le_bytes()[..], &self.frames].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_looked_at_before_anything_else() {
        let blocks = |count: u64| Segment::decode(&count.to_le_bytes());
        assert_eq!(blocks(0), Err(SegmentFault::Blocks(0)));
        assert_eq!(blocks(u64::MAX), Err(SegmentFault::Blocks(u64::MAX)));
        assert!(matches!(blocks(2), Err(SegmentFault::Decode { place: 0, .. })));
        let large = vec![0; MAX_SEGMENT_BYTES + 1];
        assert_eq!(Segment::decode(&large), Err(SegmentFault::TooLarge(large.len())));
        assert_eq!(SegmentDraft::new().finish(), None);
        assert!(!SegmentDraft::new().is_full());
    }
}
