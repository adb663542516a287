//! Who does what next: the state of all jobs that are not over. No disk, no clock of its own, no proof.
//!
//! Workers ask for the [`Task`] of the oldest job that has one, do it, and tell the outcome. A job that failed or was
//! cancelled gets no further proof; it ends when nobody works on it any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::progress::Pace;
use super::records::{Ended, Record};
use super::{JobId, Progress, Stage, Status};

/// Something for a worker to do.
#[derive(Debug)]
pub(super) enum Task<W, P> {
    /// Open the sealed file and look for finished proofs.
    Load(JobId),
    /// Make the proof of this index.
    Prove(JobId, Arc<W>, usize),
    /// Put the proofs together and keep the result.
    Finish(JobId, Arc<W>, Vec<P>),
    /// Tidy up after a job without a result.
    End(JobId, Ended),
}

impl<W, P> Task<W, P> {
    pub(super) fn job(&self) -> JobId {
        match self {
            Self::Load(id) | Self::Prove(id, ..) | Self::Finish(id, ..) | Self::End(id, _) => *id,
        }
    }
}

enum Phase<W, P> {
    Waiting,
    Loading,
    Proving {
        work: Arc<W>,
        scans: usize,
        proofs: Vec<Option<P>>,
        pending: VecDeque<usize>,
        in_hand: usize,
    },
    /// Its last task is given out.
    Closing,
}

struct Job<W, P> {
    sequence: u64,
    phase: Phase<W, P>,
    /// Set when there will be no result; the first reason stays.
    ended: Option<Ended>,
    pace: Option<Pace>,
    progress: watch::Sender<Progress>,
}

/// What a cancellation or submission finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Not among the jobs that are not over.
    Absent,
    /// At work, or waiting.
    Live,
    /// Failed or cancelled, while a worker still has it in hand.
    Ending,
    /// Its proofs are all there: too late to stop it.
    Closing,
}

/// All jobs that are not over.
pub(super) struct Schedule<W, P> {
    jobs: BTreeMap<JobId, Job<W, P>>,
    order: BTreeMap<u64, JobId>,
}

impl<W, P> Default for Schedule<W, P> {
    fn default() -> Self {
        Self { jobs: BTreeMap::new(), order: BTreeMap::new() }
    }
}

impl<W, P> Schedule<W, P> {
    /// Jobs that are not over.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Adds a job at its place in the order.
    pub(super) fn add(&mut self, id: JobId, record: &Record) {
        let progress = watch::Sender::new(Progress::waiting(record.total));
        let job = Job { sequence: record.sequence, phase: Phase::Waiting, ended: None, pace: None, progress };
        self.order.insert(record.sequence, id);
        self.jobs.insert(id, job);
    }

    pub(super) fn find(&self, id: JobId) -> Found {
        match self.jobs.get(&id) {
            None => Found::Absent,
            Some(job) if job.ended.is_some() => Found::Ending,
            Some(Job { phase: Phase::Closing, .. }) => Found::Closing,
            Some(_) => Found::Live,
        }
    }

    /// Where to watch a job.
    pub(super) fn watch(&self, id: JobId) -> Option<watch::Receiver<Progress>> {
        self.jobs.get(&id).map(|job| job.progress.subscribe())
    }

    /// The record of a job, as it should be kept when it ends.
    pub(super) fn record(&self, id: JobId, ended: Ended) -> Option<Record> {
        let job = self.jobs.get(&id)?;
        Some(Record { sequence: job.sequence, total: job.progress.borrow().total, ended: Some(ended) })
    }

    /// The next thing to do, of the oldest job that has one.
    pub(super) fn next(&mut self, now: Instant) -> Option<Task<W, P>> {
        let order: Vec<JobId> = self.order.values().copied().collect();
        order.into_iter().find_map(|id| self.jobs.get_mut(&id)?.next(id, now))
    }

