//! Sealed files: what is private in jobs and results.
//!
//! ```text
//! magic 8 | nonce 24 | XChaCha20-Poly1305 of the content, bound to the file's kind and job
//! ```
//! The key lies in a file of mode 0600 that may be on another volume: a copy of the directory alone, such as a backup, then
//! shows nothing, and destroying the key destroys what a disk keeps of files that were removed.

use std::fs;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::files::{private_directory, read_private, wipe, write_private};
use super::{JobId, StoreError};

const MAGIC: &[u8; 8] = b"galenjb1";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = MAGIC.len() + NONCE_BYTES;

/// What a sealed file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The private part of a job that is not over.
    Spec,
    /// A result.
    Outcome,
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Self::Spec => "job",
            Self::Outcome => "result",
        }
    }
}

/// The sealed files of a queue.
pub(super) struct Vault {
    directory: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// Opens the files in `directory` with the key in `key_file`; both are made when missing.
    pub(super) fn open(directory: PathBuf, key_file: &Path) -> Result<Self, StoreError> {
        private_directory(&directory)?;
        let key = load_key(key_file)?;
        let vault = Self { directory, cipher: XChaCha20Poly1305::new((&*key).into()) };
        vault.sweep()?;
        Ok(vault)
    }

    /// Removes what a crash left half written.
    fn sweep(&self) -> Result<(), StoreError> {
        for path in self.paths()? {
            if path.extension().is_some_and(|extension| extension == "new") {
                wipe(&path)?;
            }
        }
        Ok(())
    }

    fn paths(&self) -> Result<Vec<PathBuf>, StoreError> {
        let at = StoreError::at(&self.directory);
        let entries = fs::read_dir(&self.directory).map_err(&at)?;
        entries.map(|entry| Ok(entry.map_err(&at)?.path())).collect()
    }

    fn path(&self, kind: Kind, id: JobId) -> PathBuf {
        self.directory.join(format!("{id}.{}", kind.extension()))
    }

    /// Seals `content` into the file of this kind and job. It is on the disk when this returns.
    pub(super) fn put(&self, kind: Kind, id: JobId, content: &[u8]) -> Result<(), StoreError> {
        let path = self.path(kind, id);
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD_BYTES + content.len() + TAG_BYTES));
        bytes.extend(MAGIC);
        let mut nonce = [0; NONCE_BYTES];
        OsRng.fill_bytes(&mut nonce);
        bytes.extend(nonce);
        bytes.extend(content);
        let body = bytes.get_mut(HEAD_BYTES..).unwrap_or_default();
        let tag = self
            .cipher
            .encrypt_in_place_detached(&nonce.into(), &bound_to(kind, id), body)
            .map_err(|_| StoreError::Sealed { path: path.clone() })?;
        bytes.extend(tag);
        write_private(&path, &bytes)
    }

    /// Opens a file; `None` when there is none.
    pub(super) fn get(&self, kind: Kind, id: JobId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let path = self.path(kind, id);
        let Some(mut bytes) = read_private(&path)? else { return Ok(None) };
        let damaged = || StoreError::Sealed { path: path.clone() };
        let end = bytes.len().checked_sub(TAG_BYTES).filter(|end| *end >= HEAD_BYTES).ok_or_else(damaged)?;
        let tag = Tag::clone_from_slice(&bytes[end..]);
        bytes.truncate(end);
        let (head, body) = bytes.split_at_mut(HEAD_BYTES);
        let nonce = head.strip_prefix(MAGIC.as_slice()).ok_or_else(damaged)?;
        self.cipher
            .decrypt_in_place_detached(XNonce::from_slice(nonce), &bound_to(kind, id), body, &tag)
            .map_err(|_| damaged())?;
        Ok(Some(Zeroizing::new(body.to_vec())))
    }

    /// Overwrites and removes a file; nothing when there is none.
    pub(super) fn wipe(&self, kind: Kind, id: JobId) -> Result<(), StoreError> {
        wipe(&self.path(kind, id))
    }

    /// The jobs that have a file of this kind.
    pub(super) fn list(&self, kind: Kind) -> Result<Vec<JobId>, StoreError> {
        let of_kind = |path: &PathBuf| path.extension().is_some_and(|e| e == kind.extension());
        let name = |path: PathBuf| path.file_stem()?.to_str()?.parse().ok();
        Ok(self.paths()?.into_iter().filter(of_kind).filter_map(name).collect())
    }
}

/// A file moved to another job's name, or renamed to another kind, does not open.
fn bound_to(kind: Kind, id: JobId) -> Vec<u8> {
    [kind.extension().as_bytes(), b" ", id.as_bytes()].concat()
}

fn load_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, StoreError> {
    if let Some(bytes) = read_private(path)? {
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
        let form = |_| StoreError::Form { path: path.to_path_buf(), expected: "a key of 32 bytes" };
        return key.map(Zeroizing::new).map_err(form);
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    OsRng.fill_bytes(key.as_mut());
    write_private(path, key.as_ref())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(directory: &Path) -> Vault {
        Vault::open(directory.join("sealed"), &directory.join("key")).unwrap()
    }

    #[test]
    fn sealed_files_open_only_as_what_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let vault = vault(directory.path());
        let (a, b) = (JobId::sample(1), JobId::sample(2));
        vault.put(Kind::Spec, a, b"a patient's row").unwrap();
        assert_eq!(vault.get(Kind::Spec, a).unwrap().unwrap().as_slice(), b"a patient's row");
        assert!(vault.get(Kind::Spec, b).unwrap().is_none());
        fs::copy(vault.path(Kind::Spec, a), vault.path(Kind::Spec, b)).unwrap();
        fs::copy(vault.path(Kind::Spec, a), vault.path(Kind::Outcome, a)).unwrap();
        assert!(matches!(vault.get(Kind::Spec, b), Err(StoreError::Sealed { .. })));
        assert!(matches!(vault.get(Kind::Outcome, a), Err(StoreError::Sealed { .. })));
        let bytes = fs::read(vault.path(Kind::Spec, a)).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"patient"));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            fs::write(vault.path(Kind::Spec, a), &changed).unwrap();
            assert!(matches!(vault.get(Kind::Spec, a), Err(StoreError::Sealed { .. })), "byte {place}");
            fs::write(vault.path(Kind::Spec, a), &bytes[..place]).unwrap();
            assert!(matches!(vault.get(Kind::Spec, a), Err(StoreError::Sealed { .. })), "cut at {place}");
        }
        vault.wipe(Kind::Spec, a).unwrap();
        assert!(vault.get(Kind::Spec, a).unwrap().is_none());
        assert_eq!(vault.list(Kind::Spec).unwrap(), [b]);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_an_exposed_key_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let vault = vault(directory.path());
        vault.put(Kind::Spec, JobId::sample(1), b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let key = directory.path().join("key");
        assert_eq!(mode(&vault.directory), 0o700);
        assert_eq!(mode(&vault.path(Kind::Spec, JobId::sample(1))), 0o600);
        assert_eq!(mode(&key), 0o600);
        fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let reopened = Vault::open(directory.path().join("sealed"), &key);
        assert!(matches!(reopened, Err(StoreError::Exposed { .. })));
    }
}
