//! Workers: threads that take the next task, do it and tell the outcome.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use galen_circuits::groth16::Proof;

use super::files::Lock;
use super::records::{Ended, Record, Records};
use super::vault::{Kind, Vault};
use super::work::Work;
use super::{Failure, FailureCode, JobId, JobSpec, Outcome, Progress, ProvingKeys, StoreError, schedule};

type Schedule = schedule::Schedule<Work, Proof>;
type Task = schedule::Task<Work, Proof>;

/// What handle and workers share.
pub(super) struct Shared {
    pub(super) keys: Arc<ProvingKeys>,
    pub(super) records: Records,
    pub(super) vault: Vault,
    state: Mutex<State>,
    changed: Condvar,
    /// Last, so that the directory stays locked until all else is closed.
    _lock: Lock,
}

/// Under the lock, which is never held while proving or writing.
#[derive(Default)]
pub(super) struct State {
    pub(super) schedule: Schedule,
    pub(super) closing: bool,
    /// How jobs ended whose record could not be written.
    pub(super) unrecorded: std::collections::BTreeMap<JobId, Progress>,
}

impl Shared {
    pub(super) fn new(keys: Arc<ProvingKeys>, records: Records, vault: Vault, lock: Lock) -> Self {
        Self { keys, records, vault, state: Mutex::default(), changed: Condvar::new(), _lock: lock }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is a defect of the schedule, and stopping every job for it would help nobody.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_all();
        value
    }

