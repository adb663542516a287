//! A desk's configuration: `desk.toml` in its home. Unknown fields are refused, with file and line.

mod mistakes;
mod text;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use galen_ledger::ChainId;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::settings::{self, LogSection, SettingsFault};
use crate::web::guard::PublicName;

/// Whose desk it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeskRole {
    /// It asks, pays and reads.
    Researcher,
    /// It has patients, and sells.
    Hospital,
    /// It checks.
    Auditor,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// Whose desk it is.
    pub role: DeskRole,
    /// The party's name, as it is to be accredited under.
    pub name: String,
    /// Where a gateway of the consortium answers.
    pub gateway: Option<String>,
    /// The chain's id, as the consortium tells it.
    pub chain: Option<ChainId>,
    /// Where people's browsers and programs reach the desk.
    pub listen: SocketAddr,
    /// Whether that may be an address that other machines reach.
    #[serde(default)]
    pub allow_network: bool,
    /// The address under which people reach the desk through what ends TLS in front of it. The desk is called by that name too then.
    pub public_url: Option<String>,
    /// How many people must approve before data leaves. For hospitals.
    #[serde(default = "one")]
    pub approvals: u8,
    /// The keys.
    #[serde(default)]
    pub keys: KeysSection,
    /// Where proofs are made. For hospitals.
    #[serde(default)]
    pub prover: ProverSection,
    /// The log.
    #[serde(default)]
    pub log: LogSection,
}

fn one() -> u8 {
    1
}

/// How the seed lies on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeedStorage {
    /// Under a passphrase, in `seed.age`.
    #[default]
    Encrypted,
    /// By the file's mode alone, in `seed`.
    Plain,
}

/// The keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysSection {
    /// How the seed lies on the disk.
    pub seed: SeedStorage,
    /// A file with the passphrase, for services that nobody sits at.
    pub passphrase_file: Option<PathBuf>,
}

/// Where proofs are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProverSection {
    /// Proofs at a time, in this process.
    pub workers: NonZeroUsize,
    /// A prover service instead (`galen prover serve`).
    pub url: Option<String>,
    /// The file with that service's token.
    pub token_file: Option<PathBuf>,
}

impl Default for ProverSection {
    fn default() -> Self {
        Self { workers: NonZeroUsize::MIN, url: None, token_file: None }
    }
}

/// Where proofs are made, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prover {
    /// In this process.
    InProcess {
        /// Proofs at a time.
        workers: NonZeroUsize,
    },
    /// By a service.
    Service {
        /// Where it answers.
        url: Url,
        /// The file with its token.
        token_file: PathBuf,
    },
}

impl DeskRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Researcher, Self::Hospital, Self::Auditor];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Hospital => "hospital",
            Self::Auditor => "auditor",
        }
    }

    /// Where its desk listens unless it is told otherwise.
    pub fn default_listen(self) -> SocketAddr {
        let port = match self {
            Self::Researcher => 7721,
            Self::Hospital => 7722,
            Self::Auditor => 7723,
        };
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}

impl std::fmt::Display for DeskRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl SeedStorage {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Plain => "plain",
        }
    }
}

impl DeskConfig {
    /// The configuration of a new desk.
    pub fn new(role: DeskRole, name: impl Into<String>) -> Self {
        Self {
            role,
            name: name.into(),
            gateway: None,
            chain: None,
            listen: role.default_listen(),
            allow_network: false,
            public_url: None,
            approvals: one(),
            keys: KeysSection::default(),
            prover: ProverSection::default(),
            log: LogSection::default(),
        }
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it is not there, no configuration, or contradicts itself; names file, line and column.
    pub fn load(path: &Path) -> Result<Self, SettingsFault> {
        let config: Self = settings::load(path)?;
        config.check(path)?;
        Ok(config)
    }

    /// Refuses a configuration with mistakes, and says all of them.
    ///
    /// # Errors
    /// [`SettingsFault::Mistakes`] when there are any.
    pub fn check(&self, path: &Path) -> Result<(), SettingsFault> {
        settings::check(path, self.mistakes())
    }

    /// Where a gateway answers, if it is said.
    pub fn gateway_url(&self) -> Option<Url> {
        Url::parse(self.gateway.as_deref()?).ok()
    }

    /// Where proofs are made.
    pub fn prover(&self) -> Prover {
        let ProverSection { workers, url, token_file } = &self.prover;
        let url = url.as_deref().and_then(|url| Url::parse(url).ok());
        match (url, token_file.clone()) {
            (Some(url), Some(token_file)) => Prover::Service { url, token_file },
            _ => Prover::InProcess { workers: *workers },
        }
    }

    /// The name under which people reach the desk through what ends TLS in front of it, if it is said.
    pub fn public_name(&self) -> Option<PublicName> {
        PublicName::of(&Url::parse(self.public_url.as_deref()?).ok()?)
    }

    /// The origin that people's browsers see: the public address, else the one that it listens on at `port`.
    pub fn origin(&self, port: u16) -> String {
        let listened = || format!("http://{}", SocketAddr::new(self.listen.ip(), port));
        let public = self.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        public.map_or_else(listened, |url| url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests;
