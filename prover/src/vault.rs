//! Sealed files: what a hospital keeps of its patients and of its sales, unreadable without the key.
//!
//! ```text
//! magic 8 | nonce 24 | XChaCha20-Poly1305 of the content, bound to the file's kind and name
//! ```
//! The key comes from outside, or lies in a file of mode 0600 that may be on another volume: a copy of the directory alone,
//! such as a backup, then shows nothing, and destroying the key destroys what a disk keeps of files that were removed.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::jobs::StoreError;
use crate::jobs::files::{private_directory, read_private, wipe, write_private};

const MAGIC: &[u8; 8] = b"galenjb1";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = MAGIC.len() + NONCE_BYTES;
/// The extension of files that are being written.
const HALF_WRITTEN: &str = "new";

/// The key of sealed files.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct VaultKey([u8; KEY_BYTES]);

impl VaultKey {
    /// The key with these bytes, which are secret and uniform.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key in a file of mode 0600, drawn and written when there is none.
    ///
    /// # Errors
    /// [`StoreError`] for a file that others may read, or that holds no key.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        if let Some(bytes) = read_private(path)? {
            let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
            let form = |_| StoreError::Form { path: path.to_path_buf(), expected: "a key of 32 bytes" };
            return key.map(Self).map_err(form);
        }
        let mut key = Self([0; KEY_BYTES]);
        OsRng.fill_bytes(&mut key.0);
        write_private(path, &key.0)?;
        Ok(key)
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(..)")
    }
}

/// A directory of sealed files, each with a kind and a name.
pub struct Vault {
    directory: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.directory.display())
    }
}

impl Vault {
    /// Opens the files in `directory`, which is made (mode 0700) when missing.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(directory: PathBuf, key: &VaultKey) -> Result<Self, StoreError> {
        private_directory(&directory)?;
        let vault = Self { directory, cipher: XChaCha20Poly1305::new((&key.0).into()) };
        vault.sweep()?;
        Ok(vault)
    }

    /// Removes what a crash left half written.
    fn sweep(&self) -> Result<(), StoreError> {
        for path in self.paths()? {
            if path.extension().is_some_and(|extension| extension == HALF_WRITTEN) {
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

    /// Where a file lies. Kinds and names are plain words, so that no file lies elsewhere.
    fn path(&self, kind: &str, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.directory.join(format!("{name}.{kind}"));
        let plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if plain(kind) && plain(name) && kind != HALF_WRITTEN {
            Ok(path)
        } else {
            Err(StoreError::Form { path, expected: "a plain name" })
        }
    }

    /// Seals `content` into the file of this kind and name. It is on the disk when this returns.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put(&self, kind: &str, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.path(kind, name)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD_BYTES + content.len() + TAG_BYTES));
        bytes.extend(MAGIC);
        let mut nonce = [0; NONCE_BYTES];
        OsRng.fill_bytes(&mut nonce);
        bytes.extend(nonce);
        bytes.extend(content);
        let body = bytes.get_mut(HEAD_BYTES..).unwrap_or_default();
        let tag = self
            .cipher
            .encrypt_in_place_detached(&nonce.into(), &bound_to(kind, name), body)
            .map_err(|_| StoreError::Sealed { path: path.clone() })?;
        bytes.extend(tag);
        write_private(&path, &bytes)
    }

    /// Opens a file; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] for one that is damaged or was sealed with another key.
    pub fn get(&self, kind: &str, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let path = self.path(kind, name)?;
        let Some(mut bytes) = read_private(&path)? else { return Ok(None) };
        let damaged = || StoreError::Sealed { path: path.clone() };
        let end = bytes.len().checked_sub(TAG_BYTES).filter(|end| *end >= HEAD_BYTES).ok_or_else(damaged)?;
        let tag = Tag::clone_from_slice(&bytes[end..]);
        bytes.truncate(end);
        let (head, body) = bytes.split_at_mut(HEAD_BYTES);
        let nonce = head.strip_prefix(MAGIC.as_slice()).ok_or_else(damaged)?;
        self.cipher
            .decrypt_in_place_detached(XNonce::from_slice(nonce), &bound_to(kind, name), body, &tag)
            .map_err(|_| damaged())?;
        Ok(Some(Zeroizing::new(body.to_vec())))
    }

    /// Overwrites and removes a file; nothing when there is none.
    ///
    /// # Errors
    /// What the disk says.
    pub fn wipe(&self, kind: &str, name: &str) -> Result<(), StoreError> {
        wipe(&self.path(kind, name)?)
    }

    /// The names of files of this kind, in no order.
    ///
    /// # Errors
    /// What the disk says.
    pub fn list(&self, kind: &str) -> Result<Vec<String>, StoreError> {
        let of_kind = |path: &PathBuf| path.extension().is_some_and(|extension| extension == kind);
        let name = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
        Ok(self.paths()?.into_iter().filter(of_kind).filter_map(name).collect())
    }
}

/// A file moved to another name, or renamed to another kind, does not open.
fn bound_to(kind: &str, name: &str) -> Vec<u8> {
    [kind.as_bytes(), b" ", name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(directory: &Path) -> Vault {
        let key = VaultKey::load(&directory.join("key")).unwrap();
        Vault::open(directory.join("sealed"), &key).unwrap()
    }

    #[test]
    fn sealed_files_open_only_as_what_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let vault = vault(directory.path());
        vault.put("job", "a", b"a patient's row").unwrap();
        assert_eq!(vault.get("job", "a").unwrap().unwrap().as_slice(), b"a patient's row");
        assert!(vault.get("job", "b").unwrap().is_none());
        let path = |kind, name| vault.path(kind, name).unwrap();
        fs::copy(path("job", "a"), path("job", "b")).unwrap();
        fs::copy(path("job", "a"), path("result", "a")).unwrap();
        assert!(matches!(vault.get("job", "b"), Err(StoreError::Sealed { .. })));
        assert!(matches!(vault.get("result", "a"), Err(StoreError::Sealed { .. })));
        let bytes = fs::read(path("job", "a")).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"patient"));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            fs::write(path("job", "a"), &changed).unwrap();
            assert!(matches!(vault.get("job", "a"), Err(StoreError::Sealed { .. })), "byte {place}");
            fs::write(path("job", "a"), &bytes[..place]).unwrap();
            assert!(matches!(vault.get("job", "a"), Err(StoreError::Sealed { .. })), "cut at {place}");
        }
        vault.wipe("job", "a").unwrap();
        assert!(vault.get("job", "a").unwrap().is_none());
        assert_eq!(vault.list("job").unwrap(), ["b"]);
    }

    #[test]
    fn a_name_never_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let vault = vault(directory.path());
        for name in ["../key", "", "a/b", "a.b", "/etc/passwd", "..", "a\0"] {
            assert!(matches!(vault.put("job", name, b"x"), Err(StoreError::Form { .. })), "{name:?}");
            assert!(matches!(vault.get(name, "a"), Err(StoreError::Form { .. })), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_an_exposed_key_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let vault = vault(directory.path());
        vault.put("job", "a", b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let key = directory.path().join("key");
        assert_eq!(mode(&vault.directory), 0o700);
        assert_eq!(mode(&vault.path("job", "a").unwrap()), 0o600);
        assert_eq!(mode(&key), 0o600);
        fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(matches!(VaultKey::load(&key), Err(StoreError::Exposed { .. })));
    }
}
