//! Files and folders that nobody but their owner may read: keys, tokens, configurations, what a desk works on.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A private file or folder that cannot be used as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFault {
    /// It cannot be read, written or made.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "{} has mode {mode:04o}: others may read it; chmod 600 it, and replace what is in it if they may have read it",
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It cannot be closed to others.
    #[error("{} has mode {mode:04o}, and cannot be closed to others: chmod {wanted:o} it", path.display())]
    Stuck {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have.
        wanted: u32,
    },
    /// It is no regular file.
    #[error("{} is no regular file", .0.display())]
    NotAFile(PathBuf),
    /// It is larger than such a file ever is.
    #[error("{} has {size} bytes: such a file has {limit} at most, so this is another one", path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
        /// The most that is read.
        limit: u64,
    },
    /// It is there, and is not overwritten.
    #[error("{} is there already: it is not overwritten", .0.display())]
    Exists(PathBuf),
}

fn io_fault(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PrivateFault {
    let path = path.to_owned();
    move |source| PrivateFault::Io { what, path, source }
}

/// Makes a folder that only its owner may enter, if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn private_dir(path: &Path) -> Result<(), PrivateFault> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_fault("make", path))
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), PrivateFault> {
    let name = path.file_name().ok_or_else(|| io_fault("write", path)(io::ErrorKind::InvalidInput.into()))?;
    // Beside it, and under all of its name: two files that differ in their ending may be written at once.
    let mut part = name.to_owned();
    part.push(".part");
    let temporary = path.with_file_name(part);
    let write = || -> io::Result<()> {
        // What a killed process left may be open to others: its mode would stay.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_folder(path)
    };
    write().map_err(|error| {
        // Best effort: the error that matters is the first.
        let _ = fs::remove_file(&temporary);
        io_fault("write", path)(error)
    })
}

/// Writes a new file that only its owner may read.
///
/// # Errors
/// [`PrivateFault::Exists`], or when it cannot be written.
pub fn write_new_private(path: &Path, bytes: &[u8]) -> Result<(), PrivateFault> {
    if path.symlink_metadata().is_ok() {
        return Err(PrivateFault::Exists(path.to_owned()));
    }
    write_private(path, bytes)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Reads a file that must be closed to others, and not larger than `limit` bytes.
///
/// # Errors
/// When it is not there, others may read it, or it is too large.
pub fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, PrivateFault> {
    let (file, mode) = open(path, limit)?;
    if mode & 0o077 != 0 {
        return Err(PrivateFault::Open { path: path.to_owned(), mode });
    }
    fill(path, file, limit)
}

/// Reads a file, not larger than `limit` bytes, that others may read as well.
///
/// # Errors
/// When it is not there, no file, or too large.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, PrivateFault> {
    let (file, _) = open(path, limit)?;
    fill(path, file, limit)
}

fn open(path: &Path, limit: u64) -> Result<(File, u32), PrivateFault> {
    // A named pipe would be waited for; its kind is looked at before it is opened.
    let metadata = fs::metadata(path).map_err(io_fault("read", path))?;
    if !metadata.is_file() {
        return Err(PrivateFault::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(io_fault("read", path))?;
    let metadata = file.metadata().map_err(io_fault("read", path))?;
    let size = metadata.len();
    if size > limit {
        return Err(PrivateFault::Large { path: path.to_owned(), size, limit });
    }
    Ok((file, metadata.permissions().mode() & 0o777))
}

fn fill(path: &Path, file: File, limit: u64) -> Result<Zeroizing<Vec<u8>>, PrivateFault> {
    // Never grown: a buffer that was moved would leave what it held behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or(0).saturating_add(1)));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io_fault("read", path))?;
    let size = bytes.len() as u64;
    if size > limit {
        return Err(PrivateFault::Large { path: path.to_owned(), size, limit });
    }
    Ok(bytes)
}

/// Closes a file or folder that others may enter or read. Gives the mode that it had, if it was open.
///
/// # Errors
/// When it is not there, or is another user's.
pub fn close(path: &Path) -> Result<Option<u32>, PrivateFault> {
    let metadata = fs::metadata(path).map_err(io_fault("read", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(None);
    }
    let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(wanted)).map_err(|_| PrivateFault::Stuck {
        path: path.to_owned(),
        mode,
        wanted,
    })?;
    Ok(Some(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_closed_even_over_an_open_remainder() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("seed");
        let remainder = dir.path().join("seed.part");
        fs::write(&remainder, "left by a killed process").expect("written");
        fs::set_permissions(&remainder, Permissions::from_mode(0o644)).expect("set");
        write_private(&path, b"new").expect("written");
        assert_eq!((mode(&path), fs::read(&path).expect("read")), (0o600, b"new".to_vec()));
        assert!(!remainder.exists());
        assert!(matches!(write_new_private(&path, b"again"), Err(PrivateFault::Exists(_))));
        assert_eq!(fs::read(&path).expect("read"), b"new");
    }

    #[test]
    fn open_large_and_strange_files_are_refused_and_the_limit_is_exact() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        write_private(&path, &[7; 64]).expect("written");
        assert_eq!(read_private(&path, 64).expect("read").len(), 64);
        assert!(matches!(read_private(&path, 63), Err(PrivateFault::Large { size: 64, .. })));
        for open in [0o644, 0o640, 0o604, 0o620] {
            fs::set_permissions(&path, Permissions::from_mode(open)).expect("set");
            let said = read_private(&path, 64).expect_err("open").to_string();
            assert!(said.contains(&format!("{open:04o}")) && said.contains("chmod 600"), "{said}");
        }
        assert!(matches!(read_private(dir.path(), 64), Err(PrivateFault::NotAFile(_))));
        assert!(matches!(read_private(&dir.path().join("none"), 64), Err(PrivateFault::Io { .. })));
    }

    #[test]
    fn what_is_open_is_closed_and_said() {
        let dir = tempfile::tempdir().expect("a folder");
        let (folder, file) = (dir.path().join("folder"), dir.path().join("file"));
        private_dir(&folder).expect("made");
        write_private(&file, b"").expect("written");
        for (path, open, closed) in [(&folder, 0o755, 0o700), (&file, 0o644, 0o600)] {
            assert_eq!(close(path).expect("closed"), None);
            fs::set_permissions(path, Permissions::from_mode(open)).expect("set");
            assert_eq!(close(path).expect("closed"), Some(open));
            assert_eq!(mode(path), closed);
        }
    }
}
