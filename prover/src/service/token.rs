//! The token that every call carries.

use std::fmt;
use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::jobs::{StoreError, read_private, write_private};

/// Characters of a token at least.
const LEAST: usize = 32;
const MOST: usize = 512;

/// A bearer token: 32 to 512 visible ASCII characters. Never shown, erased when dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is {LEAST} to {MOST} visible ASCII characters")]
pub struct TokenFault;

impl Token {
    /// The token with this text: from a variable of the environment, say.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn new(text: &str) -> Result<Self, TokenFault> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let length = (LEAST..=MOST).contains(&text.len());
        if plain && length { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(TokenFault) }
    }

    /// A fresh token of 256 bits.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(bytes.as_mut());
        Self(Zeroizing::new(hex::encode(bytes.as_ref())))
    }

    /// The token in a file of mode 0600; a fresh one is written there when there is none.
    ///
    /// # Errors
    /// [`StoreError`] for a file that others may read, that is no token, or that cannot be read or written.
    pub fn load_or_create(path: &Path) -> Result<Self, StoreError> {
        if let Some(bytes) = read_private(path)? {
            let form = || StoreError::Form { path: path.to_path_buf(), expected: "a token" };
            let text = std::str::from_utf8(&bytes).map_err(|_| form())?;
            return Self::new(text.trim_end()).map_err(|_| form());
        }
        let token = Self::generate();
        write_private(path, token.0.as_bytes())?;
        Ok(token)
    }

    /// Whether a caller's token is this one, in time that tells nothing: hashes are compared, and without branches.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(given)
    }

    /// The text, for a header.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let first = Token::load_or_create(&path).unwrap();
        assert!(Token::load_or_create(&path).unwrap().is(first.text().as_bytes()));
        assert!(!first.is(Token::generate().text().as_bytes()) && !first.is(b""));
        assert_eq!(format!("{first:?}"), "Token(..)");
        assert_eq!(Token::new("short").err(), Some(TokenFault));
        assert_eq!(Token::new(&"ä".repeat(20)).err(), Some(TokenFault));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
            assert!(matches!(Token::load_or_create(&path), Err(StoreError::Exposed { .. })));
        }
    }
}
