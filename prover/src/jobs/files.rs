//! Files that only their owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::StoreError;

/// Makes a directory of mode 0700, or brings one that is there to that mode.
pub(crate) fn private_directory(path: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).and_then(|()| restrict(path, 0o700)).map_err(StoreError::at(path))
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Brings every file below `directory` to mode 0600 and every directory to 0700.
pub(super) fn restrict_all(directory: &Path) -> Result<(), StoreError> {
    let at = StoreError::at(directory);
    for entry in fs::read_dir(directory).map_err(&at)? {
        let path = entry.map_err(&at)?.path();
        // Sled removes files of its own while we look: one that is gone needs no mode.
        let set = if path.is_dir() { restrict(&path, 0o700) } else { restrict(&path, 0o600) };
        match set {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other.map_err(StoreError::at(&path))?,
        }
        if path.is_dir() {
            restrict_all(&path)?;
        }
    }
    Ok(())
}

/// Options for files of mode 0600.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a file of mode 0600: a reader sees all of it or the one before, and it is on the disk when this returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let written = (|| {
        let mut file = private().create(true).truncate(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_parent(path)
    })();
    written.map_err(StoreError::at(path))
}

/// Reads a file; `None` when there is none. Refuses one that others may read.
pub(crate) fn read_private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(StoreError::at(path))?,
    };
    let metadata = file.metadata().map_err(StoreError::at(path))?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_path_buf() });
    }
    // Reserved in one piece: a vector that grows leaves copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.read_to_end(&mut bytes).map_err(StoreError::at(path))?;
    Ok(Some(bytes))
}

/// Overwrites a file and removes it; nothing when there is none. What a disk keeps of overwritten blocks is out of reach,
/// which is one reason why contents are sealed.
pub(crate) fn wipe(path: &Path) -> Result<(), StoreError> {
    let wiped = (|| {
        let length = fs::metadata(path)?.len();
        let mut file = private().open(path)?;
        io::copy(&mut io::repeat(0).take(length), &mut file)?;
        file.sync_all()?;
        fs::remove_file(path)?;
        sync_parent(path)
    })();
    match wiped {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(StoreError::at(path)),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// The exclusive right to a directory; given back when dropped, also by a crash.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held for its lock")] File);

impl Lock {
    pub(super) fn take(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("lock");
        let file = private().create(true).truncate(false).open(&path).map_err(StoreError::at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { directory: directory.to_path_buf() }),
            Err(TryLockError::Error(error)) => Err(StoreError::at(&path)(error)),
        }
    }
}
