//! The snapshots of a node: the newest two.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Capture, MAX_CHUNK_BYTES, Manifest, SnapshotFault, restore};
use crate::{
    blobs::{BlobError, Blobs, FileBlobs, MAX_BLOB_BYTES, Part},
    chain::Genesis,
    types::{BlobHash, Height},
};

const MANIFEST: &str = "manifest";
/// What names of folders that are not whole begin with.
const DRAFT: &str = "draft-";
/// Where one is gathered that comes from other nodes.
const INCOMING: &str = "incoming";
/// Names the snapshot that the node is to go on with.
const ADOPT: &str = "adopt";
/// So many are kept.
const KEPT: usize = 2;

/// A snapshot that can be read.
pub struct Snapshot {
    /// What is in it.
    pub manifest: Manifest,
    /// Its chunks.
    pub chunks: Arc<dyn Blobs>,
}

impl Snapshot {
    /// Bytes of a chunk, which are those that its name stands for.
    ///
    /// # Errors
    /// When it is not there, too long, or cannot be read.
    pub fn chunk(&self, index: usize) -> Result<Vec<u8>, SnapshotFault> {
        let chunk = *self.manifest.chunks.get(index).ok_or(SnapshotFault::NoChunks)?;
        let bytes = self.chunks.get(&chunk)?.ok_or(SnapshotFault::Missing { index, chunk })?;
        if bytes.len() > MAX_CHUNK_BYTES {
            let size = bytes.len() as u64;
            return Err(BlobError::TooLarge { size, limit: MAX_CHUNK_BYTES }.into());
        }
        Ok(bytes)
    }

    /// Verifies everything: the walk from the genesis, then every chunk against the root that it comes to.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, genesis: &Genesis) -> Result<(), SnapshotFault> {
        self.manifest.verify(genesis)?;
        restore(self, |_| Ok(()))
    }
}

/// A folder of snapshots.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotFault {
    move |source| SnapshotFault::Io { path: path.to_owned(), source }
}

impl Shelf {
    /// The snapshots of a node's folder, for reading, also while the node runs.
    pub fn at(home: &Path) -> Self {
        Self { folder: home.join("snapshots") }
    }

