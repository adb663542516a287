//! Pulls the blobs that are wanted: several at a time, each from one peer, one from each peer. Time is an argument.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    transfer::{Progress, Transfer},
    wants::{Next, Urgency, Wants},
};
use crate::{
    blobs::{BlobChunk, BlobRequest, Blobs, MAX_BLOB_BYTES},
    types::{BlobHash, MemberIndex},
};

/// How long to wait when the store has failed.
const STORE_FAILED: Duration = Duration::from_secs(5);

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulled {
    /// Send this request.
    Ask(MemberIndex, BlobRequest),
    /// The blob is in the store.
    Here(BlobHash),
    /// It is not looked for any more.
    GaveUp(BlobHash),
}

/// Pulls blobs into a store.
pub(super) struct Puller {
    blobs: Arc<dyn Blobs>,
    wants: Wants,
    /// Longest blob that is taken.
    limit: usize,
    transfers: BTreeMap<MemberIndex, Transfer>,
    /// Did not answer when last asked.
    mute: BTreeSet<MemberIndex>,
    out: Vec<Pulled>,
}

impl Puller {
    pub fn new(blobs: Arc<dyn Blobs>, me: MemberIndex, members: Vec<MemberIndex>) -> Self {
        let wants = Wants::new(me, members);
        let (transfers, mute) = (BTreeMap::new(), BTreeSet::new());
        Self { blobs, wants, limit: MAX_BLOB_BYTES, transfers, mute, out: Vec::new() }
    }

