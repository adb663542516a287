//! Gives other nodes the blobs that they ask for, so many bytes a second each.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    blobs::{
        BlobChunk, BlobError, BlobRequest, Blobs, Part,
        transfer::{CHUNK_BYTES, chunk_length},
    },
    consensus::Message,
    snapshot::Shelf,
    types::{BlobHash, MemberIndex},
};

/// Bytes read for one node in a second; what it asks for beyond is not answered, and it asks again.
const BYTES_A_SECOND: usize = 64 * 1024 * 1024;

/// Reads blobs for others.
pub(super) struct Serving {
    blobs: Arc<dyn Blobs>,
    /// Whose snapshots' chunks and manifests are blobs too, for those who know their names.
    shelf: Shelf,
    /// Bytes read for each node in a second, and when that second began.
    read: BTreeMap<MemberIndex, (Instant, usize)>,
}

impl Serving {
    pub fn new(blobs: Arc<dyn Blobs>, shelf: Shelf) -> Self {
        Self { blobs, shelf, read: BTreeMap::new() }
    }

    /// The answers to a request.
    pub fn answer(&mut self, from: MemberIndex, request: &BlobRequest, now: Instant) -> Vec<Message> {
        let mut answers = Vec::new();
        for index in (0..u32::from(request.count)).map_while(|more| request.first.checked_add(more)) {
            if !self.may_read(from, now) {
                break;
            }
            match self.chunk(request, index) {
                Some(Some(chunk)) => answers.push(Message::BlobChunk(chunk)),
                Some(None) => break,
                None => return vec![Message::NoBlob(request.blob)],
            }
        }
        answers
    }

    fn may_read(&mut self, from: MemberIndex, now: Instant) -> bool {
        let (since, bytes) = self.read.entry(from).or_insert((now, 0));
        if now.saturating_duration_since(*since) >= Duration::from_secs(1) {
            (*since, *bytes) = (now, 0);
        }
        *bytes += CHUNK_BYTES;
        *bytes <= BYTES_A_SECOND
    }

    fn read(&self, blob: &BlobHash, offset: u64) -> Result<Option<Part>, BlobError> {
        match self.blobs.read(blob, offset, CHUNK_BYTES)? {
            Some(part) => Ok(Some(part)),
            None => Ok(self.shelf.read(blob, offset, CHUNK_BYTES)?),
        }
    }

    /// A chunk; inner `None` if the blob has no such chunk, outer if the blob is not here.
    fn chunk(&self, request: &BlobRequest, index: u32) -> Option<Option<BlobChunk>> {
        let offset = u64::from(index) * CHUNK_BYTES as u64;
        let part = match self.read(&request.blob, offset) {
            Ok(part) => part?,
            Err(error) => {
                tracing::warn!(blob = %request.blob, %error, "a blob cannot be read");
                return None;
            }
        };
        let size = u32::try_from(part.size).ok()?;
        let whole = chunk_length(size, index) == Some(part.bytes.len());
        Some(whole.then_some(BlobChunk { blob: request.blob, size, index, bytes: part.bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs::MemoryBlobs;

    #[test]
    fn a_blob_is_answered_in_chunks_and_a_greedy_peer_waits() {
        let blobs = Arc::new(MemoryBlobs::new());
        let blob = blobs.store(&vec![7; CHUNK_BYTES + 1]).expect("stores");
        let nothing = tempfile::tempdir().expect("dir");
        let serving = Serving::new(blobs, Shelf::at(nothing.path()));
        let (mut serving, now, peer) = (serving, Instant::now(), MemberIndex::new(1));
        let request = BlobRequest { blob, first: 0, count: 8 };
        assert_eq!(serving.answer(peer, &request, now).len(), 2, "what there is of eight");
        let nothing = BlobRequest { blob: BlobHash::of(b"other"), ..request };
        assert_eq!(serving.answer(peer, &nothing, now), [Message::NoBlob(nothing.blob)]);
        let served = (0..1000).take_while(|_| !serving.answer(peer, &request, now).is_empty()).count();
        assert!((50..=BYTES_A_SECOND / CHUNK_BYTES).contains(&served), "{served}");
        assert_eq!(serving.answer(MemberIndex::new(2), &request, now).len(), 2, "others do not");
        assert_eq!(serving.answer(peer, &request, now + Duration::from_secs(1)).len(), 2, "for long");
    }
}
