//! The consortium of a demonstration.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use galen_circuits::keys::VerifyingKeys;
use galen_ledger::links::{LinkState, PeerId};
use galen_ledger::{ChainId, Consortium, ConsortiumSettings, MemberLinks, Submitted};
use galen_market::{Market, MarketConfig, Transaction};
use tokio::time::timeout;

use super::cast::Cast;
use super::folder::Folder;
use super::members::Members;
use crate::cli::console::Console;
use crate::node::home::Home;
use crate::node::run::Running as Gateway;
use crate::testnet;

/// Members of a consortium in this process.
const MEMBERS: u16 = 4;
/// How long a network may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// A running consortium with what everybody knows of it.
pub struct Running {
    /// The members, or the way to them.
    pub members: Members,
    /// The market's part of the genesis.
    pub config: MarketConfig,
    /// The chain's name.
    pub chain: ChainId,
}

/// Starts the members, for the first time or from where they were.
///
/// # Errors
/// When the folder is in use, damaged, or holds another chain.
pub fn start(
    console: &Console,
    folder: &Folder,
    cast: &Cast,
    keys: &VerifyingKeys,
) -> anyhow::Result<Running> {
    console.chapter("Consortium", "four members start, with real storage, linked over TLS");
    let config = testnet::market(cast, MEMBERS, keys);
    let bytes = config.to_json();
    let mut settings = ConsortiumSettings::new(folder.path("ledger"), bytes.clone());
    settings.name = "galen demonstration".into();
    settings.idle_interval = Duration::from_millis(200);
    settings.links = MemberLinks::Tls;
    // One configuration was just made and checked: what fails here would fail for every member.
    Market::new(&bytes, Arc::new(galen_ledger::MemoryBlobs::new())).context("the market's configuration")?;
    let consortium = Consortium::start(settings, move |_, blobs| {
        Arc::new(Market::new(&bytes, blobs).expect("the same configuration was accepted above"))
    })
    .context("the consortium cannot start")?;
    let chain = consortium.genesis().chain_id();
    console.fact("members, tolerated", format!("{MEMBERS}, {}", consortium.genesis().faults()));
    console.fact("chain", chain);
    console.fact("height", consortium.height());
    Ok(Running { members: Members::Here(Box::new(consortium)), config, chain })
}

/// Joins a test network that runs, as its first gateway.
///
/// # Errors
/// When there is no such network, its gateway is in use, or a quorum of its members cannot be reached.
pub async fn join(console: &Console, network: &Path, keys: &VerifyingKeys) -> anyhow::Result<Running> {
    console.chapter("Consortium", "a gateway joins members that run elsewhere");
    let home = Home::new(network.join("gateway-0"));
    let gateway = tokio::task::spawn_blocking(move || Gateway::start(home)).await??;
    let node = &gateway.node;
    let (config, theirs) = MarketConfig::from_json(&node.genesis().config)?;
    ensure!(
        theirs.fingerprints() == keys.fingerprints(),
        "the network was founded with other proving keys than those in {}: set GALEN_KEYS_DIR as it was then",
        super::setup::keys_folder().display()
    );
    let committee = node.committee();
    let reached = gateway.links.until(|links| {
        let linked =
            |peer| links.peers.get(&peer).is_some_and(|link| matches!(link.state, LinkState::Linked { .. }));
        committee.members().filter(|member| linked(PeerId::from(*member))).count() >= committee.quorum()
    });
    let away = || format!("no quorum of the members in {} answers: start.sh starts them", network.display());
    let found = timeout(ANSWER_TIME, reached).await.with_context(away);
    let chain = node.genesis().chain_id();
    console.fact("members, quorum", format!("{}, {}", committee.size(), committee.quorum()));
    console.fact("chain", chain);
    console.fact("height", node.height());
    if let Err(error) = found {
        gateway.stop().await;
        return Err(error);
    }
    Ok(Running { members: Members::There(Box::new(gateway)), config, chain })
}

impl Running {
    /// Submits a transaction and waits until it is final; submitting again gives the receipt that it has.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn submit(&self, what: &str, transaction: &Transaction) -> anyhow::Result<Submitted> {
        let submitted = self.members.submit(transaction.to_bytes()).await.with_context(|| what.to_owned())?;
        let receipt = &submitted.receipt;
        anyhow::ensure!(receipt.accepted, "{what}: refused ({}): {}", receipt.code, receipt.message);
        // The next step may go in through another member, which has to know of this one.
        self.members.settled(submitted.height).await?;
        Ok(submitted)
    }
}
