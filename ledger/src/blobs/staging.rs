//! What strangers hand in: beside the store, bounded, and for a while only, unless a transaction names it.
//!
//! A blob comes before the transaction that names it, so that whoever takes blobs from anybody takes some that nobody will
//! ever name. They wait in a folder of their own. There are three sides to it, each a [`Blobs`]:
//!
//! | side | what it sees | what it does |
//! |---|---|---|
//! | [`Staging::gateway`] | what is kept | what it puts waits |
//! | [`Staging::checks`] | what is kept, and what waits | nothing: a transaction that is refused has named nothing |
//! | [`Staging::node`] | the same | what it asks for is kept from then on |
//!
//! The node asks for a blob when a transaction that names it enters the pool or comes from a peer, when a mini-block or a
//! proposal brings one, and when a block with one is final; a transaction that was submitted here has passed every check by
//! then, proofs included. So what is named by anything pending or final is in the store before it matters, and what waits was
//! named by nothing yet. Moving and removing exclude each other: a blob that is removed in the last moment is one that the
//! node then lacks and asks others for, and never one that it believes to have.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{BlobError, Blobs, Draft, FileBlobs, Part, matching};
use crate::types::BlobHash;

/// The folder of what waits, in the store's, so that both are on one disk.
const FOLDER: &str = "incoming";

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagingLimits {
    /// Bytes of all that waits.
    pub bytes: u64,
    /// What nothing has named after so long is removed.
    pub age: Duration,
}

impl Default for StagingLimits {
    fn default() -> Self {
        Self { bytes: 4 << 30, age: Duration::from_secs(3600) }
    }
}

/// A store of blobs with a place for what is not named yet.
#[derive(Debug)]
pub struct Staging {
    kept: FileBlobs,
    incoming: FileBlobs,
    limits: StagingLimits,
    waiting: Mutex<Waiting>,
}

/// What waits.
#[derive(Debug, Default)]
struct Waiting {
    blobs: BTreeMap<BlobHash, Waits>,
    /// Bytes of all, and of those that are being written.
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waits {
    bytes: u64,
    since: Instant,
}

impl Waiting {
    fn remove(&mut self, hash: &BlobHash) {
        if let Some(gone) = self.blobs.remove(hash) {
            self.bytes = self.bytes.saturating_sub(gone.bytes);
        }
    }
}

impl Staging {
    /// Opens a store in a folder, which is made when there is none. What waited when it was last open waits anew.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: impl AsRef<Path>, limits: StagingLimits) -> Result<Arc<Self>, BlobError> {
        let kept = FileBlobs::open(&folder)?;
        let incoming = FileBlobs::open(folder.as_ref().join(FOLDER))?;
        let (mut waiting, since) = (Waiting::default(), Instant::now());
        for (hash, bytes) in incoming.list()? {
            if kept.has(&hash)? {
                incoming.remove(&hash)?;
            } else {
                waiting.blobs.insert(hash, Waits { bytes, since });
                waiting.bytes = waiting.bytes.saturating_add(bytes);
            }
        }
        Ok(Arc::new(Self { kept, incoming, limits, waiting: Mutex::new(waiting) }))
    }

    /// The side of those who take blobs from anybody.
    pub fn gateway(self: &Arc<Self>) -> Arc<dyn Blobs> {
        Arc::new(Side { staging: Arc::clone(self), who: Who::Gateway })
    }

    /// The side of those who check transactions.
    pub fn checks(self: &Arc<Self>) -> Arc<dyn Blobs> {
        Arc::new(Side { staging: Arc::clone(self), who: Who::Checks })
    }

    /// The side of the node, and of those who bring what they know to be wanted.
    pub fn node(self: &Arc<Self>) -> Arc<dyn Blobs> {
        Arc::new(Side { staging: Arc::clone(self), who: Who::Node })
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting().bytes
    }