    /// The snapshots of a node's folder, which is made when there is none. What was not finished is removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(home: &Path) -> Result<Self, SnapshotFault> {
        let shelf = Self::at(home);
        let folder = shelf.folder();
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io_at(folder))?;
        for name in shelf.names()?.iter().filter(|name| name.starts_with(DRAFT)) {
            let path = shelf.folder.join(name);
            fs::remove_dir_all(&path).map_err(io_at(&path))?;
        }
        Ok(shelf)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn names(&self) -> Result<Vec<String>, SnapshotFault> {
        let read = || -> io::Result<Vec<String>> {
            let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name()));
            Ok(names
                .collect::<io::Result<Vec<_>>>()?
                .into_iter()
                .filter_map(|name| name.into_string().ok())
                .collect())
        };
        read().map_err(io_at(&self.folder))
    }

    /// Heights of the snapshots, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn heights(&self) -> Result<Vec<Height>, SnapshotFault> {
        let numbers = self.names()?.into_iter().filter_map(|name| name.parse().ok().map(Height::new));
        let mut heights: Vec<_> = numbers.filter(|height| self.of(*height).join(MANIFEST).exists()).collect();
        heights.sort_unstable();
        Ok(heights)
    }

    fn of(&self, height: Height) -> PathBuf {
        self.folder.join(height.get().to_string())
    }

    /// A snapshot, of which nothing is verified yet.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn load(&self, height: Height) -> Result<Snapshot, SnapshotFault> {
        let path = self.of(height).join(MANIFEST);
        let size = fs::metadata(&path).map_err(io_at(&path))?.len();
        if size > MAX_BLOB_BYTES as u64 {
            return Err(BlobError::TooLarge { size, limit: MAX_BLOB_BYTES }.into());
        }
        let manifest = Manifest::from_file(&fs::read(&path).map_err(io_at(&path))?)?;
        Ok(Snapshot { manifest, chunks: Arc::new(FileBlobs::open(self.of(height))?) })
    }

    /// Bytes of a chunk or a manifest, for other nodes; none if there is nothing of this name. What is read is not
    /// checked against the name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, name: &BlobHash, offset: u64, length: usize) -> io::Result<Option<Part>> {
        for height in self.heights().unwrap_or_default() {
            let mut file = match File::open(self.of(height).join(name.to_string())) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let (size, mut bytes) = (file.metadata()?.len(), Vec::new());
            file.seek(SeekFrom::Start(offset))?;
            file.take(length as u64).read_to_end(&mut bytes)?;
            return Ok(Some(Part { size, bytes }));
        }
        Ok(None)
    }

    /// Where a snapshot is gathered that comes from other nodes. What is there outlives restarts.
    pub fn incoming(&self) -> PathBuf {
        self.folder.join(INCOMING)
    }

    /// Says that the node is to go on with the snapshot of this height, if its log has not come so far when it starts.
    /// Others are for other nodes, and for building a lost state again: a node never leaves its history for one of them.
    /// Durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn mark(&self, height: Height) -> Result<(), SnapshotFault> {
        let (path, draft) = (self.folder.join(ADOPT), self.folder.join(format!("{ADOPT}.new")));
        write_private(&draft, format!("{height}\n").as_bytes())?;
        let named = || fs::rename(&draft, &path).and_then(|()| File::open(&self.folder)?.sync_all());
        named().map_err(io_at(&path))
    }

    /// The height of the snapshot that the node is to go on with.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn marked(&self) -> Result<Option<Height>, SnapshotFault> {
        let path = self.folder.join(ADOPT);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_at(&path)(error)),
        };
        let height = text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
        height.map(|height| Some(Height::new(height))).map_err(io_at(&path))
    }

    /// The node goes on with it, or has come further itself. Durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn unmark(&self) -> Result<(), SnapshotFault> {
        let path = self.folder.join(ADOPT);
        let removed = match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(&self.folder).and_then(|folder| folder.sync_all()),
        };
        removed.map_err(io_at(&path))
    }

    /// Begins a snapshot.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn begin(&self, height: Height) -> Result<Draft, SnapshotFault> {
        let path = self.folder.join(format!("{DRAFT}{height}"));
        if path.exists() {
            fs::remove_dir_all(&path).map_err(io_at(&path))?;
        }
        let blobs = FileBlobs::open(&path)?;
        Ok(Draft { path, blobs })
    }

    /// Writes a snapshot, unless there is one of its height, and removes those that are too many.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(
        &self,
        capture: Capture,
        cancelled: &std::sync::atomic::AtomicBool,
    ) -> Result<Height, SnapshotFault> {
        let height = capture.height();
        // All of one height are as good, and the log may begin with the one that is there.
        if self.load(height).is_ok() {
            return Ok(height);
        }
        let draft = self.begin(height)?;
        let manifest = capture.write(&draft.blobs, cancelled)?;
        self.keep(draft.path(), &manifest)
    }

    /// Gives a folder that has all chunks of a snapshot its place, and removes those that are too many.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn keep(&self, path: &Path, manifest: &Manifest) -> Result<Height, SnapshotFault> {
        let height = manifest.height()?;
        let bytes = manifest.to_file();
        write_private(&path.join(MANIFEST), &bytes)?;
        // Under its hash as well: this is how other nodes ask for it.
        write_private(&path.join(BlobHash::of(&bytes).to_string()), &bytes)?;
        let place = self.of(height);
        if place.exists() {
            fs::remove_dir_all(&place).map_err(io_at(&place))?;
        }
        let named = || -> io::Result<()> {
            File::open(path)?.sync_all()?;
            fs::rename(path, &place)?;
            File::open(&self.folder)?.sync_all()
        };
        named().map_err(io_at(&place))?;
        self.prune()?;
        Ok(height)
    }

    fn prune(&self) -> Result<(), SnapshotFault> {
        let heights = self.heights()?;
        for height in heights.iter().rev().skip(KEPT) {
            // Under another name first: half of it is none.
            let (place, gone) = (self.of(*height), self.folder.join(format!("{DRAFT}gone-{height}")));
            let remove = || fs::rename(&place, &gone).and_then(|()| fs::remove_dir_all(&gone));
            remove().map_err(io_at(&place))?;
        }
        Ok(())
    }
}

/// A snapshot that is being written. Dropped, what there is of it is removed when the shelf is opened again.
pub struct Draft {
    path: PathBuf,
    /// For its chunks.
    pub blobs: FileBlobs,
}

impl Draft {
    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SnapshotFault> {
    let write = || -> io::Result<()> {
        let mut options = File::options();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(io_at(path))
}
