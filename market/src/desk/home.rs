//! A desk's home: the folder with its configuration, its keys, the people who may use it, and what it works on.
//!
//! ```text
//! desk.toml          the configuration, every field explained
//! seed.age           the secret from which all keys come, under a passphrase; or `seed`, where the configuration says so
//! people.json        who may use the desk: names, and hashes of their tokens
//! owner.token        the first person's token
//! lock               one process a home
//! ledger/            the chain that it follows
//! blobs/             ciphertexts
//! work/              the role's own
//! ```
//!
//! Folders have mode 0700, files 0600. What is open is closed when the home is opened, and told; a seed that others may have
//! read is refused.

pub mod config;
pub mod passphrase;
pub mod people;
pub mod seed;

use std::path::{Path, PathBuf};

use galen_ledger::ChainId;
use galen_ledger::storage::{HomeLock, LockError};
use rand::{CryptoRng, RngCore};
use reqwest::Url;

pub use config::{DeskConfig, DeskRole, Prover, SeedStorage};
pub use passphrase::{Passphrase, PassphraseFault};
pub use people::{People, PeopleFault, PeopleFile, Token};
pub use seed::{Protection, Seed, SeedFault, Work};

use crate::private::{PrivateFault, close, private_dir, write_new_private};
use crate::settings::SettingsFault;

/// Name of the first person.
pub const OWNER: &str = "owner";