    /// Removes what nothing has named in time. New blobs do it as well; call it now and then all the same.
    pub fn sweep(&self) {
        self.sweep_at(&mut self.waiting(), Instant::now());
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep_at(&self, waiting: &mut Waiting, now: Instant) {
        let old = |waits: &Waits| now.saturating_duration_since(waits.since) >= self.limits.age;
        let gone: Vec<BlobHash> =
            waiting.blobs.iter().filter(|(_, waits)| old(waits)).map(|(hash, _)| *hash).collect();
        for hash in gone {
            match self.incoming.remove(&hash) {
                Ok(()) => waiting.remove(&hash),
                // It counts until it is gone, and is tried again.
                Err(error) => tracing::warn!(%hash, %error, "a blob that nothing names cannot be removed"),
            }
        }
    }

    /// Lets a blob wait.
    fn stage(&self, hash: &BlobHash, bytes: &[u8], now: Instant) -> Result<(), BlobError> {
        matching(hash, bytes)?;
        if self.kept.has(hash)? {
            return Ok(());
        }
        let size = bytes.len() as u64;
        {
            let mut waiting = self.waiting();
            self.sweep_at(&mut waiting, now);
            if let Some(known) = waiting.blobs.get_mut(hash) {
                known.since = now;
                return Ok(());
            }
            let all = waiting.bytes.saturating_add(size);
            if all > self.limits.bytes {
                return Err(BlobError::Full { waiting: waiting.bytes, limit: self.limits.bytes });
            }
            waiting.bytes = all;
        }
        let written = self.incoming.put(hash, bytes);
        let mut waiting = self.waiting();
        // Two may have brought the same at once: it counts once.
        if written.is_err() || waiting.blobs.insert(*hash, Waits { bytes: size, since: now }).is_some() {
            waiting.bytes = waiting.bytes.saturating_sub(size);
        }
        written
    }

    /// Whether a blob that something names is here. If it waits, it is kept from now on.
    fn named(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        if self.kept.has(hash)? {
            return Ok(true);
        }
        // Held, so that it is not removed meanwhile as one that nothing names.
        let mut waiting = self.waiting();
        let here = self.kept.adopt(&self.incoming, hash)?;
        waiting.remove(hash);
        Ok(here)
    }

    /// What is kept or waits. It may be moved between two looks.
    fn either<T>(
        &self,
        look: impl Fn(&FileBlobs) -> Result<Option<T>, BlobError>,
    ) -> Result<Option<T>, BlobError> {
        for store in [&self.kept, &self.incoming, &self.kept] {
            if let Some(found) = look(store)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Gateway,
    Checks,
    Node,
}

/// What one side sees.
struct Side {
    staging: Arc<Staging>,
    who: Who,
}

impl Blobs for Side {
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
        match self.who {
            Who::Gateway => self.staging.stage(hash, bytes, Instant::now()),
            Who::Checks | Who::Node => self.staging.kept.put(hash, bytes),
        }
    }

    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        match self.who {
            Who::Gateway => self.staging.kept.get(hash),
            Who::Checks | Who::Node => self.staging.either(|store| store.get(hash)),
        }
    }

    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        let is_in =
            |store: &FileBlobs| -> Result<Option<()>, BlobError> { Ok(store.has(hash)?.then_some(())) };
        match self.who {
            Who::Gateway => self.staging.kept.has(hash),
            Who::Checks => Ok(self.staging.either(is_in)?.is_some()),
            Who::Node => self.staging.named(hash),
        }
    }

    fn read(&self, hash: &BlobHash, offset: u64, length: usize) -> Result<Option<Part>, BlobError> {
        match self.who {
            Who::Gateway => self.staging.kept.read(hash, offset, length),
            Who::Checks | Who::Node => self.staging.either(|store| store.read(hash, offset, length)),
        }
    }

