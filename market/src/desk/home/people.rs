//! Who may use a desk: names, and hashes of the tokens that they sign in with. A token is shown once, to its owner.

mod file;

use std::path::PathBuf;

use jiff::Timestamp;
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::private::PrivateFault;

pub use file::PeopleFile;

/// Longest name of a person, in bytes.
pub const MAX_NAME: usize = 64;
/// Most people of a desk.
pub const MAX_PEOPLE: usize = 1000;
const TOKEN: &str = "galen 2026 desk token v1";

/// The list of people cannot be used or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleFault {
    /// A file.
    #[error(transparent)]
    File(#[from] PrivateFault),
    /// It is no list of people.
    #[error(
        "{} is damaged ({reason}): restore it from its backup, or delete it and add people again (`galen desk person add`)",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No name.
    #[error("a person's name is one line of 1 to {MAX_NAME} bytes")]
    Name,
    /// The name is taken.
    #[error("{0:?} is there already: remove it first, or take another name")]
    Taken(String),
    /// No such person.
    #[error("there is no {0:?}: `galen desk person list` shows who there is")]
    Unknown(String),
    /// Nobody would be left.
    #[error("{0:?} is the only one: add another person first")]
    Last(String),
    /// Too many.
    #[error("a desk has at most {MAX_PEOPLE} people")]
    Full,
}

/// A person's token: 256 random bits, in hex. Wiped when dropped, and never shown by `Debug`.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token(String);

impl Token {
    fn draw(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        Self(hex::encode(*bytes))
    }

    /// As it is typed.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// As a line of a file.
    pub fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", self.0))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The token's hash.
    #[serde(with = "token_hash")]
    token: blake3::Hash,
    /// Since when, in UTC.
    pub since: Timestamp,
}

/// Who may use a desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    people: Vec<Entry>,
}

fn hash(token: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key(TOKEN);
    hasher.update(token.trim_ascii());
    hasher.finalize()
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

impl People {
    /// Everybody, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.people.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Whose token this is. How long that takes tells nothing of any token: hashes are compared, in constant time, all of
    /// them.
    pub fn find(&self, token: &[u8]) -> Option<&str> {
        let offered = hash(token);
        self.people.iter().fold(None, |found, entry| {
            // `Hash` compares in constant time.
            if entry.token == offered { Some(entry.name.as_str()) } else { found }
        })
    }

    /// Whether there is a person of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.people.iter().any(|entry| entry.name == name)
    }

    /// Adds a person with a fresh token, which is known here only.
    ///
    /// # Errors
    /// When the name is none, or taken.
    pub fn add(
        &mut self,
        name: &str,
        since: Timestamp,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Token, PeopleFault> {
        if name.trim() != name
            || name.is_empty()
            || name.len() > MAX_NAME
            || name.chars().any(char::is_control)
        {
            return Err(PeopleFault::Name);
        }
        if self.people.iter().any(|entry| same(&entry.name, name)) {
            return Err(PeopleFault::Taken(name.to_owned()));
        }
        if self.people.len() >= MAX_PEOPLE {
            return Err(PeopleFault::Full);
        }
        let token = Token::draw(rng);
        self.people.push(Entry { name: name.to_owned(), token: hash(token.text().as_bytes()), since });
        Ok(token)
    }

    /// Removes a person, whose token is worth nothing from then on.
    ///
    /// # Errors
    /// When there is no such person, or nobody would be left.
    pub fn remove(&mut self, name: &str) -> Result<(), PeopleFault> {
        if !self.contains(name) {
            return Err(PeopleFault::Unknown(name.to_owned()));
        }
        if self.people.len() == 1 {
            return Err(PeopleFault::Last(name.to_owned()));
        }
        self.people.retain(|entry| entry.name != name);
        Ok(())
    }
}

/// Hashes in JSON: hex.
mod token_hash {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &blake3::Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hash.to_hex().as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<blake3::Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        blake3::Hash::from_hex(text).map_err(|_| D::Error::custom("a token's hash is 64 hex digits"))
    }
}

#[cfg(test)]
mod tests;
