//! What all configuration files have in common: TOML, refused with file, line and reason, all contradictions at once.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::private::{PrivateFault, read_bounded};

/// Largest configuration, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A configuration that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsFault {
    /// It cannot be read, or is far too large.
    #[error(transparent)]
    File(#[from] PrivateFault),
    /// It is no text.
    #[error("{}: line {line} is not UTF-8 text: save the file as UTF-8", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first such line, from 1.
        line: usize,
    },
    /// It is no TOML, or has a field that there is not.
    #[error("{}: {fault}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What and where.
        fault: Box<toml::de::Error>,
    },
    /// It contradicts itself.
    #[error("{}: {}", path.display(), mistakes.join("; "))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<String>,
    },
}

/// Reads a configuration. Its fields refuse unknown ones by themselves.
///
/// # Errors
/// When it is not there, too large, no UTF-8, or not such a configuration; names file, line and column.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, SettingsFault> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|fault| {
        let before = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        SettingsFault::Encoding { path: path.to_owned(), line }
    })?;
    toml::from_str(text)
        .map_err(|fault| SettingsFault::Toml { path: path.to_owned(), fault: Box::new(fault) })
}

/// Refuses a configuration with mistakes, and says all of them.
///
/// # Errors
/// [`SettingsFault::Mistakes`] when there are any.
pub fn check(path: &Path, mistakes: Vec<String>) -> Result<(), SettingsFault> {
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(SettingsFault::Mistakes { path: path.to_owned(), mistakes })
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSection {
    /// Its form.
    pub format: LogFormat,
    /// What is written; `GALEN_LOG` goes before it.
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

impl LogSection {
    /// The section, each field with what it means.
    pub fn to_text(&self) -> String {
        format!(
            r#"[log]
# "text" or "json".
format = "{}"
# Such as "info", or "warn,galen_ledger=debug". The environment variable GALEN_LOG goes before it.
level = {}
"#,
            self.format.name(),
            quoted(&self.level)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        #[expect(dead_code, reason = "only that it is read")]
        log: LogSection,
    }

    fn said(bytes: &[u8]) -> String {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("small.toml");
        std::fs::write(&path, bytes).expect("written");
        load::<Small>(&path).expect_err("refused").to_string()
    }

    #[test]
    fn t76_configurations_that_are_truncated_huge_or_of_another_encoding_are_refused_with_the_place() {
        assert!(said(b"[log]\nformat = \"te").contains("line 2"));
        assert!(said(b"[log]\nlevel = \"info\"\nlewel = \"warn\"\n").contains("line 3"));
        assert!(said(b"[log]\nlevel = \"caf\xe9\"\n").contains("line 2 is not UTF-8"));
        assert!(said(b"\xff\xfe[\0l\0").contains("line 1 is not UTF-8"));
        assert!(said(&vec![b'#'; (MAX_BYTES + 1) as usize]).contains("1048577 bytes"));
    }
}
