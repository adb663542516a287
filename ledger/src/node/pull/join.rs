//! Gets a snapshot from other nodes: asks one after the other for its newest, pulls the manifest from whoever offers it
//! and the chunks from everybody, and verifies each as soon as those before it are here. Time is an argument.
//!
//! What was pulled stays in a folder of its own until it is whole, also over restarts; what turns out to be no part of the
//! state is removed, so that lies fill no disk.

use std::{
    collections::{BTreeSet, VecDeque},
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    puller::{Pulled, Puller},
    wants::Urgency,
};
use crate::{
    blobs::{BlobChunk, Blobs, FileBlobs, MAX_BLOB_BYTES},
    chain::Genesis,
    consensus::Message,
    snapshot::{MAX_CHUNK_BYTES, Manifest, Restoring, Shelf, Snapshot, SnapshotFault},
    types::{BlobHash, Height, MemberIndex},
};

/// How long to wait for an offer.
const OFFER: Duration = Duration::from_secs(2);
/// Chunks wanted at a time.
const WANTED: usize = 32;

/// What comes out.
pub(super) enum Joined {
    /// Send this.
    Send(MemberIndex, Message),
    /// The snapshot of this height is on the shelf, verified.
    Here(Height),
    /// Nobody has one that helps.
    Nobody,
}

/// A snapshot on its way.
pub(super) struct Joining {
    me: MemberIndex,
    genesis: Arc<Genesis>,
    shelf: Shelf,
    /// Only one above this height helps.
    above: Height,
    members: Vec<MemberIndex>,
    /// Who is still to be asked.
    candidates: VecDeque<MemberIndex>,
    stage: Stage,
    out: Vec<Joined>,
}

enum Stage {
    /// Somebody was asked for its newest.
    Asked { peer: MemberIndex, due: Instant },
    /// The manifest is on its way.
    Manifest { peer: MemberIndex, name: BlobHash, blobs: Arc<dyn Blobs>, puller: Puller },
    /// Its chunks are.
    Chunks(Box<Chunks>),
    /// There is nothing more to do.
    Over,
}

/// The chunks of a snapshot on their way.
struct Chunks {
    /// Who offered it.
    peer: MemberIndex,
    snapshot: Snapshot,
    /// How many of the chunks have been asked for.
    wanted: usize,
    restoring: Restoring,
    puller: Puller,
}

impl Chunks {
    /// Verifies what follows what was verified before, and wants more. Whether all of it is verified.
    fn proceed(&mut self, now: Instant) -> Result<bool, SnapshotFault> {
        let chunks = &self.snapshot.manifest.chunks;
        while let Some(next) = chunks.get(self.restoring.added()) {
            if !self.snapshot.chunks.has(next)? {
                break;
            }
            self.restoring.add(&self.snapshot.chunk(self.restoring.added())?)?;
        }
        let verified = self.restoring.added();
        for chunk in chunks.iter().take(verified + WANTED).skip(self.wanted) {
            self.puller.want(*chunk, Urgency::Transaction, Some(self.peer), now);
        }
        self.wanted = self.wanted.max(verified + WANTED);
        Ok(verified == chunks.len())
    }

    /// Those that were not verified.
    fn doubtful(&self) -> impl Iterator<Item = &BlobHash> {
        self.snapshot.manifest.chunks.iter().skip(self.restoring.added()).take(2 * WANTED)
    }
}

impl Joining {
    /// Begins to look for a snapshot above a height, at those who are ahead.
    pub fn begin(
        me: MemberIndex,
        genesis: Arc<Genesis>,
        shelf: Shelf,
        above: Height,
        ahead: Vec<MemberIndex>,
        members: Vec<MemberIndex>,
        now: Instant,
    ) -> Self {
        let candidates = ahead.into();
        let stage = Stage::Over;
        let mut joining = Self { me, genesis, shelf, above, members, candidates, stage, out: Vec::new() };
        joining.ask_next(now);
        joining
    }

    /// What has come out since.
    pub fn take_out(&mut self) -> Vec<Joined> {
        std::mem::take(&mut self.out)
    }

