//! The queue: the handle that takes jobs.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use galen_circuits::contribution::Challenge;
use tokio::sync::watch;

use super::files::{Lock, private_directory, restrict_all};
use super::records::{Ended, Record, Records};
use super::schedule::Found;
use super::vault::{Kind, Vault};
use super::worker::Shared;
use super::{JobId, JobSpec, Outcome, Progress, ProvingError, ProvingKeys, Status, StoreError};
use crate::vault::VaultKey;

/// How a queue works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Proofs at a time. The sums inside a proof are parallel already: more workers use more memory and help where
    /// many cores are idle in a proof's sequential parts.
    pub workers: NonZeroUsize,
    /// Jobs that may wait or run; the next one is refused.
    pub capacity: usize,
    /// The file of the key that seals what is private; made when missing. Inside the queue's directory by default.
    pub key_file: Option<PathBuf>,
    /// The key itself, from whoever keeps it better than a file does; then no file is read or made.
    pub key: Option<VaultKey>,
}

impl Default for Settings {
    /// Half the cores, at least one; 64 jobs.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN);
        Self { workers, capacity: 64, key_file: None, key: None }
    }
}

/// A queue of proof jobs with its workers. Cheap to clone; dropping the last clone stops the workers after the proofs
/// that they are at. What is not finished goes on when the directory is opened again.
#[derive(Clone)]
pub struct ProofQueue {
    shared: Arc<Shared>,
    settings: Arc<Settings>,
    /// One submission, cancellation or forgetting at a time: each is several steps on disk.
    turn: Arc<Mutex<()>>,
    workers: Arc<Workers>,
}

struct Workers {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Workers {
    fn stop(&self) {
        self.shared.change(|state| state.closing = true);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a prover's worker had stopped by a defect");
            }
        }
        // Whoever still watches a job learns that nothing more comes.
        self.shared.change(|state| state.schedule = Default::default());
    }
}

impl ProofQueue {
    /// Opens the queue in `directory`, which is made (mode 0700) when missing, and goes on with its jobs.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it; otherwise what the disk says.
    pub fn open(directory: &Path, keys: Arc<ProvingKeys>, settings: Settings) -> Result<Self, StoreError> {
        private_directory(directory)?;
        let lock = Lock::take(directory)?;
        let inside = directory.join("seal.key");
        let key_file = settings.key_file.as_deref().unwrap_or(&inside);
        let key = settings.key.clone().map_or_else(|| VaultKey::load(key_file), Ok)?;
        let vault = Vault(crate::vault::Vault::open(directory.join("sealed"), &key)?);
        let records = Records::open(&directory.join("proofs"))?;
        restrict_all(directory)?;
        let shared = Arc::new(Shared::new(keys, records, vault, lock));
        shared.recover()?;
        let threads = shared.start(settings.workers.get()).map_err(StoreError::at(directory))?;
        let workers = Arc::new(Workers { shared: Arc::clone(&shared), threads: Mutex::new(threads) });
        Ok(Self { shared, settings: Arc::new(settings), turn: Arc::default(), workers })
    }

