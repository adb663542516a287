//! `galen auditor`: the desk of an auditor, and everything that an auditor does from a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use galen_ledger::chain::Genesis;
use galen_ledger::{AppError, Application, AuditedChain, ChainFault, ChainId, Report, verify_chain_file};
use galen_market::Market;
use galen_market::audit::AuditReport;
use galen_market::desk::home::DeskRole;
use serde_json::json;

use super::console::Console;
use super::desk::init::{self, InitArgs};
use super::governance::apply::ApplyArgs;

/// What an auditor can type.
#[derive(Subcommand, Debug)]
pub enum AuditorCommand {
    /// Make the desk's home: keys, people, a configuration with every field explained
    Init(InitArgs),
    /// Write an application for accreditation, for the consortium's governance
    Apply(ApplyArgs),
    /// Verify an exported chain: certificates, every signature and proof, every state
    Verify {
        /// The exported chain.
        #[arg(value_name = "CHAINFILE")]
        file: PathBuf,
        /// The chain's id as you know it from elsewhere; without it the members are whoever the file says they are.
        #[arg(long, value_name = "ID", value_parser = chain_id)]
        chain: Option<ChainId>,
        /// One JSON object on stdout.
        #[arg(long)]
        json: bool,
    },
}

/// A chain's id in hex.
pub fn chain_id(text: &str) -> Result<ChainId, String> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| "a chain's id is 64 hex digits".to_owned())?;
    Ok(ChainId::from_bytes(bytes))
}

/// A chain that verified.
pub struct Audit {
    /// What was verified of the ledger.
    pub chain: Report,
    /// What the market did on it.
    pub market: AuditReport,
}

impl Audit {
    /// Proofs of accepted contributions.
    pub fn proofs(&self) -> u64 {
        let proofs = &self.market.proofs;
        proofs.scans + proofs.releases + proofs.seals
    }
}

/// Verifies a file from genesis, every proof included, and gives the chain with its state.
///
/// # Errors
/// The first fault.
pub fn replay(file: &Path, expected: Option<ChainId>) -> Result<AuditedChain, ChainFault> {
    let make = |genesis: &Genesis, blobs| {
        let market = Market::new(&genesis.config, blobs).map_err(|fault| AppError(fault.to_string()))?;
        Ok(Arc::new(market) as Arc<dyn Application>)
    };
    verify_chain_file(file, expected, make)
}

/// Verifies a file from genesis, and adds up what the market did.
///
/// # Errors
/// The first fault.
pub fn verify(file: &Path, expected: Option<ChainId>) -> anyhow::Result<Audit> {
    let audited = replay(file, expected)?;
    let market = audited.read(|state, _| AuditReport::of(state))?;
    Ok(Audit { chain: audited.report().clone(), market })
}

impl AuditorCommand {
    /// Does it.
    ///
    /// # Errors
    /// Whatever is wrong; when the chain does not verify.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Init(args) => init::run(DeskRole::Auditor, &args, 1),
            Self::Apply(args) => args.run(DeskRole::Auditor),
            Self::Verify { file, chain, json } => verify_file(&file, chain, &Console::new(json)),
        }
    }
}

fn verify_file(file: &Path, chain: Option<ChainId>, console: &Console) -> anyhow::Result<()> {
    let audit = match verify(file, chain) {
        Ok(audit) => audit,
        Err(fault) => {
            console.object(&json!({ "verified": false, "fault": fault.to_string() }));
            anyhow::bail!("{} does not verify: {fault}", file.display());
        }
    };
    if !audit.market.broken.is_empty() {
        let broken = audit.market.broken.join("; ");
        console.object(&json!({ "verified": false, "fault": broken }));
        anyhow::bail!("{} breaks the market's rules: {broken}", file.display());
    }
    show(console, &audit, chain.is_some());
    Ok(())
}

fn show(console: &Console, audit: &Audit, pinned: bool) {
    let (chain, market) = (&audit.chain, &audit.market);
    console.chapter("Verified", &chain.name);
    console.fact("chain", chain.chain_id);
    console.fact("members, quorum", format!("{}, {}", chain.members, chain.quorum));
    console.fact("blocks, certificates", format!("{}, {}", chain.height, chain.certificates));
    console.fact("transactions", format!("{} accepted, {} refused", chain.accepted, chain.refused));
    console.fact("requests", format!("{}, {} settled", market.requests, market.settled));
    let proofs = &market.proofs;
    let kinds = format!("{} scans, {} releases, {} seals", proofs.scans, proofs.releases, proofs.seals);
    console.fact("contributions", format!("{}, {} paid", market.contributions, market.paid_contributions));
    console.fact("proofs", format!("{}: {kinds}", audit.proofs()));
    console.fact("records paid", market.records_paid);
    if !pinned {
        console.warn(
            "the members are whoever the file says they are: give --chain to pin the chain that you know",
        );
    }
    console.object(&json!({
        "verified": true,
        "chain": chain.chain_id.to_string(),
        "height": chain.height.get(),
        "certificates": chain.certificates,
        "contributions": market.contributions,
        "proofs": audit.proofs(),
        "market": market,
    }));
}