    /// Whether there is nothing more to do.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// A peer offers a snapshot.
    pub fn offered(&mut self, from: MemberIndex, height: Height, name: BlobHash, now: Instant) {
        if !matches!(self.stage, Stage::Asked { peer, .. } if peer == from) {
            return;
        }
        if height <= self.above {
            return self.ask_next(now);
        }
        let Some(blobs) = self.incoming() else { return };
        // Nobody else has this manifest: every member's certificates are its own.
        let mut puller = Puller::new(Arc::clone(&blobs), self.me, vec![from]);
        puller.want(name, Urgency::Transaction, Some(from), now);
        self.stage = Stage::Manifest { peer: from, name, blobs, puller };
        self.proceed(now);
    }

    /// A chunk of a blob came.
    pub fn take(&mut self, from: MemberIndex, chunk: &BlobChunk, now: Instant) {
        if let Some(puller) = self.puller() {
            puller.take(from, chunk, now);
        }
        self.proceed(now);
    }

    /// A peer does not have a blob.
    pub fn absent(&mut self, from: MemberIndex, blob: &BlobHash, now: Instant) {
        if let Some(puller) = self.puller() {
            puller.absent(from, blob, now);
        }
        self.proceed(now);
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Asked { due, .. } if *due <= now => self.ask_next(now),
            Stage::Asked { .. } | Stage::Over => {}
            Stage::Manifest { .. } | Stage::Chunks(_) => {
                self.puller().into_iter().for_each(|puller| puller.tick(now));
                self.proceed(now);
            }
        }
    }

    /// When to look again.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        match &self.stage {
            Stage::Asked { due, .. } => Some(*due),
            Stage::Manifest { puller, .. } => puller.due(now),
            Stage::Chunks(chunks) => chunks.puller.due(now),
            Stage::Over => None,
        }
    }

    fn puller(&mut self) -> Option<&mut Puller> {
        match &mut self.stage {
            Stage::Manifest { puller, .. } => Some(puller),
            Stage::Chunks(chunks) => Some(&mut chunks.puller),
            Stage::Asked { .. } | Stage::Over => None,
        }
    }

    fn ask_next(&mut self, now: Instant) {
        match self.candidates.pop_front() {
            Some(peer) => {
                self.out.push(Joined::Send(peer, Message::FetchSnapshot(self.above)));
                self.stage = Stage::Asked { peer, due: now + OFFER };
            }
            None => {
                self.out.push(Joined::Nobody);
                self.stage = Stage::Over;
            }
        }
    }

    /// Where it is gathered; without it there is nothing to be done.
    fn incoming(&mut self) -> Option<Arc<dyn Blobs>> {
        match FileBlobs::open(self.shelf.incoming()) {
            Ok(blobs) => Some(Arc::new(blobs)),
            Err(error) => {
                self.fail(&error.into());
                None
            }
        }
    }

    fn fail(&mut self, fault: &SnapshotFault) {
        tracing::error!(%fault, "no snapshot can be fetched");
        self.out.push(Joined::Nobody);
        self.stage = Stage::Over;
    }

    /// Takes what the puller has come to.
    fn proceed(&mut self, now: Instant) {
        loop {
            let Some(puller) = self.puller() else { return };
            let pulled = puller.take_out();
            if pulled.is_empty() {
                return;
            }
            for pulled in pulled {
                match pulled {
                    Pulled::Ask(to, request) => self.out.push(Joined::Send(to, Message::FetchBlob(request))),
                    Pulled::Here(blob) => self.arrived(blob, now),
                    Pulled::GaveUp(_) => return self.refuse("nobody has all of it", now),
                }
            }
        }
    }

    /// What was offered is no good: nobody else is to blame but whoever offered it.
    fn refuse(&mut self, reason: &str, now: Instant) {
        let (peer, doubtful) = match &self.stage {
            Stage::Manifest { peer, name, .. } => (*peer, vec![*name]),
            Stage::Chunks(chunks) => (chunks.peer, chunks.doubtful().copied().collect()),
            Stage::Asked { .. } | Stage::Over => return,
        };
        tracing::warn!(%peer, reason, "a snapshot that was offered is refused");
        for name in doubtful {
            // Not there, it needs no removing.
            let _ = fs::remove_file(self.shelf.incoming().join(name.to_string()));
        }
        self.ask_next(now);
    }

    fn arrived(&mut self, blob: BlobHash, now: Instant) {
        let done = match &mut self.stage {
            Stage::Manifest { peer, name, blobs, .. } if *name == blob => {
                let (peer, blobs) = (*peer, Arc::clone(blobs));
                self.read_manifest(blobs.as_ref(), &blob)
                    .and_then(|manifest| self.begin_chunks(peer, manifest, blobs, now))
            }
            Stage::Chunks(chunks) => match chunks.proceed(now) {
                Ok(true) => self.finish(),
                Ok(false) => Ok(()),
                Err(fault) => Err(fault),
            },
            Stage::Manifest { .. } | Stage::Asked { .. } | Stage::Over => Ok(()),
        };
        match done {
            Ok(()) => {}
            Err(fault) if fault.is_bad() => self.refuse(&fault.to_string(), now),
            Err(fault) => self.fail(&fault),
        }
    }

    fn read_manifest(&self, blobs: &dyn Blobs, name: &BlobHash) -> Result<Manifest, SnapshotFault> {
        let bytes = blobs.get(name)?.ok_or(SnapshotFault::NotASnapshot)?;
        let manifest = Manifest::from_file(&bytes)?;
        manifest.verify(&self.genesis)?;
        if manifest.height()? > self.above { Ok(manifest) } else { Err(SnapshotFault::NotASnapshot) }
    }

    /// Begins to pull the chunks.
    fn begin_chunks(
        &mut self,
        peer: MemberIndex,
        manifest: Manifest,
        blobs: Arc<dyn Blobs>,
        now: Instant,
    ) -> Result<(), SnapshotFault> {
        let height = manifest.height()?;
        tracing::info!(%peer, %height, chunks = manifest.chunks.len(), "fetching a snapshot");
        let restoring = Restoring::begin(&manifest)?;
        // A name says nothing of a length: what is no chunk must not fill the disk before it is verified.
        let puller = Puller::new(Arc::clone(&blobs), self.me, self.members.clone()).limited(MAX_CHUNK_BYTES);
        let snapshot = Snapshot { manifest, chunks: blobs };
        let mut chunks = Chunks { peer, snapshot, wanted: 0, restoring, puller };
        let whole = chunks.proceed(now);
        self.stage = Stage::Chunks(Box::new(chunks));
        if whole? { self.finish() } else { Ok(()) }
    }

    /// All is here and verified: puts it on the shelf.
    fn finish(&mut self) -> Result<(), SnapshotFault> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let Stage::Chunks(chunks) = stage else { return Ok(()) };
        let Chunks { peer, snapshot, wanted, restoring, puller } = *chunks;
        if let Err(fault) = restoring.finish() {
            // For what is said and removed.
            let restoring = Restoring::begin(&snapshot.manifest)?;
            self.stage = Stage::Chunks(Box::new(Chunks { peer, snapshot, wanted, restoring, puller }));
            return Err(fault);
        }
        self.tidy(&snapshot.manifest)?;
        let height = self.shelf.keep(&self.shelf.incoming(), &snapshot.manifest)?;
        // Should the node stop before it goes on with it.
        self.shelf.mark(height)?;
        self.out.push(Joined::Here(height));
        Ok(())
    }

    /// Removes what other offers have left.
    fn tidy(&self, manifest: &Manifest) -> Result<(), SnapshotFault> {
        let folder = self.shelf.incoming();
        let named: BTreeSet<_> = manifest.chunks.iter().map(BlobHash::to_string).collect();
        let remove = || -> std::io::Result<()> {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if !named.contains(entry.file_name().to_string_lossy().as_ref()) {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        remove().map_err(|source| SnapshotFault::Io { path: folder.clone(), source })
    }
}

/// Which snapshot is here for others: what was found is remembered, so that a question costs little.
#[derive(Debug, Default)]
pub(super) struct Offering(Option<(Height, BlobHash)>);

impl Offering {
    /// The newest snapshot above a height, by its height and the name of its manifest.
    pub fn above(
        &mut self,
        shelf: &Shelf,
        height: Height,
    ) -> Result<Option<(Height, BlobHash)>, SnapshotFault> {
        let Some(newest) = shelf.heights()?.pop().filter(|newest| *newest > height) else { return Ok(None) };
        if self.0.is_none_or(|(known, _)| known != newest) {
            let bytes = shelf.load(newest)?.manifest.to_file();
            if bytes.len() > MAX_BLOB_BYTES {
                return Ok(None);
            }
            self.0 = Some((newest, BlobHash::of(&bytes)));
        }
        Ok(self.0)
    }
}
