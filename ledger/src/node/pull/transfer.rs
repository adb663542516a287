//! A blob on its way from one peer. Its bytes go to a draft on disk as they come, so that many take little memory.

use std::time::{Duration, Instant};

use crate::{
    blobs::{
        BlobChunk, BlobError, BlobRequest, Blobs, Draft,
        transfer::{CHUNK_BYTES, WINDOW, chunks},
    },
    types::BlobHash,
};

/// The first chunk comes within this, or another peer is asked.
const FIRST: Duration = Duration::from_secs(1);
/// Each further chunk comes within this, or is asked for once more.
const NEXT: Duration = Duration::from_secs(2);
/// After this …
const GRACE: Duration = Duration::from_secs(10);
/// … a peer must have sent so many bytes a second on average: one that sends drop by drop is left.
const LEAST_RATE: u64 = 64 * 1024;

/// What a chunk made of a transfer.
pub(super) enum Progress {
    /// More is on its way; perhaps more is to be asked for.
    More(Option<BlobRequest>),
    /// The blob is in the store.
    Done,
    /// The peer sent something else than the blob.
    Lie,
    /// The store failed.
    Failed(BlobError),
}

/// A blob on its way from one peer.
pub(super) struct Transfer {
    pub blob: BlobHash,
    began: Instant,
    heard: Instant,
    /// The first chunk that is not here, and the first that was not asked for.
    next: u32,
    asked: u32,
    size: Option<u32>,
    draft: Option<Box<dyn Draft>>,
    /// What is missing was asked for again, and nothing has come since.
    repeated: bool,
}

impl Transfer {
    /// Begins, with the request to send.
    pub fn begin(blob: BlobHash, now: Instant) -> (Self, BlobRequest) {
        let transfer = Self {
            blob,
            began: now,
            heard: now,
            next: 0,
            asked: u32::from(WINDOW),
            size: None,
            draft: None,
            repeated: false,
        };
        (transfer, BlobRequest { blob, first: 0, count: WINDOW })
    }

    /// Takes a chunk of this blob from this peer. Chunks out of order are passed over: one was lost, and will be asked
    /// for again.
    pub fn take(&mut self, chunk: &BlobChunk, blobs: &dyn Blobs, now: Instant) -> Progress {
        if chunk.index != self.next {
            return Progress::More(None);
        }
        if self.size.is_some_and(|size| size != chunk.size) {
            return Progress::Lie;
        }
        self.size = Some(chunk.size);
        if let Err(error) = self.append(chunk, blobs) {
            return Progress::Failed(error);
        }
        (self.next, self.heard, self.repeated) = (self.next + 1, now, false);
        if self.next < chunks(chunk.size) {
            return Progress::More(self.ask_ahead(chunk.size));
        }
        match self.draft.take().map(|draft| draft.keep(&self.blob)) {
            Some(Ok(())) | None => Progress::Done,
            Some(Err(BlobError::Mismatch { .. })) => Progress::Lie,
            Some(Err(error)) => Progress::Failed(error),
        }
    }

    fn append(&mut self, chunk: &BlobChunk, blobs: &dyn Blobs) -> Result<(), BlobError> {
        let draft = match &mut self.draft {
            Some(draft) => draft,
            empty => empty.insert(blobs.draft()?),
        };
        draft.append(&chunk.bytes)
    }

    /// Keeps between half a window and a whole one on the way.
    fn ask_ahead(&mut self, size: u32) -> Option<BlobRequest> {
        let half = u32::from(WINDOW) / 2;
        if self.asked.saturating_sub(self.next) > half {
            return None;
        }
        let count = chunks(size).checked_sub(self.asked)?.min(half);
        let first = self.asked;
        self.asked += count;
        (count > 0).then_some(BlobRequest { blob: self.blob, first, count: u8::try_from(count).ok()? })
    }

    /// When something has to be done if nothing is heard.
    pub fn due(&self) -> Instant {
        self.heard + if self.next == 0 { FIRST } else { NEXT }
    }

    /// Nothing was heard for too long, or too little: asks again for what may have been lost; `None` to leave this peer.
    pub fn remind(&mut self, now: Instant) -> Option<BlobRequest> {
        if self.next == 0 || self.repeated || self.is_slow(now) {
            return None;
        }
        (self.repeated, self.heard) = (true, now);
        self.asked = self.next + u32::from(WINDOW);
        Some(BlobRequest { blob: self.blob, first: self.next, count: WINDOW })
    }

    /// Whether the peer has sent drop by drop for a while.
    pub fn is_slow(&self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.began);
        elapsed > GRACE && u64::from(self.next) * (CHUNK_BYTES as u64) < elapsed.as_secs() * LEAST_RATE
    }

    /// Whether anything of it has come.
    pub fn is_answered(&self) -> bool {
        self.next > 0
    }
}
