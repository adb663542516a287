//! Making a home, and taking a genesis into it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use galen_ledger::chain::{Candidate, Genesis};
use galen_ledger::links::{NodeKey, Peer, PeerId};
use galen_ledger::node::open::SNAPSHOT_LAG;

use super::config::{ApiSection, Config, LinksSection, NodeSection, Role};
use super::home::{Home, read_genesis};
use crate::demo::folder::write_private;

/// What a new home is told.
#[derive(Clone, Debug)]
pub struct NewHome {
    /// Number; a founder's is corrected when it takes the genesis.
    pub number: u16,
    /// What it does.
    pub role: Role,
    /// A name for people.
    pub name: String,
    /// Where peers reach it.
    pub links: SocketAddr,
    /// Where operators reach it.
    pub api: SocketAddr,
}

/// Makes a home with fresh keys and a documented configuration.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn init(home: &Home, new: NewHome) -> anyhow::Result<Config> {
    let folder = home.folder();
    ensure!(!home.config_file().exists(), "{} is a home already: nothing was changed", folder.display());
    home.close(&[])?;
    NodeKey::create(&home.path("node_key"))?;
    if new.role == Role::Member {
        home.draw_voting_key("voting_key")?;
    }
    let config = Config {
        node: NodeSection {
            number: new.number,
            role: new.role,
            name: new.name,
            chain: None,
            blobs: "blobs".into(),
            min_free_mib: 256,
            snapshot_cycles: 1,
            snapshot_lag: SNAPSHOT_LAG,
        },
        links: LinksSection { listen: new.links },
        consensus: Default::default(),
        mempool: Default::default(),
        api: ApiSection { listen: new.api, allow_network: false },
        log: Default::default(),
        peers: Vec::new(),
    };
    write(home, &config)?;
    Ok(config)
}

/// Writes the configuration, each field with what it means.
///
/// # Errors
/// When it contradicts itself, or cannot be written.
pub fn write(home: &Home, config: &Config) -> anyhow::Result<()> {
    config.check(&home.config_file())?;
    Ok(write_private(&home.config_file(), config.to_text().as_bytes())?)
}

/// This node as its peers list it.
///
/// # Errors
/// When its key cannot be read.
pub fn entry(home: &Home, config: &Config) -> anyhow::Result<Peer> {
    Ok(Peer {
        id: PeerId::new(config.node.number.into()),
        key: home.node_key()?.public(),
        address: Some(config.links.listen.to_string()),
    })
}

/// The application of a home for membership: in a chain, or in one that is to be founded.
///
/// # Errors
/// When it is a gateway's, or its key cannot be read.
pub fn candidate(home: &Home, config: &Config) -> anyhow::Result<Candidate> {
    let keys = home.voting_keys(config.node.role)?;
    let key = keys.last().context("a gateway has no voting key, and cannot be a member")?;
    Ok(Candidate::new(config.node.name.clone(), key, config.node.chain.as_ref()))
}

/// Takes a genesis into a home. A founder gets the number that its voting key has there; another keeps its own.
///
/// # Errors
/// When the genesis is damaged, or the home is on another chain already.
pub fn adopt(home: &Home, file: &Path) -> anyhow::Result<(Config, Genesis)> {
    let mut config = home.config()?;
    let genesis = read_genesis(file)?;
    let chain = genesis.chain_id();
    if let Some(other) = config.node.chain.filter(|other| *other != chain) {
        bail!("{} is on chain {other}: a home is for one chain, make another", home.folder().display());
    }
    let keys = home.voting_keys(config.node.role)?;
    let founder = (0u16..)
        .zip(&genesis.members)
        .find(|(_, member)| keys.iter().any(|key| key.public() == member.keys.voting));
    if let Some((number, _)) = founder {
        config.node.number = number;
    }
    config.node.chain = Some(chain);
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    write_private(&home.path("genesis"), &bytes)?;
    write(home, &config)?;
    Ok((config, genesis))
}
