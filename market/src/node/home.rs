//! A node's home: configuration, genesis and keys.
//!
//! ```text
//! config.toml        the configuration
//! genesis            what the chain begins with
//! node_key           who the node is on the network (mode 0600)
//! voting_key         what it votes with (mode 0600); a gateway has none
//! voting_key_next    what it will vote with, while its key is being changed (mode 0600)
//! lock               one process a home
//! data/              the log, the sign state, the state
//! blobs/             ciphertexts
//! ```
//!
//! The home and its folders have mode 0700.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use galen_ledger::chain::Genesis;
use galen_ledger::codec::Decode;
use galen_ledger::crypto::SecretKey;
use galen_ledger::links::NodeKey;
use galen_market::private;

use super::config::{Config, Role};
use crate::demo::folder::{private_dir, write_private};

/// A node's home.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// The home in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes the home and folders in it if they are not there, and closes those that others may enter: ciphertexts, votes
    /// and the log are nobody else's business, and keys lie beside them. Gives those that were open, with the mode that
    /// they had.
    ///
    /// # Errors
    /// When a folder cannot be made, or is another user's.
    pub fn close(&self, folders: &[&Path]) -> anyhow::Result<Vec<(PathBuf, u32)>> {
        let mut open = Vec::new();
        for folder in [Path::new("")].iter().chain(folders) {
            let path = if folder.as_os_str().is_empty() { self.0.clone() } else { self.0.join(folder) };
            private_dir(&path)?;
            open.extend(private::close(&path)?.map(|mode| (path, mode)));
        }
        Ok(open)
    }

    /// The configuration's file.
    pub fn config_file(&self) -> PathBuf {
        self.path("config.toml")
    }

    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// When it is not there, not readable, or contradicts itself.
    pub fn config(&self) -> anyhow::Result<Config> {
        let path = self.config_file();
        let config = Config::load(&path)?;
        config.check(&path)?;
        Ok(config)
    }

    /// Reads the genesis, and compares it with the chain that the configuration names.
    ///
    /// # Errors
    /// When it is not there, damaged, or of another chain.
    pub fn genesis(&self, config: &Config) -> anyhow::Result<Genesis> {
        let path = self.path("genesis");
        let Some(expected) = config.node.chain else {
            bail!(
                "{} names no chain: `galen node adopt --home {} --genesis FILE` takes the founders' genesis",
                self.config_file().display(),
                self.0.display()
            );
        };
        let genesis = read_genesis(&path)?;
        let found = genesis.chain_id();
        ensure!(
            found == expected,
            "{} is of chain {found}, but node.chain in {} is {expected}: put the genesis of the founders there, or, if the \
             chain is another on purpose, use a new home",
            path.display(),
            self.config_file().display()
        );
        Ok(genesis)
    }

    /// The node key.
    ///
    /// # Errors
    /// When it is not there, damaged, or others may read it.
    pub fn node_key(&self) -> anyhow::Result<NodeKey> {
        Ok(NodeKey::load(&self.path("node_key"))?)
    }

    /// The keys that it may vote with: one, but while it is being changed; none for a gateway.
    ///
    /// # Errors
    /// When one is not there, damaged, or others may read it.
    pub fn voting_keys(&self, role: Role) -> anyhow::Result<Vec<SecretKey>> {
        if role == Role::Gateway {
            return Ok(Vec::new());
        }
        let mut keys = vec![read_voting_key(&self.path("voting_key"))?];
        let next = self.path("voting_key_next");
        if next.exists() {
            keys.push(read_voting_key(&next)?);
        }
        Ok(keys)
    }

    /// Draws a voting key and writes it to a new file.
    ///
    /// # Errors
    /// When there is such a file, or it cannot be written.
    pub fn draw_voting_key(&self, name: &str) -> anyhow::Result<SecretKey> {
        let path = self.path(name);
        ensure!(!path.exists(), "{} is there: it is not overwritten", path.display());
        let key = SecretKey::generate(&mut rand::rngs::OsRng);
        write_private(&path, hex::encode(key.to_secret_bytes()).as_bytes())?;
        Ok(key)
    }
}

/// Reads and checks a genesis.
///
/// # Errors
/// When it is not there, or none.
pub fn read_genesis(path: &Path) -> anyhow::Result<Genesis> {
    let bytes = fs::read(path).with_context(|| format!("cannot read the genesis {}", path.display()))?;
    let damaged = || format!("{} is not a genesis of this version, or is damaged", path.display());
    let genesis = Genesis::from_bytes(&bytes).with_context(damaged)?;
    genesis.validate().with_context(damaged)?;
    Ok(genesis)
}

fn read_voting_key(path: &Path) -> anyhow::Result<SecretKey> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "{} is not there: restore it from its backup, or apply with a new key (docs/operations.md)",
            path.display()
        ),
        metadata => metadata.with_context(|| path.display().to_string())?,
    };
    let mode = metadata.permissions().mode() & 0o777;
    ensure!(
        mode & 0o077 == 0,
        "{} has mode {mode:04o}: others may use this key; chmod 600 it, and change the key if they may have read it",
        path.display()
    );
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut bytes = [0; 32];
    if hex::decode_to_slice(text.trim(), &mut bytes).is_err() {
        bail!("{} does not hold a key of 64 hexadecimal digits", path.display());
    }
    Ok(SecretKey::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_closed_and_open_ones_are_mended() {
        let dir = tempfile::tempdir().expect("a folder");
        let home = Home::new(dir.path().join("home"));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        fs::create_dir(home.folder()).expect("made");
        fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o755)).expect("set");
        let folders = ["data", "blobs"].map(Path::new);
        assert_eq!(home.close(&folders).expect("closed"), [(home.folder().to_owned(), 0o755)]);
        for path in [home.folder().to_owned(), home.path("data"), home.path("blobs")] {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
        }
        assert_eq!(home.close(&folders).expect("closed"), []);
    }
}
