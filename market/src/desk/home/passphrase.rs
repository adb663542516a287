//! Passphrases: where they come from, and that they stay out of everything else.

use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::private::{PrivateFault, read_private};

/// Environment variable that names a file with the passphrase.
pub const PASSPHRASE_FILE: &str = "GALEN_PASSPHRASE_FILE";
/// Longest passphrase, in bytes.
pub const MAX_BYTES: usize = 1024;
/// Shortest passphrase for new keys, in characters: whoever copies the file can try as many as time permits.
pub const MIN_CHARACTERS: usize = 12;

/// What a seed is locked with. Wiped when dropped, and never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// There is no usable passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseFault {
    /// The file cannot be used.
    #[error("the passphrase's file: {0}")]
    File(#[from] PrivateFault),
    /// It is no text.
    #[error("the passphrase in {} is not UTF-8 text", .0.display())]
    Encoding(PathBuf),
    /// There is nothing in it.
    #[error("the passphrase is empty")]
    Empty,
    /// It has several lines, or control characters.
    #[error("a passphrase is one line, without control characters")]
    Lines,
    /// It is too short for new keys.
    #[error("the passphrase has {0} characters: take {MIN_CHARACTERS} or more, such as five words")]
    Short(usize),
    /// It is too long.
    #[error("a passphrase has at most {MAX_BYTES} bytes")]
    Long,
    /// Nobody can be asked.
    #[error(
        "the keys are under a passphrase, and nobody can be asked, as there is no terminal: give --passphrase-file, or name \
         a file in {PASSPHRASE_FILE}"
    )]
    Nobody,
    /// The two entries of a new one differ.
    #[error("the two entries differ: nothing was changed")]
    Differ,
    /// The terminal cannot be used, or the question was broken off.
    #[error("no passphrase was entered: {0}")]
    Terminal(String),
}

impl Passphrase {
    /// Takes a text; one end of line at its end does not count.
    ///
    /// # Errors
    /// When it is empty, too long, or several lines.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PassphraseFault> {
        let line =
            text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        match line {
            "" => Err(PassphraseFault::Empty),
            line if line.len() > MAX_BYTES => Err(PassphraseFault::Long),
            line if line.chars().any(char::is_control) => Err(PassphraseFault::Lines),
            line => Ok(Self(Zeroizing::new(line.to_owned()))),
        }
    }

    /// Reads one from the first line of a file with mode 0600.
    ///
    /// # Errors
    /// When the file is not there, open to others, or holds none.
    pub fn read(path: &Path) -> Result<Self, PassphraseFault> {
        let bytes = read_private(path, MAX_BYTES as u64 + 2)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| PassphraseFault::Encoding(path.to_owned()))?;
        Self::new(Zeroizing::new(text.to_owned()))
    }

    /// Refuses what is too short to lock new keys with.
    ///
    /// # Errors
    /// [`PassphraseFault::Short`].
    pub fn strong(self) -> Result<Self, PassphraseFault> {
        let characters = self.0.chars().count();
        if characters < MIN_CHARACTERS { Err(PassphraseFault::Short(characters)) } else { Ok(self) }
    }

    /// Whether it is another one. The time that this takes tells nothing to anybody but its owner.
    pub fn differs(&self, other: &Self) -> bool {
        self.0 != other.0
    }

    /// As the library takes it.
    pub(super) fn secret(&self) -> SecretString {
        SecretString::from(self.0.as_str())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The file that is to be read: what was typed, else the environment's, else the configuration's.
pub fn file(typed: Option<&Path>, configured: Option<&Path>) -> Option<PathBuf> {
    let environment = || std::env::var_os(PASSPHRASE_FILE).filter(|name| !name.is_empty()).map(PathBuf::from);
    typed.map(Path::to_owned).or_else(environment).or_else(|| configured.map(Path::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Passphrase, PassphraseFault> {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn one_line_is_a_passphrase_and_its_end_is_not_part_of_it() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
            assert!(!of(text).expect("one").differs(&of("correct horse").expect("one")), "{text:?}");
        }
        assert!(of("correct horse ").expect("one").differs(&of("correct horse").expect("one")));
        assert!(matches!(of("\n"), Err(PassphraseFault::Empty)));
        assert!(matches!(of("two\nlines"), Err(PassphraseFault::Lines)));
        assert!(matches!(of(&"x".repeat(MAX_BYTES + 1)), Err(PassphraseFault::Long)));
        assert!(matches!(of("too short").and_then(Passphrase::strong), Err(PassphraseFault::Short(9))));
    }

    #[test]
    fn t73_a_passphrase_is_in_no_debug_text() {
        let said = format!("{:?}", of("correct horse battery").expect("one"));
        assert!(!said.contains("horse"), "{said}");
    }
}
