//! The consortium of a demonstration.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use galen_circuits::keys::VerifyingKeys;
use galen_ledger::{ChainId, Consortium, ConsortiumSettings, Submitted};
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::{Market, MarketConfig, Transaction};

use super::cast::Cast;
use super::folder::Folder;
use crate::cli::console::Console;

/// Members.
pub const MEMBERS: usize = 4;

/// A running consortium with what everybody knows of it.
pub struct Running {
    /// The members.
    pub consortium: Consortium,
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
    console.chapter("Consortium", "four members start, with real storage");
    let config = MarketConfig {
        name: "demonstration".into(),
        members: MEMBERS as u16,
        governance: Governance {
            keys: (0..MEMBERS).map(|index| cast.governor(index).key()).collect(),
            threshold: 3,
        },
        treasury: cast.treasury().key(),
        auditor: AuditAuthority::of(&cast.authority()),
        keys: PinnedKeys::of(keys),
        windows: Windows::short(MEMBERS as u16),
        development: true,
    };
    let bytes = config.to_json();
    let mut settings = ConsortiumSettings::new(folder.path("ledger"), bytes.clone());
    settings.name = "galen demonstration".into();
    settings.idle_interval = Duration::from_millis(200);
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
    Ok(Running { consortium, config, chain })
}

impl Running {
    /// Submits a transaction and waits until it is final; submitting again gives the receipt that it has.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn submit(&self, what: &str, transaction: &Transaction) -> anyhow::Result<Submitted> {
        let submitted =
            self.consortium.submit(transaction.to_bytes()).await.with_context(|| what.to_owned())?;
        let receipt = &submitted.receipt;
        anyhow::ensure!(receipt.accepted, "{what}: refused ({}): {}", receipt.code, receipt.message);
        // The next step may go in through another member, which has to know of this one.
        self.consortium.settled(submitted.height).await?;
        Ok(submitted)
    }
}
