//! Files on their way in: an upload lies in the desk's own folder, for its owner's eyes, until it was read; or a file is taken
//! from a folder that the configuration names, and from nowhere else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::DeskFault;

/// A file to import.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    /// Removed when it was read.
    ours: bool,
    /// What stands for it in reports.
    name: String,
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.ours && fs::remove_file(&self.path).is_err() && self.path.exists() {
            tracing::error!("an uploaded file could not be removed: remove the files in the folder uploads");
        }
    }
}

impl Spool {
    /// An empty file of mode 0600 in `folder` for an upload, and where to write it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(folder: &Path) -> io::Result<(Self, File)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = folder.join(name);
        let file = options.open(&path)?;
        Ok((Self { path, ours: true, name: "the file".into() }, file))
    }

    /// A file of the import folder, by its plain name.
    ///
    /// # Errors
    /// For a name that leads elsewhere, or to no file.
    pub fn choose(folder: &Path, name: &str) -> Result<Self, DeskFault> {
        let refused = || {
            let detail = "the import folder has no file of this name";
            DeskFault::invalid(
                "import-file",
                detail,
                "choose one of the list; a file has a plain name and no path",
            )
        };
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':']);
        if !plain {
            return Err(refused());
        }
        let path = folder.join(name);
        // A link would lead out of the folder.
        let found = fs::symlink_metadata(&path).map_err(|_| refused())?;
        if !found.is_file() {
            return Err(refused());
        }
        Ok(Self { path, ours: false, name: name.to_owned() })
    }

    /// Removes what a stop left of uploads.
    ///
    /// # Errors
    /// What the disk says.
    pub fn sweep(folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// What stands for it in reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes.
    pub fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |found| found.len())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The files that can be chosen, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn choices(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name());
        if let Some(name) = name.to_str().filter(|name| kind.is_file() && !name.starts_with('.')) {
            files.push((name.to_owned(), entry.metadata()?.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// A reader that tells how far it is.
pub(super) struct Counting<R, T> {
    inner: R,
    read: u64,
    told: u64,
    tell: T,
}

/// Bytes between two tellings.
const STEP: u64 = 1 << 18;

impl<R: Read, T: FnMut(u64)> Counting<R, T> {
    pub(super) fn new(inner: R, tell: T) -> Self {
        Self { inner, read: 0, told: 0, tell }
    }
}

impl<R: Read, T: FnMut(u64)> Read for Counting<R, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read - self.told >= STEP {
            self.told = self.read;
            (self.tell)(self.read);
        }
        Ok(count)
    }
}
