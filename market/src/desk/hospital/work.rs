//! Work on an approved case: plan, prove, keep, wait, send, open. Every step is on disk before the next one, and the same again
//! gives the same: a desk that was killed ends in the contribution that it had, and sends it once.

use std::sync::Arc;
use std::time::Duration;

use galen_prover::jobs::{JobId, JobSpec, Outcome, Progress, ProvingError, finished};
use rand::Rng;
use rand::rngs::OsRng;

use super::books::Kind;
use super::case::{Case, Stage};
use super::fault::DeskFault;
use super::inbox::record_of;
use super::overlap::Released;
use super::{HospitalDesk, internal, now_ms};
use crate::agent::hospital::{Advice, KeptSale, Payout, Register, Sale};
use crate::chain::ChainError;
use crate::id::RequestId;
use crate::record::ContributionRecord;
use crate::transaction::{Opening, Transaction};

/// Times that a contribution is proven anew by itself, as the roots that it was proven against are good no more.
const MOST_ATTEMPTS: u32 = 4;
/// After a failure that passes by itself the same is tried again.
const PATIENCE: Duration = Duration::from_secs(3);
/// The refusal of a contribution against roots that are good no more.
const NOT_RECENT: &str = "contribution.not_recent";

impl HospitalDesk {
    /// Goes on with a case in a task of its own, unless one does already.
    pub(super) fn work_on(self: &Arc<Self>, request: RequestId) {
        if !self.worked.lock().unwrap_or_else(internal::recover).insert(request) {
            return;
        }
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            desk.work(request).await;
            desk.worked.lock().unwrap_or_else(internal::recover).remove(&request);
        });
    }

    async fn work(self: &Arc<Self>, request: RequestId) {
        loop {
            let Ok(case) = self.case_record(&request) else { return };
            if !case.stage.is_worked_on() {
                return;
            }
            match self.step(&case).await {
                Ok(()) => {}
                Err(fault) if passes(&fault) => {
                    tracing::warn!(error = %fault, "a job waits");
                    tokio::time::sleep(PATIENCE).await;
                }
                Err(fault) => {
                    tracing::error!(error = %fault, "a job failed");
                    self.fail(&request, &fault);
                    return;
                }
            }
        }
    }

    /// Notes why a case ended; what was sent stays sent.
    fn fail(&self, request: &RequestId, fault: &DeskFault) {
        let code = match fault {
            DeskFault::Conflict { code, .. } | DeskFault::Invalid { code, .. } => (*code).to_owned(),
            DeskFault::Chain(ChainError::Refused { code, .. }) => code.clone(),
            DeskFault::Proving(_) => "prover".to_owned(),
            _ => "internal".to_owned(),
        };
        let why = fault.to_string();
        let changed = self.change_case(request, |case| {
            case.stage = match case.stage {
                Stage::Sent { .. } => Stage::Unpaid { why },
                _ => Stage::Failed { code, why },
            };
            Ok(())
        });
        if let Err(error) = changed {
            tracing::error!(%error, "the end of a job could not be kept");
        }
    }

    /// Moves a case, unless somebody moved it meanwhile: cancelled it, that is.
    fn advance(&self, from: &Case, to: Stage) -> Result<bool, DeskFault> {
        self.change_case(&from.request, |case| {
            let still = case.stage == from.stage;
            if still {
                case.stage = to;
            }
            Ok(still)
        })
    }

    async fn step(self: &Arc<Self>, case: &Case) -> Result<(), DeskFault> {
        match &case.stage {
            Stage::Planning => self.plan(case).await,
            Stage::Proving { job } => self.prove(case, *job).await,
            Stage::Holding { until_ms } => self.hold(case, *until_ms).await,
            Stage::Sending => self.send(case).await,
            Stage::Sent { height } => self.open_when_reserved(case, *height).await,
            _ => Ok(()),
        }
    }

    /// Plans what was approved, and hands it to the prover.
    async fn plan(self: &Arc<Self>, case: &Case) -> Result<(), DeskFault> {
        let approved = case.clone();
        let spec = self.off(move |desk| desk.spec(&approved)).await?;
        let job = self.prover.submit(&spec).await?;
        if !self.advance(case, Stage::Proving { job })? {
            // Cancelled while it was planned.
            let _ = self.prover.cancel(job).await;
        }
        Ok(())
    }

    fn spec(&self, case: &Case) -> Result<JobSpec, DeskFault> {
        let looked = self.look(&case.request)?;
        if looked.content != case.content {
            return Err(DeskFault::conflict(
                "preview-changed",
                "what would be released is not what was approved",
                "look at the preview again, and approve that one",
            ));
        }
        // Between approvals, or before a proof is made anew, others may have sold what was left.
        self.room(&case.request, case.release.released)?.check()?;
        let payee = self.payout(case).header();
        let loaded = &looked.loaded;
        let plan = self.keys.plan(&looked.offer, &loaded.dataset, loaded.salt, &looked.answer, payee);
        let plan = plan.map_err(|fault| {
            DeskFault::conflict("cannot-plan", fault.to_string(), "import and commit the data again")
        })?;
        let register = Register::new(&loaded.dataset, &looked.answer.run, &plan, &loaded.names);
        let released = Released { handles: looked.answer.released().collect(), register };
        self.books.put(Kind::Release, &case.request.to_string(), &released)?;
        Ok(JobSpec::new(&looked.offer.statement, &plan))
    }

    fn payout(&self, case: &Case) -> Payout {
        self.keys.payout(&self.chain.id(), self.authority(), &case.request, case.attempt)
    }

    /// Waits for the proofs, and keeps the contribution.
    async fn prove(self: &Arc<Self>, case: &Case, job: JobId) -> Result<(), DeskFault> {
        let watched = self.watch_job(case, job);
        let outcome = tokio::select! {
            outcome = finished(self.prover.as_ref(), job) => outcome,
            () = watched => return Ok(()),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            // A prover that was stopped, or forgot: the plan is the same again.
            Err(ProvingError::Unknown(_)) => return self.advance(case, Stage::Planning).map(drop),
            Err(ProvingError::Cancelled(_)) => return self.advance(case, Stage::Cancelled).map(drop),
            Err(error) => return Err(error.into()),
        };
        let kept = case.clone();
        let moved = self.off(move |desk| desk.keep_sale(&kept, &outcome)).await?;
        if moved && let Err(error) = self.prover.forget(job).await {
            tracing::warn!(%error, "a job that is over could not be forgotten");
        }
        Ok(())
    }

    /// Tells those who watch how far the proofs are. Ends when the case was moved by somebody else.
    async fn watch_job(&self, case: &Case, job: JobId) {
        if let Ok(mut progress) = self.prover.progress(job).await {
            loop {
                let now = progress.borrow_and_update().clone();
                if !self.tell_progress(case, now) {
                    return;
                }
                if progress.changed().await.is_err() {
                    break;
                }
            }
        }
        std::future::pending::<()>().await;
    }

    /// Whether the case is still where it was.
    fn tell_progress(&self, case: &Case, progress: Progress) -> bool {
        let state = self.state();
        let current = state.cases.get(&case.request).filter(|current| current.stage == case.stage);
        if let Some(current) = current {
            self.tell(current, Some(progress));
        }
        current.is_some()
    }

    /// The contribution is on disk before its case says so, and before anybody can see it.
    fn keep_sale(&self, case: &Case, outcome: &Outcome) -> Result<bool, DeskFault> {
        let chain = self.chain.id();
        let record = self.chain.read(|state, _| record_of(state, &case.request))?;
        let statement = record.and_then(|record| record.statement(&chain, &self.config));
        let statement = statement.ok_or(DeskFault::Missing("request"))?;
        let sale = Sale::new(
            &chain,
            case.request,
            &statement,
            outcome.contribution.clone(),
            &outcome.blob,
            outcome.encapsulation,
            &self.payout(case),
        );
        let contribution = &outcome.contribution;
        let proofs = contribution.scans.len() + contribution.releases.len() + 1;
        let kept = KeptSale::new(&sale, &outcome.blob, proofs);
        self.books.put(Kind::Sale, &case.request.to_string(), &kept)?;
        let until_ms = now_ms().saturating_add(self.delay(&case.request)?);
        self.change_case(&case.request, |now| {
            let still = now.stage == case.stage;
            if still {
                now.contribution = Some(sale.id);
                now.stage = Stage::Holding { until_ms };
            }
            Ok(still)
        })
    }

    /// A random time, and never more than a quarter of what is left: an observer learns little from when it comes.
    fn delay(&self, request: &RequestId) -> Result<u64, DeskFault> {
        let most = u64::try_from(self.settings.most_delay.as_millis()).unwrap_or(u64::MAX);
        let record = self.chain.read(|state, _| record_of(state, request))?;
        let pace = self.pace();
        let left = record.map_or(0, |record| record.request.deadline.get().saturating_sub(pace.height));
        let most = most.min(left.saturating_mul(pace.block_ms) / 4);
        Ok(if most == 0 { 0 } else { OsRng.gen_range(0..most) })
    }

    /// Waits for the time to send what is kept. From then on nobody can cancel it.
    async fn hold(&self, case: &Case, until_ms: u64) -> Result<(), DeskFault> {
        let wait = Duration::from_millis(until_ms.saturating_sub(now_ms()));
        let mut shots = self.case_shots(&case.request)?;
        let moved = async {
            while self.case_record(&case.request).is_ok_and(|now| now.stage == case.stage) {
                if shots.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => self.advance(case, Stage::Sending).map(drop),
            () = moved => Ok(()),
        }
    }

    /// Sends what is kept.
    async fn send(&self, case: &Case) -> Result<(), DeskFault> {
        let name = case.request.to_string();
        let kept: KeptSale = match self.books.get(Kind::Sale, &name)? {
            Some(kept) => kept,
            None => return self.advance(case, Stage::Planning).map(drop),
        };
        let damaged = |error: crate::agent::hospital::Damaged| DeskFault::Internal(error.to_string());
        let (sale, blob) = (kept.sale().map_err(damaged)?, kept.blob().map_err(damaged)?);
        // Sent before a stop: it is there, whatever the answer would be now.
        let known = self.chain.read(|state, _| ContributionRecord::load(state, &sale.id))?;
        let height = match known {
            Some(record) => record.height,
            None => {
                self.chain.put_blob(blob).await?;
                let sent = self.chain.submit(sale.transaction.to_bytes()).await;
                match sent {
                    Ok(done) if done.receipt.accepted => done.height.get(),
                    Ok(done) => return self.refused(case, done.receipt.code, done.receipt.message),
                    Err(ChainError::Refused { code, message }) => return self.refused(case, code, message),
                    Err(error) => return Err(error.into()),
                }
            }
        };
        self.enter_release(&case.request)?;
        self.advance(case, Stage::Sent { height }).map(drop)
    }

    /// The ledger refuses a contribution: against roots of before it is proven anew, by the same approval; otherwise it ends.
    fn refused(&self, case: &Case, code: String, message: String) -> Result<(), DeskFault> {
        self.books.wipe(Kind::Sale, &case.request.to_string())?;
        if code != NOT_RECENT || case.attempt >= MOST_ATTEMPTS {
            return Err(ChainError::Refused { code, message }.into());
        }
        self.change_case(&case.request, |now| {
            if now.stage == case.stage {
                now.attempt += 1;
                now.contribution = None;
                now.stage = Stage::Planning;
            }
            Ok(())
        })
    }

    /// From now on whoever is in this contribution was released before.
    fn enter_release(&self, request: &RequestId) -> Result<(), DeskFault> {
        if let Some(released) = self.books.get::<Released>(Kind::Release, &request.to_string())? {
            self.state().released.insert(*request, released.handles.into_iter().collect());
        }
        Ok(())
    }

    /// Opens a contribution once its records are reserved, and follows it to its end.
    async fn open_when_reserved(self: &Arc<Self>, case: &Case, _sent: u64) -> Result<(), DeskFault> {
        let sale = self.kept_sale(&case.request)?;
        let window = self.config.windows.open_window;
        let (advice, height) = self
            .chain
            .read(|state, position| (sale.advice(state, position.height.get(), window), position.height))?;
        match advice {
            Advice::Open(opening) => {
                let done = self.chain.submit(opening.to_bytes()).await?;
                if !done.receipt.accepted {
                    let (code, message) = (done.receipt.code, done.receipt.message);
                    return Err(ChainError::Refused { code, message }.into());
                }
                Ok(())
            }
            Advice::Paid => self.advance(case, Stage::Paid).map(drop),
            Advice::TooLate => self.unpaid(
                case,
                "less than half of the time to open it was left when this desk saw it; it may be opened late, and is \
                 paid then only while the request's money is not promised to others",
            ),
            Advice::Lost => self.unpaid(
                case,
                "it was not opened in time, or its turn never came; one that lapsed may be opened late, and is paid \
                 then only while the request's money is not promised to others",
            ),
            Advice::Unknown | Advice::Wait => {
                self.chain.beyond(height).await?;
                Ok(())
            }
        }
    }

    fn unpaid(&self, case: &Case, why: &str) -> Result<(), DeskFault> {
        self.advance(case, Stage::Unpaid { why: why.to_owned() }).map(drop)
    }

    pub(super) fn kept_sale(&self, request: &RequestId) -> Result<Sale, DeskFault> {
        let kept: Option<KeptSale> = self.books.get(Kind::Sale, &request.to_string())?;
        let kept = kept.ok_or(DeskFault::Missing("kept contribution"))?;
        kept.sale().map_err(|error| DeskFault::Internal(error.to_string()))
    }

    /// Stops a case that was not sent. What was proven is forgotten.
    ///
    /// # Errors
    /// When it was sent, or nothing was begun.
    pub async fn cancel(&self, request: &RequestId) -> Result<(), DeskFault> {
        let before = self.change_case(request, |case| {
            if case.stage.is_on_the_ledger() || case.stage == Stage::Sending {
                let detail = "the contribution is sent, and nothing can take it back";
                return Err(DeskFault::conflict("sent", detail, "follow it under what was sold"));
            }
            if !case.stage.is_worked_on() {
                let detail = format!("the request is {}: there is nothing to stop", case.stage.words());
                return Err(DeskFault::conflict("not-running", detail, "look at the request again"));
            }
            Ok(std::mem::replace(&mut case.stage, Stage::Cancelled))
        })?;
        if let Stage::Proving { job } = before
            && let Err(error) = self.prover.cancel(job).await
        {
            tracing::warn!(%error, "a job went on to its end; nothing of it is sent");
        }
        self.books.wipe(Kind::Sale, &request.to_string())
    }

    /// Shows the key of a contribution late, at the hospital's own risk: it is paid only while the request's money is not
    /// promised to others, and whoever asked can read it in any case.
    ///
    /// # Errors
    /// When it is not one that lapsed, or the ledger refuses it.
    pub async fn open_late(self: &Arc<Self>, request: &RequestId) -> Result<(), DeskFault> {
        let case = self.case_record(request)?;
        if !matches!(case.stage, Stage::Unpaid { .. }) {
            let detail = format!("the contribution is {}", case.stage.words());
            return Err(DeskFault::conflict("not-late", detail, "the desk opens it by itself in time"));
        }
        let sale = self.kept_sale(request)?;
        let opening = Opening { contribution: sale.id, encapsulation: sale.encapsulation };
        let done = self.chain.submit(Transaction::Open(opening).to_bytes()).await?;
        if !done.receipt.accepted {
            let (code, message) = (done.receipt.code, done.receipt.message);
            return Err(ChainError::Refused { code, message }.into());
        }
        self.advance(&case, Stage::Paid).map(drop)
    }
}

/// Whether the same will do better later.
fn passes(fault: &DeskFault) -> bool {
    match fault {
        DeskFault::Chain(ChainError::Full | ChainError::NoRoom | ChainError::Away(_)) => true,
        DeskFault::Proving(ProvingError::Full { .. } | ProvingError::Unreachable { .. }) => true,
        DeskFault::Proving(ProvingError::Closing | ProvingError::NotReady(_)) => true,
        DeskFault::Conflict { code, .. } => *code == "not-in-standing",
        _ => false,
    }
}
