//! A hospital answers: looks, decides, proves, offers, opens.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use galen_circuits::row::Handle;
use galen_market::agent::hospital::{Advice, KeptSale, Register, Sale};
use galen_market::query::{self, Offer};
use galen_market::{RequestId, Transaction};
use galen_prover::anonymize::Quality;
use galen_prover::import::patient_ids;
use galen_prover::jobs::{JobSpec, ProofQueue, Proving, ProvingKeys, Settings, finished};
use galen_prover::plan::Plan;
use serde::{Deserialize, Serialize};

use super::folder::write_private;
use super::setup::{Hospital, Stage};
use super::took;
use crate::cli::console::Console;

/// What a hospital sold.
pub struct Sold {
    /// The sale.
    pub sale: Sale,
    /// Utility and risk.
    pub quality: Quality,
    /// Proofs.
    pub proofs: usize,
}

/// A sale as it lies in the hospital's folder, with what its steward saw.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSale {
    kept: KeptSale,
    quality: Quality,
}

/// A hospital answers a request; `None` when it cannot, which is said.
///
/// # Errors
/// When the ledger refuses, or something cannot be written.
pub async fn sell(
    stage: &Stage<'_>,
    hospital: &Hospital,
    request: &RequestId,
    keys: &Arc<ProvingKeys>,
) -> anyhow::Result<Option<Sold>> {
    let console = stage.console;
    console.chapter(&hospital.name(), "looks at its run, decides, proves");
    let folder = stage.folder.hospital(hospital.index)?;
    let stored = match load(&folder)? {
        Some(stored) => {
            console.say("the contribution was proven before: going on with it");
            stored
        }
        None => {
            let Some((plan, offer, quality)) = prepare(stage, hospital, request, &folder)? else {
                return Ok(None);
            };
            let stored = prove(stage, hospital, request, &folder, keys, plan, &offer, quality).await?;
            write_private(&folder.join("sale.json"), &serde_json::to_vec(&stored)?)?;
            stored
        }
    };
    let sale = offer_and_open(stage, hospital, &stored).await?;
    Ok(Some(Sold { sale, quality: stored.quality, proofs: stored.kept.proofs }))
}