    /// Takes a job. The same plan is the same job: one that waits, runs or is done is not begun again, one that failed or was
    /// cancelled is, with the proofs that it has. Writes to disk: not for an async task.
    ///
    /// # Errors
    /// [`ProvingError::Spec`] for a job that cannot be proven, [`ProvingError::Full`], [`ProvingError::Closing`], or
    /// [`ProvingError::Store`].
    pub fn submit(&self, spec: &JobSpec) -> Result<JobId, ProvingError> {
        spec.check()?;
        let challenge = Challenge::draw(spec.statement(), &spec.header());
        let id = JobId::of(self.shared.keys.fingerprints(), &challenge, &spec.states());
        let _turn = self.turn();
        let found = self.shared.wait(|state| match state.schedule.find(id) {
            _ if state.closing => Some(Err(ProvingError::Closing)),
            Found::Ending => None,
            found => Some(Ok((found, state.schedule.len()))),
        });
        let (found, live) = found?;
        let before = self.shared.records.get(id)?;
        let done = before.as_ref().is_some_and(|record| record.ended == Some(Ended::Done));
        if found != Found::Absent || done {
            return Ok(id);
        }
        if live >= self.settings.capacity {
            return Err(ProvingError::Full { capacity: self.settings.capacity });
        }
        self.shared.vault.put(Kind::Spec, id, &spec.to_json())?;
        let record = Record { sequence: self.next_place()?, total: spec.proofs() as u32, ended: None };
        self.shared.records.put(id, &record)?;
        self.shared.change(|state| {
            state.unrecorded.remove(&id);
            state.schedule.add(id, &record);
        });
        tracing::info!(job = %id, proofs = record.total, "a job was accepted");
        Ok(id)
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_place(&self) -> Result<u64, StoreError> {
        let records = self.shared.records.all()?;
        Ok(records.iter().map(|(_, record)| record.sequence + 1).max().unwrap_or(0))
    }

    /// How far a job is.
    ///
    /// # Errors
    /// [`ProvingError::Unknown`].
    pub fn status(&self, id: JobId) -> Result<Progress, ProvingError> {
        Ok(self.progress(id)?.borrow().clone())
    }

    /// Where to watch a job. The channel closes when the job is over.
    ///
    /// # Errors
    /// [`ProvingError::Unknown`].
    pub fn progress(&self, id: JobId) -> Result<watch::Receiver<Progress>, ProvingError> {
        {
            let state = self.shared.state();
            if let Some(receiver) = state.schedule.watch(id) {
                return Ok(receiver);
            }
            if let Some(last) = state.unrecorded.get(&id) {
                return Ok(watch::channel(last.clone()).1);
            }
        }
        let record = self.shared.records.get(id)?.ok_or(ProvingError::Unknown(id))?;
        Ok(watch::channel(record.progress()).1)
    }

    /// The result of a job that is done.
    ///
    /// # Errors
    /// [`ProvingError::NotReady`], [`ProvingError::Failed`], [`ProvingError::Cancelled`] or [`ProvingError::Unknown`];
    /// [`ProvingError::Store`] when the sealed result cannot be read.
    pub fn result(&self, id: JobId) -> Result<Outcome, ProvingError> {
        let progress = self.status(id)?;
        match (progress.status, progress.failure) {
            (Status::Done, _) => {}
            (Status::Failed, Some(failure)) => return Err(ProvingError::Failed(failure)),
            (Status::Cancelled, _) => return Err(ProvingError::Cancelled(id)),
            _ => return Err(ProvingError::NotReady(id)),
        }
        let json = self.shared.vault.get(Kind::Outcome, id)?.ok_or(ProvingError::Unknown(id))?;
        let damaged = || StoreError::Form { path: format!("{id}.result").into(), expected: "a result" };
        Ok(Outcome::from_json(&json).ok_or_else(damaged)?)
    }

    /// Cancels a job: its private part is wiped now, and a proof that is being made is the last.
    ///
    /// # Errors
    /// [`ProvingError::Over`] when it is too late, [`ProvingError::Unknown`], [`ProvingError::Store`].
    pub fn cancel(&self, id: JobId) -> Result<(), ProvingError> {
        let _turn = self.turn();
        let found = self.shared.change(|state| {
            let found = state.schedule.find(id);
            if found == Found::Live {
                state.schedule.end(id, Ended::Cancelled, false);
            }
            found
        });
        match found {
            // Recorded here and not only by the worker that ends it: a crash in between must not bring the job back.
            Found::Live => Ok(self.shared.close(id, &Ended::Cancelled)?),
            Found::Closing => Err(ProvingError::Over { id, status: Status::Done }),
            Found::Ending => Ok(()),
            Found::Absent => Err(ProvingError::Over { id, status: self.status(id)?.status }),
        }
    }

    /// Forgets a job that is over, with its result.
    ///
    /// # Errors
    /// [`ProvingError::Live`] for one that is not over, [`ProvingError::Unknown`], [`ProvingError::Store`].
    pub fn forget(&self, id: JobId) -> Result<(), ProvingError> {
        let _turn = self.turn();
        if self.shared.state().schedule.find(id) != Found::Absent {
            return Err(ProvingError::Live(id));
        }
        self.status(id)?;
        self.shared.vault.wipe(Kind::Outcome, id)?;
        self.shared.vault.wipe(Kind::Spec, id)?;
        self.shared.records.remove(id)?;
        self.shared.change(|state| state.unrecorded.remove(&id));
        Ok(())
    }

    /// Jobs that wait or run.
    pub fn live(&self) -> usize {
        self.shared.state().schedule.len()
    }

    /// Stops the workers after the proofs that they are at, and waits for them. Nothing is lost.
    pub fn close(&self) {
        self.workers.stop();
    }
}

impl fmt::Debug for ProofQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProofQueue({} jobs, {} workers)", self.live(), self.settings.workers)
    }
}
