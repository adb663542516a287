//! What the desk keeps on its disk, for its owner's eyes only.
//!
//! ```text
//! drafts/ID.json           a draft
//! drafts/ID.deleted        a draft that was deleted, and can be brought back
//! drafts/ID.order          what was signed for it, kept before it is sent
//! requests/ID/             a posted request: posted.json, and what was collected
//! transfers/ID.json        a payment, kept before it is sent
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use rand::RngCore;
use rand::rngs::OsRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::fault::DeskFault;
use crate::id::RequestId;
use crate::private::{private_dir, write_private};

/// The desk's folder.
#[derive(Debug)]
pub struct Store(PathBuf);

/// Names a draft or a payment: 32 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// A draft as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptDraft {
    /// Its name.
    pub id: Name,
    /// Who began it.
    pub by: String,
    /// When it was changed last, in milliseconds since 1970.
    pub changed_ms: u64,
    /// What is written.
    pub draft: Draft,
    /// The request that it became.
    #[serde(default)]
    pub posted: Option<RequestId>,
}

/// What is signed for a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptOrder {
    /// The request that it posts.
    pub request: RequestId,
    /// The last block at which it can be executed.
    pub valid_until: u64,
    /// The transaction, in hex.
    pub tx: String,
}

/// What the desk knows of a request that it posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// The request.
    pub request: RequestId,
    /// The draft that it was.
    pub from: KeptDraft,
    /// The block that took it.
    pub height: u64,
}

impl Name {
    /// A fresh one.
    pub fn fresh() -> Self {
        let mut bytes = [0; 16];
        OsRng.fill_bytes(&mut bytes);
        Self(hex::encode(bytes))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if plain { Ok(Self(text)) } else { Err("a name is 32 hex digits") }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl std::str::FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Store {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, DeskFault> {
        let store = Self(folder.to_owned());
        for part in ["drafts", "requests", "transfers"] {
            private_dir(&store.0.join(part))?;
        }
        Ok(store)
    }

    fn draft_path(&self, id: &Name, ending: &str) -> PathBuf {
        self.0.join("drafts").join(format!("{id}.{ending}"))
    }

    /// The folder of a request.
    pub fn request_dir(&self, id: &RequestId) -> PathBuf {
        self.0.join("requests").join(id.to_string())
    }

    /// The drafts, the newest first.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn drafts(&self) -> Result<Vec<KeptDraft>, DeskFault> {
        let folder = self.0.join("drafts");
        let mut drafts: Vec<KeptDraft> = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let path = entry.map_err(|error| failed(&folder, error))?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                drafts.extend(read(&path)?);
            }
        }
        drafts.sort_by(|a, b| (b.changed_ms, &b.id).cmp(&(a.changed_ms, &a.id)));
        Ok(drafts)
    }

    /// A draft.
    ///
    /// # Errors
    /// [`DeskFault::Unknown`], or when it cannot be read.
    pub fn draft(&self, id: &Name) -> Result<KeptDraft, DeskFault> {
        read(&self.draft_path(id, "json"))?.ok_or(DeskFault::Unknown("draft"))
    }

    /// Keeps a draft.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_draft(&self, draft: &KeptDraft) -> Result<(), DeskFault> {
        write(&self.draft_path(&draft.id, "json"), draft)
    }

    /// Takes a draft away; [`Self::restore_draft`] brings it back.
    ///
    /// # Errors
    /// [`DeskFault::Unknown`], or when it cannot be moved.
    pub fn delete_draft(&self, id: &Name) -> Result<(), DeskFault> {
        self.draft(id)?;
        rename(&self.draft_path(id, "json"), &self.draft_path(id, "deleted"))
    }

    /// Brings a deleted draft back.
    ///
    /// # Errors
    /// [`DeskFault::Unknown`], or when it cannot be moved.
    pub fn restore_draft(&self, id: &Name) -> Result<(), DeskFault> {
        let deleted = self.draft_path(id, "deleted");
        if !deleted.exists() {
            return Err(DeskFault::Unknown("deleted draft"));
        }
        rename(&deleted, &self.draft_path(id, "json"))
    }

    /// What is signed for a draft.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn order(&self, id: &Name) -> Result<Option<KeptOrder>, DeskFault> {
        read(&self.draft_path(id, "order"))
    }

    /// Keeps what is signed for a draft.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_order(&self, id: &Name, order: &KeptOrder) -> Result<(), DeskFault> {
        write(&self.draft_path(id, "order"), order)
    }

    /// Forgets what was signed for a draft.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_order(&self, id: &Name) -> Result<(), DeskFault> {
        let path = self.draft_path(id, "order");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&path, error)),
            _ => Ok(()),
        }
    }

    /// Keeps what is known of a posted request.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_posted(&self, posted: &Posted) -> Result<(), DeskFault> {
        let folder = self.request_dir(&posted.request);
        private_dir(&folder)?;
        write(&folder.join("posted.json"), posted)
    }

    /// What is known of a posted request; nothing if another desk of the same keys posted it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn posted(&self, id: &RequestId) -> Result<Option<Posted>, DeskFault> {
        read(&self.request_dir(id).join("posted.json"))
    }

    /// A payment that was kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn transfer<T: DeserializeOwned>(&self, id: &Name) -> Result<Option<T>, DeskFault> {
        read(&self.0.join("transfers").join(format!("{id}.json")))
    }

    /// Keeps a payment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_transfer(&self, id: &Name, transfer: &impl Serialize) -> Result<(), DeskFault> {
        write(&self.0.join("transfers").join(format!("{id}.json")), transfer)
    }
}

/// Reads a file of JSON, if it is there.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, DeskFault> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| failed(path, format!("it is damaged: {error}")))
}

/// Writes a file of JSON that only its owner may read, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, value: &impl Serialize) -> Result<(), DeskFault> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| failed(path, error))?;
    Ok(write_private(path, &text)?)
}

fn rename(from: &Path, to: &Path) -> Result<(), DeskFault> {
    fs::rename(from, to).map_err(|error| failed(from, error))
}

fn failed(path: &Path, reason: impl std::fmt::Display) -> DeskFault {
    DeskFault::File { path: path.display().to_string(), reason: reason.to_string() }
}