fn load(folder: &Path) -> anyhow::Result<Option<StoredSale>> {
    let path = folder.join("sale.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let stored = serde_json::from_slice(&text);
    stored
        .with_context(|| {
            format!("{} is damaged: delete it, and the contribution is proven again", path.display())
        })
        .map(Some)
}

/// Anonymizes the rows of the run and plans the proofs.
fn prepare(
    stage: &Stage<'_>,
    hospital: &Hospital,
    request: &RequestId,
    folder: &Path,
) -> anyhow::Result<Option<(Plan, Offer, Quality)>> {
    let console = stage.console;
    let running = stage.consortium;
    let account = hospital.keys.account().key();
    let offer =
        stage.read(|state, _| query::offer(state, &running.chain, &running.config, &account, request))??;
    let looked = hospital.keys.answer(&offer, &hospital.dataset, stage.source.schema());
    let answer = match looked {
        Ok(answer) => answer,
        Err(error) => {
            console.warn(format!("cannot sell: {error}"));
            return Ok(None);
        }
    };
    let found = format!("{} rows, {} match and consent", answer.scanned, answer.selected.len());
    console.fact("scanned, matching", found);
    show_quality(console, &answer.anonymized.report);
    let payee = stage.payout(&hospital.keys, request).header();
    let plan = hospital.keys.plan(&offer, &hospital.dataset, hospital.salt, &answer, payee)?;
    let register = Register::new(&hospital.dataset, &answer.run, &plan, &names(stage, hospital)?);
    write_private(&folder.join("register.json"), &serde_json::to_vec(&register)?)?;
    Ok(Some((plan, offer, answer.anonymized.report)))
}

fn names(stage: &Stage<'_>, hospital: &Hospital) -> anyhow::Result<BTreeMap<Handle, String>> {
    let file = stage.source.file(stage.folder)?;
    let (ids, handles) = (patient_ids(&file, &stage.source.spec)?, hospital.keys.handles());
    Ok(ids.into_iter().map(|id| (handles.pseudonym(&id).handle, id)).collect())
}

/// What the data steward sees before anything is proven.
pub fn show_quality(console: &Console, quality: &Quality) {
    let classes = format!("{} classes, smallest {}", quality.classes, quality.smallest_class);
    console.fact("classes", classes);
    console.fact("released, suppressed", format!("{}, {}", quality.released, quality.suppressed));
    console.fact("information lost", format!("{:.1} %", 100.0 * quality.penalty));
    let (before, after) = (&quality.risk_before, &quality.risk_after);
    let risk = format!(
        "worst row {:.0} % → {:.0} %, mean {:.0} % → {:.0} %, unique rows {:.0} % → {:.0} %",
        100.0 * before.prosecutor,
        100.0 * after.prosecutor,
        100.0 * before.marketer,
        100.0 * after.marketer,
        100.0 * before.unique,
        100.0 * after.unique
    );
    console.fact("re-identification risk", risk);
}

#[expect(clippy::too_many_arguments, reason = "called once")]
async fn prove(
    stage: &Stage<'_>,
    hospital: &Hospital,
    request: &RequestId,
    folder: &Path,
    keys: &Arc<ProvingKeys>,
    plan: Plan,
    offer: &Offer,
    quality: Quality,
) -> anyhow::Result<StoredSale> {
    let began = Instant::now();
    let proofs = plan.proofs();
    let queue = ProofQueue::open(&folder.join("jobs"), Arc::clone(keys), Settings::default())?;
    let spec = JobSpec::new(&offer.statement, &plan);
    let job = Proving::submit(&queue, &spec).await?;
    let mut progress = Proving::progress(&queue, job).await?;
    let watch = async {
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().clone();
            let left = now.seconds_left.map(Duration::from_secs);
            stage.console.progress("proofs", now.done as usize, now.total as usize, left);
        }
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = finished(&queue, job) => outcome?,
        () = watch => unreachable!("watching never ends before the job"),
    };
    stage.console.clear();
    let each = began.elapsed().as_secs_f64() / proofs as f64;
    stage.console.fact("proven", format!("{proofs} proofs in {}, {each:.2} s each", took(began)));
    let payee = stage.payout(&hospital.keys, request);
    let chain = &stage.consortium.chain;
    let sale = Sale::new(
        chain,
        *request,
        &offer.statement,
        outcome.contribution,
        &outcome.blob,
        outcome.encapsulation,
        &payee,
    );
    Ok(StoredSale { kept: KeptSale::new(&sale, &outcome.blob, proofs), quality })
}

/// Sends the contribution, and opens it once its records are reserved.
async fn offer_and_open(stage: &Stage<'_>, hospital: &Hospital, stored: &StoredSale) -> anyhow::Result<Sale> {
    let running = stage.consortium;
    let damaged = || format!("the stored sale of {} is damaged: delete its sale.json", hospital.name());
    let sale = stored.kept.sale().with_context(damaged)?;
    running.members.blobs().store(&stored.kept.blob().with_context(damaged)?)?;
    let submitted = running.submit("contribute", &sale.transaction).await?;
    let size = sale.transaction.to_bytes().len() as f64 / 1024.0;
    let console = stage.console;
    console.fact("contribution", sale.id);
    let accepted =
        format!("block {}, {size:.1} KiB on the ledger, every member checked every proof", submitted.height);
    console.fact("accepted", accepted);
    let window = running.config.windows.open_window;
    match stage.read(|state, height| sale.advice(state, height, window))? {
        Advice::Open(opening) => {
            running.submit("open", &opening).await?;
            console.fact("opened", "the buyer can read, and the one-time key is paid, in one step");
        }
        Advice::Paid => console.fact("opened", "was paid before"),
        // Shown late, after a stop: paid while the escrow holds, which it does for every record of this request.
        Advice::TooLate | Advice::Lost => {
            let opening = galen_market::transaction::Opening {
                contribution: sale.id,
                encapsulation: sale.encapsulation,
            };
            running.submit("open late", &Transaction::Open(opening)).await?;
            console.fact("opened", "late, and paid all the same");
        }
        advice @ (Advice::Unknown | Advice::Wait) => {
            anyhow::bail!("the contribution cannot be opened: {advice:?}")
        }
    }
    Ok(sale)
}