    /// Takes no longer blobs than this.
    pub fn limited(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Who can be asked from now on.
    pub fn set_members(&mut self, members: Vec<MemberIndex>) {
        self.wants.set_members(members);
    }

    /// What has come out since.
    pub fn take_out(&mut self) -> Vec<Pulled> {
        std::mem::take(&mut self.out)
    }

    /// Wants a blob, which `from` should have.
    pub fn want(&mut self, blob: BlobHash, urgency: Urgency, from: Option<MemberIndex>, now: Instant) {
        if self.is_here(&blob) {
            self.here(blob);
        } else if !self.wants.want(blob, urgency, from, now) {
            self.out.push(Pulled::GaveUp(blob));
        }
        self.proceed(now);
    }

    /// A chunk came. What was not asked for is passed over.
    pub fn take(&mut self, from: MemberIndex, chunk: &BlobChunk, now: Instant) {
        self.mute.remove(&from);
        let expected = self.transfers.get_mut(&from).filter(|transfer| transfer.blob == chunk.blob);
        let Some(transfer) = expected else { return };
        if chunk.size as usize > self.limit {
            tracing::warn!(blob = %chunk.blob, %from, size = chunk.size, "a peer sent a blob that is too long");
            self.leave(from, true);
            return self.proceed(now);
        }
        match transfer.take(chunk, self.blobs.as_ref(), now) {
            Progress::More(request) => {
                self.out.extend(request.map(|request| Pulled::Ask(from, request)));
                return;
            }
            Progress::Done => {
                self.transfers.remove(&from);
                self.here(chunk.blob);
            }
            Progress::Lie => {
                tracing::warn!(blob = %chunk.blob, %from, "a peer sent other bytes than this blob's");
                self.leave(from, true);
            }
            Progress::Failed(error) => {
                tracing::error!(blob = %chunk.blob, %error, "a blob cannot be kept: is the disk full?");
                self.transfers.remove(&from);
                self.wants.postpone(&chunk.blob, now + STORE_FAILED);
            }
        }
        self.proceed(now);
    }

    /// A peer does not have a blob.
    pub fn absent(&mut self, from: MemberIndex, blob: &BlobHash, now: Instant) {
        self.mute.remove(&from);
        if self.transfers.get(&from).is_some_and(|transfer| transfer.blob == *blob) {
            self.leave(from, false);
            self.proceed(now);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        let late = |transfer: &Transfer| transfer.due() <= now || transfer.is_slow(now);
        let late: Vec<_> = self.transfers.iter().filter(|(_, of)| late(of)).map(|(peer, _)| *peer).collect();
        for peer in late {
            let Some(transfer) = self.transfers.get_mut(&peer) else { continue };
            if let Some(request) = transfer.remind(now) {
                self.out.push(Pulled::Ask(peer, request));
                continue;
            }
            if !transfer.is_answered() {
                self.mute.insert(peer);
            }
            self.leave(peer, false);
        }
        self.proceed(now);
    }

    /// When to look again.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.transfers.values().map(Transfer::due).chain(self.wants.due(now)).min()
    }

    fn leave(&mut self, peer: MemberIndex, lied: bool) {
        if let Some(transfer) = self.transfers.remove(&peer) {
            self.wants.refused(&transfer.blob, peer, lied);
        }
    }

    fn here(&mut self, blob: BlobHash) {
        self.wants.remove(&blob);
        self.transfers.retain(|_, transfer| transfer.blob != blob);
        self.out.push(Pulled::Here(blob));
    }

    /// Begins what can begin.
    fn proceed(&mut self, now: Instant) {
        let busy = self.transfers.keys().copied().collect();
        for next in self.wants.next(now, busy, &self.mute) {
            match next {
                Next::Ask(blob, peer) => {
                    let (transfer, request) = Transfer::begin(blob, now);
                    self.transfers.insert(peer, transfer);
                    self.out.push(Pulled::Ask(peer, request));
                }
                Next::Look(blob) if self.is_here(&blob) => self.here(blob),
                Next::Look(_) => {}
                Next::GiveUp(blob) => self.out.push(Pulled::GaveUp(blob)),
            }
        }
    }

    fn is_here(&self, blob: &BlobHash) -> bool {
        self.blobs.has(blob).unwrap_or_else(|error| {
            tracing::warn!(%blob, %error, "the blob store cannot be read");
            false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        blobs::{
            MemoryBlobs,
            transfer::{CHUNK_BYTES, chunks},
        },
        consensus::Message,
        node::pull::serve::Serving,
    };

    /// A puller, and peers with what they have; requests are answered until nothing more is asked.
    struct World {
        puller: Puller,
        store: Arc<MemoryBlobs>,
        peers: BTreeMap<MemberIndex, Serving>,
        now: Instant,
        events: Vec<Pulled>,
        asked: Vec<MemberIndex>,
        /// Loses the chunk with this number once.
        lose: Option<u32>,
    }

    impl World {
        fn new(having: &[(u16, &[u8])]) -> Self {
            let store = Arc::new(MemoryBlobs::new());
            let peers = having.iter().map(|(peer, bytes)| {
                let blobs = MemoryBlobs::new();
                blobs.store(bytes).expect("stores");
                let none = crate::snapshot::Shelf::at(std::path::Path::new("/nowhere"));
                (MemberIndex::new(*peer), Serving::new(Arc::new(blobs), none))
            });
            let members = (0..4).map(MemberIndex::new).collect();
            Self {
                puller: Puller::new(Arc::clone(&store) as Arc<dyn Blobs>, MemberIndex::new(0), members),
                store,
                peers: peers.collect(),
                now: Instant::now(),
                events: Vec::new(),
                asked: Vec::new(),
                lose: None,
            }
        }

        fn answer(&mut self, peer: MemberIndex, request: &BlobRequest) {
            self.asked.push(peer);
            let answers = self.peers.get_mut(&peer).map(|peer| peer.answer(peer_of(0), request, self.now));
            for answer in answers.into_iter().flatten() {
                match answer {
                    Message::BlobChunk(chunk) if self.lose == Some(chunk.index) => self.lose = None,
                    Message::BlobChunk(chunk) => self.puller.take(peer, &chunk, self.now),
                    Message::NoBlob(blob) => self.puller.absent(peer, &blob, self.now),
                    other => panic!("{other:?}"),
                }
            }
        }

        fn run(&mut self) {
            loop {
                let out = self.puller.take_out();
                if out.is_empty() {
                    match self.puller.due(self.now) {
                        Some(due) if self.events.is_empty() => self.now = due,
                        _ => return,
                    }
                    self.puller.tick(self.now);
                }
                for pulled in out {
                    match pulled {
                        Pulled::Ask(peer, request) => self.answer(peer, &request),
                        event => self.events.push(event),
                    }
                }
            }
        }
    }

    fn peer_of(number: u16) -> MemberIndex {
        MemberIndex::new(number)
    }

    fn content() -> Vec<u8> {
        (0u32..).flat_map(u32::to_le_bytes).take(20 * CHUNK_BYTES + 5).collect()
    }

    #[test]
    fn a_blob_comes_whole_although_the_first_has_none_the_second_is_silent_and_a_chunk_is_lost() {
        let bytes = content();
        let mut world = World::new(&[(1, b"something else"), (3, &bytes)]);
        world.lose = Some(9);
        let blob = BlobHash::of(&bytes);
        world.puller.want(blob, Urgency::Transaction, Some(peer_of(1)), world.now);
        world.run();
        assert_eq!(world.events, [Pulled::Here(blob)]);
        assert_eq!(world.store.get(&blob).expect("reads"), Some(bytes));
        assert_eq!(world.asked[0], peer_of(1));
        assert!(world.puller.transfers.is_empty());
    }

    #[test]
    fn a_liar_is_found_out_before_anything_is_kept_and_not_asked_again() {
        let bytes = content();
        let blob = BlobHash::of(&bytes);
        let mut world = World::new(&[(3, &bytes)]);
        world.puller.want(blob, Urgency::Transaction, Some(peer_of(2)), world.now);
        assert_eq!(world.puller.take_out().len(), 1);
        let size = bytes.len() as u32;
        for (index, part) in (0..chunks(size)).zip(bytes.chunks(CHUNK_BYTES)) {
            let mut chunk = BlobChunk { blob, size, index, bytes: part.to_vec() };
            chunk.bytes[0] ^= u8::from(index == 7);
            // It answers what it is asked for, until the last chunk shows that it has lied.
            world.puller.out.clear();
            world.puller.take(peer_of(2), &chunk, world.now);
        }
        world.run();
        assert_eq!(world.events, [Pulled::Here(blob)]);
        assert!(!world.asked.contains(&peer_of(2)), "{:?}", world.asked);
        assert_eq!(world.store.get(&blob).expect("reads"), Some(bytes));
    }

    #[test]
    fn what_is_too_long_is_not_taken() {
        let (bytes, mut world) = (content(), World::new(&[(1, &content()), (3, &content())]));
        world.puller.limit = bytes.len() - 1;
        let blob = BlobHash::of(&bytes);
        world.puller.want(blob, Urgency::Transaction, Some(peer_of(1)), world.now);
        world.run();
        assert_eq!(world.events, [Pulled::GaveUp(blob)]);
        assert_eq!(world.store.get(&blob).expect("reads"), None);
        world.puller.limit = bytes.len();
        world.events.clear();
        world.puller.want(blob, Urgency::Transaction, Some(peer_of(1)), world.now);
        world.run();
        assert_eq!(world.events, [Pulled::Here(blob)]);
    }

    #[test]
    fn drops_are_not_waited_for() {
        let bytes = vec![1; 60 * CHUNK_BYTES];
        let blob = BlobHash::of(&bytes);
        let mut world = World::new(&[(3, &bytes)]);
        world.puller.want(blob, Urgency::Transaction, Some(peer_of(2)), world.now);
        let begun = world.now;
        for index in 0..60 {
            world.now += Duration::from_millis(1900);
            world.puller.tick(world.now);
            let size = bytes.len() as u32;
            // Each in time, but a tenth of what is expected.
            if index % 10 == 0 {
                let chunk = BlobChunk { blob, size, index: index / 10, bytes: vec![1; CHUNK_BYTES] };
                world.puller.take(peer_of(2), &chunk, world.now);
            }
            if !world.puller.transfers.contains_key(&peer_of(2)) {
                break;
            }
        }
        assert!(world.now - begun < Duration::from_secs(15), "{:?}", world.now - begun);
        world.run();
        assert_eq!(world.events, [Pulled::Here(blob)]);
    }
}
