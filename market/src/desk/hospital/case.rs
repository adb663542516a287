//! Cases: how far this hospital is with one request, from the first approval to the payment.

use std::time::Duration;

use galen_prover::jobs::{JobId, Progress};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::books::Kind;
use super::fault::DeskFault;
use super::preview::Release;
use super::{HospitalDesk, internal};
use crate::id::{ContributionId, RequestId};
use crate::web::events::Shot;
use crate::web::parts::{self, Run};

/// Somebody agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// How far a case is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// People look at it.
    Approving,
    /// All have agreed; the proofs are being planned.
    Planning,
    /// Proofs are being made.
    Proving {
        /// The prover's name of the job.
        #[schema(value_type = String)]
        job: JobId,
    },
    /// All is proven and kept; it is sent at a time drawn at random.
    Holding {
        /// Then, in milliseconds since 1970.
        until_ms: u64,
    },
    /// It is on its way, and nobody can stop it.
    Sending,
    /// The ledger has it.
    Sent {
        /// In this block.
        height: u64,
    },
    /// It was opened and is paid.
    Paid,
    /// It will not be paid.
    Unpaid {
        /// Why, and what can be done.
        why: String,
    },
    /// Somebody stopped it before it was sent.
    Cancelled,
    /// It could not be finished; nothing was sent.
    Failed {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        why: String,
    },
}

impl Stage {
    /// Whether a task of the desk goes on with it.
    pub fn is_worked_on(&self) -> bool {
        let is_sent = matches!(self, Self::Sending | Self::Sent { .. });
        is_sent || matches!(self, Self::Planning | Self::Proving { .. } | Self::Holding { .. })
    }

    /// Whether the contribution is on the ledger.
    pub fn is_on_the_ledger(&self) -> bool {
        matches!(self, Self::Sent { .. } | Self::Paid | Self::Unpaid { .. })
    }

    /// Whether nothing more happens by itself.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Paid | Self::Unpaid { .. } | Self::Cancelled | Self::Failed { .. })
    }

    /// In words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Approving => "waiting for approval",
            Self::Planning => "approved, being planned",
            Self::Proving { .. } => "being proven",
            Self::Holding { .. } => "proven, waiting for a random time before it is sent",
            Self::Sending => "on its way to the ledger",
            Self::Sent { .. } => "on the ledger",
            Self::Paid => "opened and paid",
            Self::Unpaid { .. } => "not paid",
            Self::Cancelled => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A case as the desk keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The request.
    pub request: RequestId,
    /// What that is about; empty in homes from before it was kept.
    #[serde(default)]
    pub title: String,
    /// The preview that was approved.
    pub digest: String,
    /// What was to leave the hospital by it.
    pub content: String,
    /// The dataset.
    pub dataset: String,
    /// What was to be released.
    pub release: Release,
    /// Who agreed.
    pub approvals: Vec<Approval>,
    /// How far it is.
    pub stage: Stage,
    /// Contributions of it that were refused before.
    pub attempt: u32,
    /// The contribution, once it is proven.
    pub contribution: Option<ContributionId>,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: u64,
}

/// A case, as interfaces show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseView {
    /// The request.
    pub request: String,
    /// What it is about.
    pub title: String,
    /// The dataset.
    pub dataset: String,
    /// Records to be released.
    pub released: usize,
    /// The preview that was approved.
    pub digest: String,
    /// Who agreed.
    pub approvals: Vec<Approval>,
    /// How far it is.
    #[serde(flatten)]
    pub stage: Stage,
    /// The same, in words.
    pub words: String,
    /// The contribution, once it is proven.
    pub contribution: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: u64,
    /// How far the proofs are.
    #[schema(value_type = Option<Object>)]
    pub progress: Option<Progress>,
    /// How far it is, as pages show it.
    #[schema(value_type = Object)]
    pub data: parts::Progress,
}

