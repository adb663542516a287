//! The demonstration's folder: what was asked, the seed, and where everybody keeps what is theirs.
//!
//! ```text
//! story.json             what was asked and the seed (mode 0600)
//! ledger/                the consortium: four members and the blobs
//! hospital-N/            a hospital's own: jobs, its offer, what it sold (private)
//! researcher/            the delivered tables
//! chain.galen            the chain, for the auditor
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
pub use galen_market::private::{private_dir, write_private};
use rand::RngCore;
use serde::{Deserialize, Serialize};

/// What a demonstration was asked to do. Another answer needs another folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Digest of the data file; none for the generated cohort.
    pub data: Option<String>,
    /// Digest of the schema's text.
    pub schema: String,
    /// Hospitals.
    pub hospitals: u32,
    /// Chunks sampled of each.
    pub sample: u32,
    /// Least rows of a class.
    pub k: u16,
    /// Least sensitive values of a class.
    pub l: u16,
    /// The request in words.
    pub request: String,
    /// The chain of the network that it is played on; none for a consortium of its own.
    #[serde(default)]
    pub network: Option<galen_ledger::ChainId>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    asked: Asked,
    seed: String,
    /// Height of the chain when the story began.
    #[serde(default)]
    began: u64,
}

/// A demonstration's folder, opened.
pub struct Opened {
    /// The folder.
    pub folder: Folder,
    /// The seed of the story.
    pub seed: [u8; 32],
    /// Height of the chain when it began.
    pub began: u64,
    /// Whether it began before.
    pub resumed: bool,
}

/// The folder.
pub struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, or begins it, the chain being at a height.
    ///
    /// # Errors
    /// When it cannot be made, is damaged, or holds another demonstration.
    pub fn open(path: &Path, asked: &Asked, height: u64) -> anyhow::Result<Opened> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let folder = Self(path.to_owned());
        let file = folder.path("story.json");
        if !file.exists() {
            if fs::read_dir(path)?.next().is_some() {
                bail!("{} is not empty and holds no demonstration: choose another --out", path.display());
            }
            let mut seed = [0; 32];
            rand::rngs::OsRng.fill_bytes(&mut seed);
            let story = Story { asked: asked.clone(), seed: hex::encode(seed), began: height };
            write_private(&file, &serde_json::to_vec_pretty(&story)?)?;
            return Ok(Opened { folder, seed, began: height, resumed: false });
        }
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let damaged = || format!("{} is damaged: delete the folder and start again", file.display());
        let story: Story = serde_json::from_slice(&text).with_context(damaged)?;
        if story.asked != *asked {
            bail!(
                "{} holds a demonstration with other data, schema or settings: choose another --out, or delete it",
                path.display()
            );
        }
        let mut seed = [0; 32];
        hex::decode_to_slice(&story.seed, &mut seed).with_context(damaged)?;
        Ok(Opened { folder, seed, began: story.began, resumed: true })
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A hospital's own folder, for its eyes only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn hospital(&self, index: u32) -> anyhow::Result<PathBuf> {
        let path = self.path(&format!("hospital-{}", index + 1));
        private_dir(&path)?;
        Ok(path)
    }

    /// The researcher's folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn researcher(&self) -> anyhow::Result<PathBuf> {
        let path = self.path("researcher");
        private_dir(&path)?;
        Ok(path)
    }
}

/// A digest of bytes, as text.
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
