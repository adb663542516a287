//! A snapshot in one file, for carrying it to another machine.
//!
//! ```text
//! "GALENSNF" ‖ version (u16) ‖ length (u64) and manifest ‖ for every chunk, in order: length (u64) and chunk
//! ‖ BLAKE3 of all before
//! ```

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{MAX_CHUNK_BYTES, Manifest, Shelf, Snapshot, SnapshotFault};
use crate::{
    blobs::{Blobs, MAX_BLOB_BYTES},
    chain::Genesis,
    types::Height,
};

const MAGIC: &[u8; 8] = b"GALENSNF";
const VERSION: u16 = 1;
const DIGEST_CONTEXT: &str = "galen ledger v1 snapshot file";

/// Writes a snapshot to a file, which only its owner can read and which gets its name when it is whole.
///
/// # Errors
/// When a chunk cannot be read, or the file cannot be written.
pub fn write_file(snapshot: &Snapshot, path: &Path) -> Result<(), SnapshotFault> {
    let draft = path.with_extension("draft");
    let failed = |source| SnapshotFault::Io { path: path.to_owned(), source };
    let mut sink = Sink::create(&draft).map_err(failed)?;
    sink.put(MAGIC).and_then(|()| sink.put(&VERSION.to_le_bytes())).map_err(failed)?;
    sink.put_sized(&snapshot.manifest.to_file()).map_err(failed)?;
    for index in 0..snapshot.manifest.chunks.len() {
        sink.put_sized(&snapshot.chunk(index)?).map_err(failed)?;
    }
    sink.finish(&draft, path).map_err(failed)
}

/// Reads a snapshot from a file and verifies all of it from the genesis on; then puts it on a shelf. Gives its height.
///
/// # Errors
/// The first fault; then nothing has changed on the shelf.
pub fn read_file(path: &Path, genesis: &Genesis, shelf: &Shelf) -> Result<Height, SnapshotFault> {
    let failed = |source| SnapshotFault::Io { path: path.to_owned(), source };
    let mut source = Source::open(path).map_err(failed)?;
    if source.take(MAGIC.len()).map_err(short)? != MAGIC {
        return Err(SnapshotFault::NotASnapshot);
    }
    match source.take(2).map_err(short)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes)) {
        Some(VERSION) => {}
        version => return Err(SnapshotFault::Version(version.unwrap_or(0))),
    }
    let manifest = Manifest::from_file(&source.take_sized(MAX_BLOB_BYTES)?)?;
    manifest.verify(genesis)?;
    let draft = shelf.begin(manifest.height()?)?;
    for chunk in &manifest.chunks {
        draft.blobs.put(chunk, &source.take_sized(MAX_CHUNK_BYTES)?)?;
    }
    source.finish()?;
    let folder = draft.path().to_owned();
    let snapshot = Snapshot { manifest, chunks: std::sync::Arc::new(draft.blobs) };
    snapshot.verify(genesis)?;
    shelf.keep(&folder, &snapshot.manifest)
}

/// The file ends too early, or cannot be read.
fn short(error: io::Error) -> SnapshotFault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => SnapshotFault::NotASnapshot,
        _ => SnapshotFault::Blob(error.into()),
    }
}

/// A file that is hashed as it is written.
struct Sink {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Self { file: BufWriter::new(file), hasher: blake3::Hasher::new_derive_key(DIGEST_CONTEXT) })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    fn put_sized(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(&(bytes.len() as u64).to_le_bytes())?;
        self.put(bytes)
    }

    fn finish(mut self, draft: &Path, path: &Path) -> io::Result<()> {
        self.file.write_all(self.hasher.finalize().as_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(draft, path)
    }
}

/// A file that is hashed as it is read.
struct Source {
    file: BufReader<File>,
    hasher: blake3::Hasher,
}

impl Source {
    fn open(path: &Path) -> io::Result<Self> {
        let hasher = blake3::Hasher::new_derive_key(DIGEST_CONTEXT);
        Ok(Self { file: BufReader::new(File::open(path)?), hasher })
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        // What the file does not have is not allocated.
        let mut bytes = Vec::new();
        Read::take(&mut self.file, length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    fn take_sized(&mut self, limit: usize) -> Result<Vec<u8>, SnapshotFault> {
        let length = self.take(8).map_err(short)?;
        let length = length.first_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes));
        match usize::try_from(length) {
            Ok(length) if length <= limit => self.take(length).map_err(short),
            _ => Err(SnapshotFault::NotASnapshot),
        }
    }

    fn finish(mut self) -> Result<(), SnapshotFault> {
        let mut digest = Vec::new();
        Read::take(&mut self.file, 33).read_to_end(&mut digest).map_err(short)?;
        if digest == self.hasher.finalize().as_bytes() { Ok(()) } else { Err(SnapshotFault::Digest) }
    }
}
