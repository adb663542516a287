//! Node keys: who a node is on the network. Not the voting key: a stolen node key lets somebody connect, not vote.

use core::fmt;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What precedes an Ed25519 public key in its `SubjectPublicKeyInfo` (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What precedes an Ed25519 seed in its PKCS #8 form (RFC 8410).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The public half of a node key. May be any 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodePublicKey([u8; 32]);

impl NodePublicKey {
    /// Wraps the bytes of a key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When there are not exactly 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key as TLS carries it (RFC 7250).
    pub fn to_spki(self) -> Vec<u8> {
        [&SPKI_PREFIX[..], &self.0].concat()
    }

    /// Reads a key as TLS carries it; only an Ed25519 key, in its one encoding.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for NodePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for NodePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodePublicKey({}…)", hex::encode(&self.0[..4]))
    }
}

impl Serialize for NodePublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodePublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

/// A node key. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct NodeKey(SigningKey);

impl NodeKey {
    /// Draws a key.
    pub fn generate(rng: &mut (impl rand::RngCore + rand::CryptoRng)) -> Self {
        Self(SigningKey::new(rng))
    }

    /// Reads a key from its 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from(*bytes))
    }

    /// The public half.
    pub fn public(&self) -> NodePublicKey {
        NodePublicKey(VerificationKeyBytes::from(&self.0).into())
    }

    /// The key as the TLS library takes it.
    pub(super) fn to_pkcs8(&self) -> Vec<u8> {
        let seed: [u8; 32] = self.0.into();
        [&PKCS8_PREFIX[..], &seed].concat()
    }

    /// Reads the key in a file, or draws one and writes it there when there is no file.
    ///
    /// # Errors
    /// When others may read the file, it is not a key, or it cannot be read or written.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        match Self::load(path) {
            Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::create(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the key in a file.
    ///
    /// # Errors
    /// When others may read the file, it is not a key, or it cannot be read.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Readable { path: path.to_owned(), mode });
        }
        let text = fs::read_to_string(path).map_err(io)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes)
            .map_err(|_| KeyFileError::Malformed(path.to_owned()))?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Draws a key and writes it to a new file, which only the owner can read.
    ///
    /// # Errors
    /// When there is such a file, or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, KeyFileError> {
        let key = Self::generate(&mut rand::rngs::OsRng);
        let seed: [u8; 32] = key.0.into();
        let write = || -> io::Result<()> {
            let draft = path.with_extension("draft");
            // One left by a crash may have any mode.
            match fs::remove_file(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(hex::encode(seed).as_bytes())?;
            file.sync_all()?;
            // A link, unlike a rename, does not overwrite a key that is there.
            let linked = fs::hard_link(&draft, path);
            fs::remove_file(&draft)?;
            linked?;
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        write().map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
        Ok(key)
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey(of {:?})", self.public())
    }
}

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Others than the owner may read or write it.
    #[error("{} has mode {mode:04o}: others may use this key; chmod 600 it, or draw a new one if they may have read it", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Its contents are something else.
    #[error("{} does not hold a key of 64 hexadecimal digits", .0.display())]
    Malformed(PathBuf),
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_private_made_once_and_read_again() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("node_key");
        fs::write(path.with_extension("draft"), "left by a crash").expect("written");
        let key = NodeKey::load_or_create(&path).expect("made");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(NodeKey::load_or_create(&path).expect("read").public(), key.public());
        assert!(matches!(NodeKey::create(&path), Err(KeyFileError::Io { .. })), "it is not overwritten");
        assert_eq!(NodeKey::load(&path).expect("read").public(), key.public());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        assert!(matches!(NodeKey::load_or_create(&path), Err(KeyFileError::Readable { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        fs::write(&path, "secret").expect("written");
        assert!(matches!(NodeKey::load_or_create(&path), Err(KeyFileError::Malformed(_))));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = NodeKey::from_bytes(&[7; 32]);
        assert!(!format!("{key:?}").contains(&hex::encode([7; 4])));
    }

    #[test]
    fn only_the_one_encoding_of_an_ed25519_key_is_read() {
        let key = NodeKey::from_bytes(&[7; 32]).public();
        let spki = key.to_spki();
        assert_eq!(NodePublicKey::from_spki(&spki), Some(key));
        assert_eq!(NodePublicKey::from_spki(&spki[..43]), None);
        assert_eq!(NodePublicKey::from_spki(&[&spki[..], &[0]].concat()), None);
        let mut other = spki.clone();
        other[8] = 0x6e;
        assert_eq!(NodePublicKey::from_spki(&other), None, "X25519");
        assert_eq!(NodePublicKey::from_hex(&key.to_string()), Ok(key));
    }
}
