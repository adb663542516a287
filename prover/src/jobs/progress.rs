//! How far a job is.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Failure;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Accepted, and not begun.
    Queued,
    /// Being worked on.
    Running,
    /// Its result is there.
    Done,
    /// There will be no result: see [`Progress::failure`].
    Failed,
    /// There will be no result: somebody cancelled it.
    Cancelled,
}

impl Status {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What a job is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for a worker.
    Waiting,
    /// Opening the sealed file and looking for finished proofs.
    Opening,
    /// Proving scans.
    Scans,
    /// Proving releases.
    Releases,
    /// Proving the seal.
    Seal,
    /// Verifying the whole contribution.
    Checking,
    /// Nothing more happens.
    Over,
}

/// How far a job is. Every update is a whole picture: missing some loses nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Grows with each update while the prover runs.
    pub revision: u64,
    /// What becomes of the job.
    pub status: Status,
    /// What it is at.
    pub stage: Stage,
    /// Proofs that are finished.
    pub done: u32,
    /// Proofs in all; 0 while a recovered job was not opened yet.
    pub total: u32,
    /// Of the finished proofs, those that were there before this run.
    pub reused: u32,
    /// Proofs a minute in this run.
    pub per_minute: Option<f64>,
    /// Seconds until the last proof, at this rate.
    pub seconds_left: Option<u64>,
    /// Why the job failed.
    pub failure: Option<Failure>,
}

impl Progress {
    pub(super) fn waiting(total: u32) -> Self {
        Self {
            revision: 0,
            status: Status::Queued,
            stage: Stage::Waiting,
            done: 0,
            total,
            reused: 0,
            per_minute: None,
            seconds_left: None,
            failure: None,
        }
    }

    /// The last picture of a job.
    pub(crate) fn over(status: Status, total: u32, failure: Option<Failure>) -> Self {
        let done = if status == Status::Done { total } else { 0 };
        Self { status, stage: Stage::Over, done, failure, ..Self::waiting(total) }
    }

    /// Notes one more finished proof at the pace of this run.
    pub(super) fn proven(&mut self, pace: &Pace, now: Instant) {
        self.done += 1;
        let made = self.done.saturating_sub(self.reused);
        let Some(each) = pace.each(made, now) else { return };
        let left = each.saturating_mul(self.total.saturating_sub(self.done));
        self.per_minute = Some(60.0 / each.as_secs_f64().max(f64::EPSILON));
        self.seconds_left = Some(left.as_secs_f64().ceil() as u64);
    }
}

/// When a run began to prove.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace(Instant);

impl Pace {
    pub(super) fn start(now: Instant) -> Self {
        Self(now)
    }

    /// Time for one proof, on average.
    fn each(&self, made: u32, now: Instant) -> Option<Duration> {
        now.saturating_duration_since(self.0).checked_div(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_count_this_runs_proofs_only() {
        let start = Instant::now();
        let pace = Pace::start(start);
        let mut progress = Progress { done: 90, reused: 90, ..Progress::waiting(100) };
        progress.proven(&pace, start + Duration::from_secs(2));
        progress.proven(&pace, start + Duration::from_secs(4));
        assert_eq!((progress.done, progress.seconds_left), (92, Some(16)));
        assert!((progress.per_minute.unwrap() - 30.0).abs() < 1e-9);
    }
}