    /// A job was opened: `known` holds its finished proofs; the first `scans` are scans, the last is the seal.
    pub(super) fn loaded(&mut self, id: JobId, work: Arc<W>, scans: usize, known: Vec<Option<P>>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let pending: VecDeque<usize> =
            known.iter().enumerate().filter(|(_, proof)| proof.is_none()).map(|(index, _)| index).collect();
        let (total, done) = (known.len() as u32, (known.len() - pending.len()) as u32);
        job.tell(|progress| {
            progress.total = total;
            progress.done = done;
            progress.reused = done;
        });
        job.phase = Phase::Proving { work, scans, proofs: known, pending, in_hand: 0 };
    }

    /// A proof was made and kept.
    pub(super) fn proven(&mut self, id: JobId, index: usize, proof: P, now: Instant) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if let Phase::Proving { proofs, in_hand, .. } = &mut job.phase {
            *in_hand -= 1;
            if let Some(place) = proofs.get_mut(index) {
                *place = Some(proof);
            }
            let pace = job.pace.unwrap_or(Pace::start(now));
            job.tell(|progress| progress.proven(&pace, now));
        }
    }

    /// A job will have no result. With `by_worker`, whoever says so had a task of it in hand.
    pub(super) fn end(&mut self, id: JobId, ended: Ended, by_worker: bool) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.ended.get_or_insert(ended);
        if by_worker {
            match &mut job.phase {
                Phase::Proving { in_hand, .. } => *in_hand -= 1,
                // An opening or a finish that failed leaves nothing in hand.
                phase => *phase = Phase::Waiting,
            }
        }
    }

    /// Takes a job out; whoever watches it sees `last` and then the end.
    pub(super) fn over(&mut self, id: JobId, ended: &Ended) -> Option<Progress> {
        let job = self.jobs.remove(&id)?;
        self.order.remove(&job.sequence);
        job.tell(|progress| {
            progress.status = ended.status();
            progress.stage = Stage::Over;
            progress.failure = ended.failure().cloned();
            progress.seconds_left = None;
        });
        let last = job.progress.borrow().clone();
        Some(last)
    }
}

impl<W, P> Job<W, P> {
    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            change(progress);
            progress.revision += 1;
        });
    }

    fn next(&mut self, id: JobId, now: Instant) -> Option<Task<W, P>> {
        if let Some(ended) = &self.ended {
            let idle = matches!(self.phase, Phase::Waiting | Phase::Proving { in_hand: 0, .. });
            let task = idle.then(|| Task::End(id, ended.clone()))?;
            self.phase = Phase::Closing;
            return Some(task);
        }
        match &mut self.phase {
            Phase::Waiting => {
                self.phase = Phase::Loading;
                self.at(Stage::Opening);
                Some(Task::Load(id))
            }
            Phase::Proving { work, scans, proofs, pending, in_hand } => {
                if let Some(index) = pending.pop_front() {
                    *in_hand += 1;
                    let stage = stage(index, *scans, proofs.len());
                    let task = Task::Prove(id, Arc::clone(work), index);
                    self.pace.get_or_insert(Pace::start(now));
                    self.at(stage);
                    return Some(task);
                }
                let finished = *in_hand == 0 && proofs.iter().all(Option::is_some);
                let task = finished.then(|| {
                    let proofs = std::mem::take(proofs).into_iter().flatten().collect();
                    Task::Finish(id, Arc::clone(work), proofs)
                })?;
                self.phase = Phase::Closing;
                self.at(Stage::Checking);
                Some(task)
            }
            Phase::Loading | Phase::Closing => None,
        }
    }

    fn at(&self, stage: Stage) {
        self.tell(|progress| {
            progress.status = Status::Running;
            progress.stage = stage;
        });
    }
}

fn stage(index: usize, scans: usize, total: usize) -> Stage {
    if index < scans {
        Stage::Scans
    } else if index + 1 < total {
        Stage::Releases
    } else {
        Stage::Seal
    }
}

#[cfg(test)]
mod tests;