    fn draft(&self) -> Result<Box<dyn Draft>, BlobError> {
        match self.who {
            // Nobody knows beforehand how much it will be.
            Who::Gateway => Err(io::Error::from(io::ErrorKind::Unsupported).into()),
            Who::Checks | Who::Node => self.staging.kept.draft(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn open(folder: &Path) -> Arc<Staging> {
        Staging::open(folder, StagingLimits { bytes: 100, age: HOUR }).expect("opens")
    }

    fn later(staging: &Staging, passed: Duration) {
        staging.sweep_at(&mut staging.waiting(), Instant::now() + passed);
    }

    #[test]
    fn what_nothing_names_goes_and_what_something_names_stays() {
        let dir = tempfile::tempdir().expect("dir");
        let staging = open(dir.path());
        let (gateway, checks, node) = (staging.gateway(), staging.checks(), staging.node());
        let (named, refused) =
            (gateway.store(b"named").expect("room"), gateway.store(b"refused").expect("room"));
        assert_eq!(staging.waiting_bytes(), 12);
        // Nobody can fetch what waits, and a check moves nothing.
        assert!(!gateway.has(&named).expect("reads") && gateway.get(&named).expect("reads").is_none());
        assert!(gateway.read(&named, 0, 9).expect("reads").is_none());
        assert!(checks.has(&refused).expect("reads"));
        assert_eq!(checks.get(&refused).expect("reads").as_deref(), Some(b"refused".as_slice()));
        assert_eq!(staging.waiting_bytes(), 12);

        assert!(node.has(&named).expect("reads"));
        assert_eq!(staging.waiting_bytes(), 7);
        later(&staging, HOUR / 2);
        assert!(checks.has(&refused).expect("reads"), "it is not time yet");
        later(&staging, HOUR);
        assert!(!checks.has(&refused).expect("reads") && !node.has(&refused).expect("reads"));
        assert_eq!(staging.waiting_bytes(), 0);
        for side in [&gateway, &checks, &node] {
            assert_eq!(side.get(&named).expect("reads").as_deref(), Some(b"named".as_slice()));
        }
        // Handed in once more it is here already, and takes no room.
        assert_eq!(gateway.store(b"named").expect("kept"), named);
        assert_eq!(staging.waiting_bytes(), 0);
    }

    #[test]
    fn no_more_waits_than_there_is_room_for() {
        let dir = tempfile::tempdir().expect("dir");
        let staging = open(dir.path());
        let (gateway, node) = (staging.gateway(), staging.node());
        let first = gateway.store(&[1; 60]).expect("room");
        assert_eq!(gateway.store(&[1; 60]).expect("the same again takes no room"), first);
        let full = gateway.store(&[2; 60]);
        assert!(matches!(full, Err(BlobError::Full { waiting: 60, limit: 100 })), "{full:?}");
        assert!(matches!(gateway.put(&first, b"others"), Err(BlobError::Mismatch { .. })));
        // What the node brings is wanted, and is not counted.
        node.store(&[3; 90]).expect("kept");
        assert!(node.has(&first).expect("reads"));
        gateway.store(&[2; 60]).expect("room again");
        later(&staging, HOUR);
        gateway.store(&[4; 100]).expect("all of the room");
    }

    #[test]
    fn what_waits_is_handed_in_again_or_waits_over_a_restart() {
        let dir = tempfile::tempdir().expect("dir");
        let staging = open(dir.path());
        let hash = staging.gateway().store(b"waits").expect("room");
        let soon = Instant::now() + HOUR / 2;
        staging.stage(&hash, b"waits", soon).expect("the same");
        later(&staging, HOUR);
        assert_eq!(staging.waiting_bytes(), 5, "the hour began anew");
        drop(staging);
        let staging = open(dir.path());
        assert_eq!(staging.waiting_bytes(), 5);
        assert!(staging.node().has(&hash).expect("reads"));
        drop(staging);
        let staging = open(dir.path());
        assert_eq!(staging.waiting_bytes(), 0);
        assert!(staging.gateway().has(&hash).expect("reads"), "it is kept for good");
    }
}
