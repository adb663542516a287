//! Blobs in a folder, one file each, named by their hash.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{BlobError, Blobs, MAX_BLOB_BYTES, matching};
use crate::types::BlobHash;

/// Blobs in a folder.
#[derive(Debug)]
pub struct FileBlobs {
    folder: PathBuf,
    /// Distinguishes the temporary files of writers in this process.
    writers: AtomicU64,
}

impl FileBlobs {
    /// Opens a folder, which is made when there is none.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, BlobError> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder: folder.as_ref().to_owned(), writers: AtomicU64::new(0) })
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        self.folder.join(hash.to_string())
    }
}

impl Blobs for FileBlobs {
    fn put(&self, hash: &BlobHash, bytes: &[u8]) -> Result<(), BlobError> {
        matching(hash, bytes)?;
        if self.path(hash).exists() {
            return Ok(());
        }
        let writer = self.writers.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(format!("draft-{}-{writer}", std::process::id()));
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&draft, self.path(hash))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    fn get(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        let size = match fs::metadata(self.path(hash)) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if size > MAX_BLOB_BYTES as u64 {
            return Err(BlobError::TooLarge { size, limit: MAX_BLOB_BYTES });
        }
        let bytes = fs::read(self.path(hash))?;
        matching(hash, &bytes)?;
        Ok(Some(bytes))
    }

    fn has(&self, hash: &BlobHash) -> Result<bool, BlobError> {
        Ok(self.path(hash).try_exists()?)
    }
}
