//! Blobs in a folder, one file each, named by their hash.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{BlobError, Blobs, Counted, Draft, MAX_BLOB_BYTES, Part, matching};
use crate::types::BlobHash;

/// What names of files that are being written begin with.
const DRAFT: &str = "draft-";

/// Not written to for so long, it is nobody's.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Blobs in a folder.
#[derive(Debug)]
pub struct FileBlobs {
    folder: PathBuf,
    /// Distinguishes the temporary files of writers in this process.
    writers: AtomicU64,
}

impl FileBlobs {
    /// Opens a folder, which is made when there is none. What a writer that was killed left unfinished, and nobody has
    /// written to for a while, is removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, BlobError> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(DRAFT) && is_old(&entry) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { folder: folder.as_ref().to_owned(), writers: AtomicU64::new(0) })
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        self.folder.join(hash.to_string())
    }

    fn file(&self, hash: &BlobHash) -> Result<Option<File>, BlobError> {
        match File::open(self.path(hash)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The blobs with their sizes.
    pub(super) fn list(&self) -> Result<Vec<(BlobHash, u64)>, BlobError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Drafts, and folders, have other names.
            if let Ok(hash) = BlobHash::from_hex(&entry.file_name().to_string_lossy()) {
                found.push((hash, entry.metadata()?.len()));
            }
        }
        Ok(found)
    }

    /// Removes a blob; none is removed already.
    pub(super) fn remove(&self, hash: &BlobHash) -> Result<(), BlobError> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes a blob over from another folder of the same disk; durable when it returns. Whether it was there.
    pub(super) fn adopt(&self, from: &Self, hash: &BlobHash) -> Result<bool, BlobError> {
        match fs::rename(from.path(hash), self.path(hash)) {
            Ok(()) => {
                File::open(&self.folder)?.sync_all()?;
                Ok(true)
            }
            // Somebody else may have taken it over.
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.has(hash),
            Err(error) => Err(error.into()),
        }
    }

    fn begin(&self) -> Result<FileDraft, BlobError> {
        let writer = self.writers.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{DRAFT}{}-{writer}", std::process::id()));
        let file = File::create(&path)?;
        Ok(FileDraft { folder: self.folder.clone(), path, file, counted: Counted::default() })
    }
}

fn is_old(entry: &fs::DirEntry) -> bool {
    let written = entry.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > ABANDONED))
}

impl Blobs for FileBlobs {
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
        matching(hash, bytes)?;
        if self.path(hash).exists() {
            return Ok(());
        }
        let mut draft = self.begin()?;
        draft.file.write_all(bytes)?;
        draft.publish(hash)
    }

    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        // Opened once: it may be moved or removed meanwhile.
        let Some(mut file) = self.file(hash)? else { return Ok(None) };
        let size = file.metadata()?.len();
        if size > MAX_BLOB_BYTES as u64 {
            return Err(BlobError::TooLarge { size, limit: MAX_BLOB_BYTES });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        matching(hash, &bytes)?;
        Ok(Some(bytes))
    }

    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        Ok(self.path(hash).try_exists()?)
    }

    fn read(&self, hash: &BlobHash, offset: u64, length: usize) -> Result<Option<Part>, BlobError> {
        let Some(mut file) = self.file(hash)? else { return Ok(None) };
        let size = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(offset))?;
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(Some(Part { size, bytes }))
    }

    fn draft(&self) -> Result<Box<dyn Draft>, BlobError> {
        Ok(Box::new(self.begin()?))
    }
}

/// A file that is being written. It goes with this, unless it has been given its name.
struct FileDraft {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    counted: Counted,
}

impl FileDraft {
    /// Makes it durable under its name.
    fn publish(&self, hash: &BlobHash) -> Result<(), BlobError> {
        self.file.sync_data()?;
        fs::rename(&self.path, self.folder.join(hash.to_string()))?;
        Ok(File::open(&self.folder)?.sync_all()?)
    }
}

impl Draft for FileDraft {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.counted.add(bytes)?;
        Ok(self.file.write_all(bytes)?)
    }

    fn keep(self: Box<Self>, hash: &BlobHash) -> Result<(), BlobError> {
        self.counted.check(hash)?;
        self.publish(hash)
    }
}

impl Drop for FileDraft {
    fn drop(&mut self) {
        // After `publish` there is none; else what stays is removed when the folder is opened again.
        let _ = fs::remove_file(&self.path);
    }
}