impl Case {
    /// As interfaces show it.
    pub fn view(&self, progress: Option<Progress>) -> CaseView {
        CaseView {
            request: self.request.to_string(),
            title: self.title.clone(),
            dataset: self.dataset.clone(),
            released: self.release.released,
            digest: self.digest.clone(),
            approvals: self.approvals.clone(),
            words: self.stage.words().to_owned(),
            stage: self.stage.clone(),
            contribution: self.contribution.map(|id| id.to_string()),
            begun_ms: self.begun_ms,
            data: shown(&self.stage, progress.as_ref()),
            progress,
        }
    }

    pub(super) fn shot(&self, revision: u64, progress: Option<Progress>) -> Shot {
        let data = serde_json::to_value(self.view(progress)).unwrap_or_default();
        Shot { revision, over: self.stage.is_over(), data }
    }
}

/// How far a case is, as pages show it.
fn shown(stage: &Stage, progress: Option<&Progress>) -> parts::Progress {
    let run = match stage {
        Stage::Approving => Run::Waiting,
        Stage::Paid | Stage::Unpaid { .. } => Run::Done,
        Stage::Cancelled => Run::Cancelled,
        Stage::Failed { .. } => Run::Failed,
        _ => Run::Running,
    };
    let (done, total) = progress.map_or((0, 0), |now| (u64::from(now.done), u64::from(now.total)));
    let mut shown = parts::Progress::new(run, stage.words(), done, total, "proofs");
    if let Some(rate) = progress.and_then(|now| now.per_minute) {
        shown = shown.rate(rate / 60.0);
    }
    match progress.and_then(|now| now.seconds_left) {
        Some(left) => shown.left(Duration::from_secs(left)),
        None => shown,
    }
}

impl HospitalDesk {
    /// All cases, the newest first.
    ///
    /// # Errors
    /// None so far.
    pub async fn cases(&self) -> Result<Vec<CaseView>, DeskFault> {
        let mut cases: Vec<Case> = self.state().cases.values().cloned().collect();
        cases.sort_by_key(|case| std::cmp::Reverse(case.begun_ms));
        let mut views = Vec::new();
        for case in cases {
            let progress = self.progress(&case).await;
            views.push(case.view(progress));
        }
        Ok(views)
    }

    /// A case.
    ///
    /// # Errors
    /// When nothing was done about the request.
    pub async fn case(&self, request: &RequestId) -> Result<CaseView, DeskFault> {
        let case = self.case_record(request)?;
        let progress = self.progress(&case).await;
        Ok(case.view(progress))
    }

    pub(super) fn case_record(&self, request: &RequestId) -> Result<Case, DeskFault> {
        self.state().cases.get(request).cloned().ok_or(DeskFault::Missing("job"))
    }

    async fn progress(&self, case: &Case) -> Option<Progress> {
        let Stage::Proving { job } = case.stage else { return None };
        self.prover.status(job).await.ok()
    }

    /// Where to watch a case.
    ///
    /// # Errors
    /// When nothing was done about the request.
    pub fn case_shots(&self, request: &RequestId) -> Result<watch::Receiver<Shot>, DeskFault> {
        let shots = self.shots.lock().unwrap_or_else(internal::recover);
        shots.get(request).map(watch::Sender::subscribe).ok_or(DeskFault::Missing("job"))
    }

    /// Changes a case, if it may be changed from what it is now; on disk before anybody sees it.
    pub(super) fn change_case<T>(
        &self,
        request: &RequestId,
        change: impl FnOnce(&mut Case) -> Result<T, DeskFault>,
    ) -> Result<T, DeskFault> {
        let mut state = self.state();
        let mut case = state.cases.get(request).cloned().ok_or(DeskFault::Missing("job"))?;
        let changed = change(&mut case)?;
        self.books.put(Kind::Case, &request.to_string(), &case)?;
        self.tell(&case, None);
        state.cases.insert(*request, case);
        Ok(changed)
    }

    /// Tells those who watch a case.
    pub(super) fn tell(&self, case: &Case, progress: Option<Progress>) {
        let mut shots = self.shots.lock().unwrap_or_else(internal::recover);
        let sender = shots.entry(case.request).or_insert_with(|| watch::Sender::new(Shot::default()));
        sender.send_modify(|shot| *shot = case.shot(shot.revision + 1, progress));
    }
}
