//! The researcher reads what was bought; the auditor verifies what was exported.

use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use galen_ledger::ChainId;
use galen_market::RequestId;
use galen_market::agent::researcher::{Delivery, collect as read};
use galen_market::audit::AuditReport;
use galen_prover::deliver::Layout;

use super::setup::Stage;
use super::took;
use crate::cli::auditor::{Audit, verify};

/// The researcher decrypts every contribution and writes its table.
///
/// # Errors
/// When something cannot be read or written.
pub fn collect(stage: &Stage<'_>, request: &RequestId) -> anyhow::Result<Vec<Delivery>> {
    let console = stage.console;
    console.chapter("Researcher", "reads what was bought");
    let folder = stage.folder.researcher()?;
    let buyer = stage.cast.researcher().buyer;
    let blobs = Arc::clone(stage.consortium.members.blobs());
    let deliveries = stage.read(|state, _| read(state, blobs.as_ref(), &buyer, request))??;
    let terms = &stage.source.terms;
    let quasi: Vec<u8> = terms.quasi_identifiers.iter().map(|q| q.column).collect();
    let layout = Layout {
        schema: stage.source.schema(),
        quasi_identifiers: &quasi,
        released: &terms.released,
        codes: true,
    };
    for delivery in &deliveries {
        let path = folder.join(format!("{}.csv", delivery.contribution));
        layout.deliver(&delivery.rows, &path)?;
        console.fact("table", format!("{} rows in {}", delivery.rows.len(), path.display()));
    }
    Ok(deliveries)
}

/// The chain is exported, and verified from the file alone.
///
/// # Errors
/// When it cannot be written, or does not verify.
pub async fn audit(stage: &Stage<'_>) -> anyhow::Result<Audit> {
    let console = stage.console;
    console.chapter("Auditor", "verifies the exported chain, alone");
    let path = stage.folder.path("chain.galen");
    stage.consortium.members.export(&path).await?;
    let began = Instant::now();
    let chain: ChainId = stage.consortium.chain;
    let file = path.clone();
    let audit = tokio::task::spawn_blocking(move || verify(&file, Some(chain))).await??;
    let report: &AuditReport = &audit.market;
    console.fact("file", path.display());
    let chain = &audit.chain;
    let blocks = format!(
        "{} blocks, {} certificates, {} transactions",
        chain.height, chain.certificates, chain.accepted
    );
    console.fact("verified", blocks);
    console.fact("contributions, proofs", format!("{}, {}", report.contributions, audit.proofs()));
    console.fact("took", took(began));
    ensure!(report.broken.is_empty(), "the chain breaks the market's rules: {}", report.broken.join("; "));
    Ok(audit)
}