/// A home that cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeFault {
    /// There is none.
    #[error("{} is no home of a desk: `galen {role} init --home DIR --name NAME` makes one", folder.display())]
    NoHome {
        /// The folder.
        folder: PathBuf,
        /// Of which role it should be.
        role: DeskRole,
    },
    /// There is one.
    #[error("{} is a home already: nothing was changed", .0.display())]
    Exists(PathBuf),
    /// It is of another role.
    #[error("{} is the home of a desk of role {found}, not {wanted}: give the home of the {wanted}", folder.display())]
    OtherRole {
        /// The folder.
        folder: PathBuf,
        /// Its role.
        found: DeskRole,
        /// Who asked.
        wanted: DeskRole,
    },
    /// Another process has it.
    #[error("{} is in use by another process: one desk a home, stop the other one first", .0.display())]
    InUse(PathBuf),
    /// The lock cannot be made.
    #[error("{0}")]
    Lock(String),
    /// The configuration names no network.
    #[error("{} names no {missing}: write it there, as the consortium tells it", file.display())]
    Offline {
        /// The configuration's file.
        file: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// A file or folder.
    #[error(transparent)]
    File(#[from] PrivateFault),
    /// The configuration.
    #[error(transparent)]
    Settings(#[from] SettingsFault),
    /// The seed.
    #[error(transparent)]
    Seed(#[from] SeedFault),
    /// The people.
    #[error(transparent)]
    People(#[from] PeopleFault),
}

/// The network that a desk follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Where a gateway answers; it is trusted with nothing.
    pub gateway: Url,
    /// The chain's id, as the consortium tells it.
    pub chain: ChainId,
}

/// The names of the files in a home. Nothing is opened or locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout(PathBuf);

impl Layout {
    /// Of the home in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// `desk.toml`.
    pub fn config(&self) -> PathBuf {
        self.0.join("desk.toml")
    }

    /// `people.json`.
    pub fn people(&self) -> PathBuf {
        self.0.join("people.json")
    }

    /// The file with a person's token, as it is handed over.
    pub fn token(&self, stem: &str) -> PathBuf {
        self.0.join(format!("{stem}.token"))
    }

    /// `ledger/`.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }

    /// `blobs/`.
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// `work/`.
    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    fn folders(&self) -> [PathBuf; 4] {
        [self.0.clone(), self.ledger(), self.blobs(), self.work()]
    }
}

/// An open home: this process's alone until this is dropped.
#[derive(Debug)]
pub struct DeskHome {
    layout: Layout,
    config: DeskConfig,
    closed: Vec<(PathBuf, u32)>,
    _lock: HomeLock,
}

impl DeskHome {
    /// Makes a home: the keys of a seed, one person with a fresh token in `owner.token`, and the configuration.
    ///
    /// # Errors
    /// When there is one, the configuration contradicts itself, or something cannot be written.
    pub fn create(
        folder: &Path,
        config: DeskConfig,
        (seed, protection): (&Seed, &Protection),
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, HomeFault> {
        let layout = Layout::new(folder);
        config.check(&layout.config())?;
        if layout.config().exists() {
            return Err(HomeFault::Exists(folder.to_owned()));
        }
        for path in layout.folders() {
            private_dir(&path)?;
            // It may have been there already.
            close(&path)?;
        }
        let lock = lock(folder)?;
        let config =
            DeskConfig { keys: config::KeysSection { seed: protection.storage(), ..config.keys }, ..config };
        seed::write_new(folder, seed, protection)?;
        let token = PeopleFile::new(layout.people()).add(OWNER, rng)?;
        write_new_private(&layout.token(OWNER), token.line().as_bytes())?;
        // Last, so that a home is whole or none.
        write_new_private(&layout.config(), config.to_text().as_bytes())?;
        Ok(Self { layout, config, closed: Vec::new(), _lock: lock })
    }

    /// Opens a home for a role: locks it, checks the configuration, and closes what others may enter.
    ///
    /// # Errors
    /// When there is none, it is another role's, in use, or the configuration is refused.
    pub fn open(folder: &Path, role: DeskRole) -> Result<Self, HomeFault> {
        let layout = Layout::new(folder);
        if !layout.config().exists() {
            return Err(HomeFault::NoHome { folder: folder.to_owned(), role });
        }
        let config = DeskConfig::load(&layout.config())?;
        if config.role != role {
            return Err(HomeFault::OtherRole { folder: folder.to_owned(), found: config.role, wanted: role });
        }
        let lock = lock(folder)?;
        let mut closed = Vec::new();
        layout.folders().iter().try_for_each(|path| private_dir(path))?;
        let files = [layout.config(), layout.people(), layout.token(OWNER)];
        for path in layout.folders().into_iter().chain(files.into_iter().filter(|path| path.exists())) {
            closed.extend(close(&path)?.map(|mode| (path, mode)));
        }
        Ok(Self { layout, config, closed, _lock: lock })
    }

    /// Where its files are.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The configuration.
    pub fn config(&self) -> &DeskConfig {
        &self.config
    }

    /// What was open to others until now, with the modes that it had: for the log.
    pub fn closed(&self) -> &[(PathBuf, u32)] {
        &self.closed
    }

    /// The network that it follows.
    ///
    /// # Errors
    /// [`HomeFault::Offline`].
    pub fn network(&self) -> Result<Network, HomeFault> {
        let missing = |missing| HomeFault::Offline { file: self.layout.config(), missing };
        let gateway = self.config.gateway_url().ok_or_else(|| missing("gateway"))?;
        Ok(Network { gateway, chain: self.config.chain.ok_or_else(|| missing("chain"))? })
    }

    /// Who may use the desk, read again whenever the file changes.
    pub fn people(&self) -> PeopleFile {
        PeopleFile::new(self.layout.people())
    }

    /// The seed. `ask` gives the passphrase, and is called only if one is needed.
    ///
    /// # Errors
    /// When it is not there, others may read it, or the passphrase is wrong.
    pub fn seed(&self, ask: impl FnOnce() -> Result<Passphrase, PassphraseFault>) -> Result<Seed, SeedFault> {
        seed::read(self.layout.folder(), self.config.keys.seed, ask)
    }
}

fn lock(folder: &Path) -> Result<HomeLock, HomeFault> {
    HomeLock::acquire(folder).map_err(|error| match error {
        LockError::InUse(folder) => HomeFault::InUse(folder),
        error => HomeFault::Lock(error.to_string()),
    })
}

#[cfg(test)]
mod tests;
