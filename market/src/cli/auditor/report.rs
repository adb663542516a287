//! `galen auditor report` and `check-report`: what was found, under the auditor's signature.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use galen_ledger::ChainId;
use galen_market::ContributionId;
use galen_market::desk::auditor::{About, Report, Signed, paper};
use galen_market::desk::home::DeskRole;
use serde_json::json;

use super::{chain_id, replay};
use crate::cli::console::Console;
use crate::cli::desk::DeskArg;

/// How this program came to what it reports.
const REPLAYED: &str = "The auditor's program replayed the exported chain from genesis: every certificate, signature, proof and state.";

/// A chain, what to report of it, and who signs.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The exported chain.
    #[arg(long, value_name = "CHAINFILE")]
    chain: PathBuf,
    /// The chain's id as you know it from elsewhere.
    #[arg(long, value_name = "ID", value_parser = chain_id)]
    id: ChainId,
    /// One contribution; without it the report is of the whole chain.
    #[arg(long, value_name = "ID")]
    contribution: Option<ContributionId>,
    #[command(flatten)]
    home: DeskArg,
    /// Where to write: FILE as JSON, and beside it the same as a page, ending in .html.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

impl ReportArgs {
    /// Verifies, finds out, signs, writes.
    ///
    /// # Errors
    /// When the chain does not verify, has no such contribution, or a file cannot be read or written.
    pub fn run(self) -> anyhow::Result<()> {
        let console = Console::new(self.json);
        let home = self.home.open(DeskRole::Auditor)?;
        let signer = self.home.seed(&home)?.auditor();
        let audited = replay(&self.chain, Some(self.id))
            .with_context(|| format!("{} does not verify", self.chain.display()))?;
        let about = self.contribution.map_or(About::Chain, About::Contribution);
        let name = audited.genesis().name.clone();
        let report =
            audited.read(|state, position| Report::of_state(&name, state, position, about, REPLAYED))??;
        let signed = Signed::new(report, &signer)?;
        let page = self.out.with_extension("html");
        anyhow::ensure!(page != self.out, "--out names the JSON: give it another ending than .html");
        write(&self.out, &signed.to_file())?;
        write(&page, paper::paper(&signed).into_string().as_bytes())?;
        say(&console, &signed);
        console.fact("written", format!("{}, {}", self.out.display(), page.display()));
        let broken = &signed.report.broken;
        anyhow::ensure!(broken.is_empty(), "the chain breaks the market's rules: {}", broken.join("; "));
        Ok(())
    }
}

/// Checks a report's signature.
///
/// # Errors
/// When it does not hold.
pub fn check(file: &Path, json: bool) -> anyhow::Result<()> {
    let console = Console::new(json);
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    match Signed::check(&bytes) {
        Ok(signed) => {
            say(&console, &signed);
            console.warn("whether this account is an auditor's is for you to know: compare it with the chain's participants");
            Ok(())
        }
        Err(fault) => {
            console.object(&json!({ "signed": false, "fault": fault.to_string() }));
            Err(fault).with_context(|| file.display().to_string())
        }
    }
}

fn say(console: &Console, signed: &Signed) {
    let report = &signed.report;
    console.chapter("Report", &report.name);
    console.fact("about", &report.about);
    console.fact("chain", &report.chain);
    console.fact("height", report.height);
    console.fact("signed by", signed.by);
    console.fact("broken rules", report.broken.len());
    console.object(&json!({
        "signed": true,
        "by": signed.by,
        "chain": report.chain,
        "height": report.height,
        "about": report.about,
        "broken": report.broken,
    }));
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
