//! Records of jobs and finished proofs, in sled: one tree, two prefixes.
//!
//! Nothing here is secret or beyond repair. Sled's flush reaches the operating system, so a killed process loses nothing;
//! a power cut may lose the last writes, and then proofs are made again and jobs found by their sealed files. A database
//! that does not open is put aside and begun anew for the same reason.

use std::path::Path;
use std::time::{Duration, Instant};

use galen_circuits::groth16::Proof;
use serde::{Deserialize, Serialize};

use super::id::ProofId;
use super::{Failure, FailureCode, JobId, Progress, Status, StoreError};

const JOB: u8 = b'j';
const PROOF: u8 = b'p';

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ended {
    Done,
    Failed(Failure),
    Cancelled,
}

impl Ended {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::Done => Status::Done,
            Self::Failed(_) => Status::Failed,
            Self::Cancelled => Status::Cancelled,
        }
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        if let Self::Failed(failure) = self { Some(failure) } else { None }
    }

    /// Whether a restart may do better: the job's private part is kept.
    pub(super) fn is_worth_another_try(&self) -> bool {
        self.failure().is_some_and(|failure| failure.code == FailureCode::Storage)
    }
}

/// What is known of a job beside its sealed files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Place in the order of submission.
    pub(super) sequence: u64,
    /// Its proofs.
    pub(super) total: u32,
    /// How it ended; `None` while it has not.
    pub(super) ended: Option<Ended>,
}

impl Record {
    pub(super) fn progress(&self) -> Progress {
        match &self.ended {
            Some(ended) => Progress::over(ended.status(), self.total, ended.failure().cloned()),
            None => Progress::waiting(self.total),
        }
    }
}

/// The database.
pub(super) struct Records(sled::Db);

impl Records {
    /// Opens the database in `directory`, or begins one.
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        // Flushing is explicit: a proof counts when it is kept, and background flushing keeps a thread awake for nothing.
        let config = sled::Config::new().path(directory).flush_every_ms(None).cache_capacity(16 << 20);
        match when_let_go(|| config.open()) {
            Err(sled::Error::Corruption { .. }) => {
                let aside = directory.with_extension("damaged");
                tracing::warn!(
                    "the database of proofs is damaged: putting it aside, proofs will be made again"
                );
                if aside.exists() {
                    std::fs::remove_dir_all(&aside).map_err(StoreError::at(&aside))?;
                }
                std::fs::rename(directory, &aside).map_err(StoreError::at(directory))?;
                Ok(Self(config.open()?))
            }
            other => Ok(Self(other?)),
        }
    }

    /// The record of a job.
    pub(super) fn get(&self, id: JobId) -> Result<Option<Record>, StoreError> {
        let bytes = self.0.get(key(JOB, id.as_bytes()))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// All records. One that does not decode is none: its job is found by its sealed file.
    pub(super) fn all(&self) -> Result<Vec<(JobId, Record)>, StoreError> {
        let mut all = Vec::new();
        for entry in self.0.scan_prefix([JOB]) {
            let (name, bytes) = entry?;
            let id = name.get(1..).map(hex::encode).and_then(|text| text.parse().ok());
            if let (Some(id), Ok(record)) = (id, serde_json::from_slice(&bytes)) {
                all.push((id, record));
            }
        }
        Ok(all)
    }

    /// Keeps a record.
    pub(super) fn put(&self, id: JobId, record: &Record) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(record).expect("strings and numbers always have a JSON form");
        self.0.insert(key(JOB, id.as_bytes()), bytes)?;
        self.0.flush()?;
        Ok(())
    }

    /// Removes a record.
    pub(super) fn remove(&self, id: JobId) -> Result<(), StoreError> {
        self.0.remove(key(JOB, id.as_bytes()))?;
        self.0.flush()?;
        Ok(())
    }

    /// A finished proof. It was verified when it was kept; whoever uses it verifies it again.
    pub(super) fn proof(&self, id: ProofId) -> Result<Option<Proof>, StoreError> {
        let bytes = self.0.get(key(PROOF, &id.0))?;
        Ok(bytes.and_then(|bytes| Proof::from_bytes(&bytes).ok()))
    }

    /// Keeps a finished proof.
    pub(super) fn keep(&self, id: ProofId, proof: &Proof) -> Result<(), StoreError> {
        self.0.insert(key(PROOF, &id.0), proof.to_bytes().as_slice())?;
        self.0.flush()?;
        Ok(())
    }

    /// Removes proofs that are in a result.
    pub(super) fn discard(&self, ids: &[ProofId]) -> Result<(), StoreError> {
        for id in ids {
            self.0.remove(key(PROOF, &id.0))?;
        }
        self.0.flush()?;
        Ok(())
    }
}

fn key(prefix: u8, name: &[u8; 32]) -> [u8; 33] {
    let mut key = [prefix; 33];
    key[1..].copy_from_slice(name);
    key
}

/// How long sled may take to let go of its file.
const LET_GO: Duration = Duration::from_secs(5);

/// Opens a database. When one was closed in this process a moment ago, a thread of sled's that wrote for it may still hold the
/// file; that no other process has it is known by the folder's lock. The ledger's store waits in the same way: neither crate knows
/// of the other.
fn when_let_go<T>(open: impl Fn() -> sled::Result<T>) -> sled::Result<T> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(error) if is_held(&error) && begun.elapsed() < LET_GO => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Whether somebody has the file: sled says it in words only.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_still_held_is_waited_for_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let config = sled::Config::new().path(directory.path());
        let holder = config.open().unwrap();
        assert!(is_held(&sled::open(directory.path()).unwrap_err()), "sled says it in other words");
        let tries = std::cell::Cell::new(0);
        let opened = when_let_go(|| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { sled::open(directory.path()).map(drop) } else { Ok(()) }
        });
        assert_eq!((opened, tries.get()), (Ok(()), 3));
        drop(holder);
        tries.set(0);
        let opened = when_let_go(|| -> sled::Result<()> {
            tries.set(tries.get() + 1);
            Err(sled::Error::Io(std::io::Error::other("no space")))
        });
        assert!(opened.is_err() && tries.get() == 1);
    }

    #[test]
    fn records_survive_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let failure = Failure { code: FailureCode::Unsatisfied, message: "scan 0: no".into() };
        let record = Record { sequence: 3, total: 9, ended: Some(Ended::Failed(failure)) };
        Records::open(&path).unwrap().put(JobId::sample(1), &record).unwrap();
        let records = Records::open(&path).unwrap();
        assert_eq!(records.all().unwrap(), [(JobId::sample(1), record.clone())]);
        assert_eq!(records.get(JobId::sample(1)).unwrap(), Some(record));
        records.remove(JobId::sample(1)).unwrap();
        assert_eq!(records.get(JobId::sample(1)).unwrap(), None);
    }
}
