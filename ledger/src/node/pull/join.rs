//! Gets a snapshot from other nodes: asks one after the other for its newest, pulls the manifest from whoever offers it
//! and the chunks from everybody, and verifies all of it. Time is an argument.
//!
//! What was pulled stays in a folder of its own until it is whole, also over restarts.

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
    snapshot::{Manifest, Shelf, Snapshot, SnapshotFault},
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
    Chunks { peer: MemberIndex, manifest: Manifest, left: Vec<BlobHash>, blobs: Arc<dyn Blobs>, puller: Puller },
    /// There is nothing more to do.
    Over,
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
            Stage::Manifest { puller, .. } | Stage::Chunks { puller, .. } => {
                puller.tick(now);
                self.proceed(now);
            }
            Stage::Asked { .. } | Stage::Over => {}
        }
    }

    /// When to look again.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        match &self.stage {
            Stage::Asked { due, .. } => Some(*due),
            Stage::Manifest { puller, .. } | Stage::Chunks { puller, .. } => puller.due(now),
            Stage::Over => None,
        }
    }

    fn puller(&mut self) -> Option<&mut Puller> {
        match &mut self.stage {
            Stage::Manifest { puller, .. } | Stage::Chunks { puller, .. } => Some(puller),
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
        if let Stage::Manifest { peer, .. } | Stage::Chunks { peer, .. } = &self.stage {
            tracing::warn!(%peer, reason, "a snapshot that was offered is refused");
        }
        self.ask_next(now);
    }

    fn arrived(&mut self, blob: BlobHash, now: Instant) {
        match &mut self.stage {
            Stage::Manifest { peer, name, blobs, .. } if *name == blob => {
                let (peer, blobs) = (*peer, Arc::clone(blobs));
                match self.read_manifest(blobs.as_ref(), &blob) {
                    Ok(manifest) => self.pull_chunks(peer, manifest, blobs, now),
                    Err(fault) if fault.is_bad() => self.refuse(&fault.to_string(), now),
                    Err(fault) => self.fail(&fault),
                }
            }
            Stage::Chunks { peer, left, puller, .. } => {
                let next = left.pop();
                if let Some(next) = next {
                    puller.want(next, Urgency::Transaction, Some(*peer), now);
                } else if puller.is_idle() {
                    self.install(now);
                }
            }
            Stage::Manifest { .. } | Stage::Asked { .. } | Stage::Over => {}
        }
    }

    fn read_manifest(&self, blobs: &dyn Blobs, name: &BlobHash) -> Result<Manifest, SnapshotFault> {
        let bytes = blobs.get(name)?.ok_or(SnapshotFault::NotASnapshot)?;
        let manifest = Manifest::from_file(&bytes)?;
        manifest.verify(&self.genesis)?;
        if manifest.height()? > self.above { Ok(manifest) } else { Err(SnapshotFault::NotASnapshot) }
    }

    fn pull_chunks(&mut self, peer: MemberIndex, manifest: Manifest, blobs: Arc<dyn Blobs>, now: Instant) {
        tracing::info!(%peer, height = ?manifest.height().ok(), chunks = manifest.chunks.len(), "fetching a snapshot");
        let mut left: Vec<_> = manifest.chunks.iter().rev().copied().collect();
        let first = left.split_off(left.len().saturating_sub(WANTED));
        let mut puller = Puller::new(Arc::clone(&blobs), self.me, self.members.clone());
        for chunk in first {
            puller.want(chunk, Urgency::Transaction, Some(peer), now);
        }
        self.stage = Stage::Chunks { peer, manifest, left, blobs, puller };
    }

    /// All is here: verifies it, and puts it on the shelf.
    fn install(&mut self, now: Instant) {
        let Stage::Chunks { manifest, blobs, .. } = &self.stage else { return };
        let snapshot = Snapshot { manifest: manifest.clone(), chunks: Arc::clone(blobs) };
        let kept = snapshot.verify(&self.genesis).and_then(|()| {
            self.tidy(&snapshot.manifest)?;
            self.shelf.keep(&self.shelf.incoming(), &snapshot.manifest)
        });
        match kept {
            Ok(height) => {
                self.out.push(Joined::Here(height));
                self.stage = Stage::Over;
            }
            Err(fault) if fault.is_bad() => self.refuse(&fault.to_string(), now),
            Err(fault) => self.fail(&fault),
        }
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

/// The newest snapshot here above a height, by its height and the name of its manifest.
pub(super) fn offer(shelf: &Shelf, above: Height) -> Result<Option<(Height, BlobHash)>, SnapshotFault> {
    let Some(height) = shelf.heights()?.pop().filter(|height| *height > above) else { return Ok(None) };
    let bytes = shelf.load(height)?.manifest.to_file();
    Ok((bytes.len() <= MAX_BLOB_BYTES).then(|| (height, BlobHash::of(&bytes))))
}