    /// Waits until `ready` gives a value.
    pub(super) fn wait<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.state();
        loop {
            if let Some(value) = ready(&mut state) {
                return value;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Starts `count` workers.
    pub(super) fn start(self: &Arc<Self>, count: usize) -> Result<Vec<JoinHandle<()>>, std::io::Error> {
        let start = |index| {
            let shared = Arc::clone(self);
            std::thread::Builder::new().name(format!("prover-{index}")).spawn(move || shared.work())
        };
        (0..count).map(start).collect()
    }

    fn work(&self) {
        loop {
            let task = self.wait(|state| match state.closing {
                true => Some(None),
                false => state.schedule.next(Instant::now()).map(Some),
            });
            let Some(task) = task else { return };
            let id = task.job();
            let done = catch_unwind(AssertUnwindSafe(|| self.perform(task)));
            let failure = match done {
                Ok(Ok(())) => continue,
                Ok(Err(failure)) => failure,
                // The panic's own words could quote a value: the hook has shown them on this machine, and they stay there.
                Err(_) => Failure { code: FailureCode::Internal, message: "the prover has a defect".into() },
            };
            self.change(|state| state.schedule.end(id, Ended::Failed(failure), true));
        }
    }

    fn perform(&self, task: Task) -> Result<(), Failure> {
        match task {
            Task::Load(id) => {
                let (work, known) = self.load(id)?;
                let scans = work.scans();
                self.change(|state| state.schedule.loaded(id, Arc::new(work), scans, known));
            }
            Task::Prove(id, work, index) => {
                let proof = work.prove(&self.keys, index)?;
                self.records.keep(work.name(&self.keys, index), &proof)?;
                self.change(|state| state.schedule.proven(id, index, proof, Instant::now()));
            }
            Task::Finish(id, work, proofs) => {
                let outcome = work.finish(&self.keys, proofs)?;
                self.finish(id, &work, &outcome)?;
            }
            Task::End(id, ended) => self.end(id, ended),
        }
        Ok(())
    }

    /// Opens a job and finds its finished proofs.
    fn load(&self, id: JobId) -> Result<(Work, Vec<Option<Proof>>), Failure> {
        let lost = |what: &str| {
            let message = format!("the job's sealed file is {what}");
            Failure { code: FailureCode::SpecLost, message }
        };
        let json = match self.vault.get(Kind::Spec, id) {
            Ok(json) => json.ok_or_else(|| lost("gone"))?,
            Err(StoreError::Sealed { .. }) => return Err(lost("damaged, or was sealed with another key")),
            Err(other) => return Err(other.into()),
        };
        let open = || Work::new(&JobSpec::from_json(&json)?, &json);
        let work = open().map_err(|fault| lost(&fault.to_string()))?;
        let mut known = Vec::with_capacity(work.proofs());
        for index in 0..work.proofs() {
            let proof = self.records.proof(work.name(&self.keys, index))?;
            known.push(proof.filter(|proof| work.holds(&self.keys, index, proof)));
        }
        Ok((work, known))
    }

    /// Keeps a result. In this order a crash at any point loses nothing and leaves no private part behind.
    fn finish(&self, id: JobId, work: &Work, outcome: &Outcome) -> Result<(), Failure> {
        self.vault.put(Kind::Outcome, id, &outcome.to_json())?;
        self.close(id, &Ended::Done)?;
        let names: Vec<_> = (0..work.proofs()).map(|index| work.name(&self.keys, index)).collect();
        if let Err(error) = self.records.discard(&names) {
            tracing::warn!(job = %id, %error, "finished proofs stay in the database");
        }
        self.change(|state| state.schedule.over(id, &Ended::Done));
        Ok(())
    }

    /// Records how a job ended and wipes its private part, unless a restart may do better with it.
    pub(super) fn close(&self, id: JobId, ended: &Ended) -> Result<(), StoreError> {
        let record = self.state().schedule.record(id, ended.clone());
        if let Some(record) = record {
            self.records.put(id, &record)?;
        }
        if ended.is_worth_another_try() { Ok(()) } else { self.vault.wipe(Kind::Spec, id) }
    }

    fn end(&self, id: JobId, ended: Ended) {
        tracing::info!(job = %id, status = %ended.status(), "a job ended without a result");
        let closed = self.close(id, &ended);
        if let Err(error) = &closed {
            tracing::error!(job = %id, %error, "the end of a job could not be recorded");
        }
        self.change(|state| {
            let last = state.schedule.over(id, &ended);
            if let (Some(last), Err(_)) = (last, closed) {
                state.unrecorded.insert(id, last);
            }
        });
    }

    /// Brings records and sealed files in line after whatever happened, and gives the jobs to go on with.
    pub(super) fn recover(&self) -> Result<(), StoreError> {
        let mut records: std::collections::BTreeMap<JobId, Record> =
            self.records.all()?.into_iter().collect();
        let mut sequence = records.values().map(|record| record.sequence + 1).max().unwrap_or(0);
        let mut place = || {
            sequence += 1;
            sequence - 1
        };
        for id in self.vault.list(Kind::Outcome)? {
            let record =
                records.entry(id).or_insert_with(|| Record { sequence: place(), total: 0, ended: None });
            if record.ended != Some(Ended::Done) {
                record.ended = Some(Ended::Done);
                self.records.put(id, record)?;
            }
        }
        for id in self.vault.list(Kind::Spec)? {
            let record =
                records.entry(id).or_insert_with(|| Record { sequence: place(), total: 0, ended: None });
            match &record.ended {
                Some(ended) if !ended.is_worth_another_try() => self.vault.wipe(Kind::Spec, id)?,
                _ => {
                    record.ended = None;
                    self.records.put(id, record)?;
                    self.state().schedule.add(id, record);
                }
            }
        }
        for (id, record) in &mut records {
            if record.ended.is_none() && self.state().schedule.watch(*id).is_none() {
                let message = "the job's sealed file is gone".to_owned();
                record.ended = Some(Ended::Failed(Failure { code: FailureCode::SpecLost, message }));
                self.records.put(*id, record)?;
            }
        }
        Ok(())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the prover's storage failed");
        // Paths and the system's words are for the operator's log.
        let message = if error.is_full() {
            "the prover's disk is full: free some space and submit the job again, its finished proofs are kept"
        } else {
            "the prover's storage failed: see its log"
        };
        Self { code: FailureCode::Storage, message: message.into() }
    }
}
