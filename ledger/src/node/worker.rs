//! The thread that executes: one job after the other, so that the state has one writer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use super::{
    clock,
    event::{Event, Job, Worked},
    snapshots::Snapshots,
};
use crate::{
    application::Refusal,
    execution::{
        Executor,
        executor::{Built, Clock},
        run::RunError,
    },
    types::{MemberIndex, TxHash},
};

/// The store is flushed after this many blocks, so that a restart has few to execute again.
const FLUSH_BLOCKS: u64 = 256;

/// Starts the thread. It ends when there is nobody to send it jobs.
pub(super) fn start(
    name: String,
    worker: Worker,
    jobs: mpsc::Receiver<Job>,
    done: mpsc::SyncSender<Event>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(move || worker.work(&jobs, &done))
}

/// What the thread works with.
pub(super) struct Worker {
    executor: Arc<Executor>,
    me: MemberIndex,
    drift_ms: u64,
    flushed: u64,
    snapshots: Snapshots,
}

impl Worker {
    pub fn new(executor: Arc<Executor>, me: MemberIndex, drift_ms: u64, snapshots: Snapshots) -> Self {
        Self { executor, me, drift_ms, flushed: 0, snapshots }
    }

    fn work(mut self, jobs: &mpsc::Receiver<Job>, done: &mpsc::SyncSender<Event>) {
        while let Ok(job) = jobs.recv() {
            // A panic of the application must stop the node, not leave it waiting.
            let run = catch_unwind(AssertUnwindSafe(|| self.run(job)));
            let worked = match run {
                Ok(Ok(worked)) => worked,
                Ok(Err(error)) => Some(Worked::Failed(error.to_string())),
                Err(_) => Some(Worked::Failed("the application panicked".into())),
            };
            let failed = matches!(worked, Some(Worked::Failed(_)));
            if worked.is_some_and(|worked| done.send(Event::Worked(worked)).is_err()) || failed {
                break;
            }
        }
        if let Err(error) = self.executor.flush() {
            tracing::warn!(%error, "cannot flush the state store; it will be rebuilt from the log");
        }
    }

    fn run(&mut self, job: Job) -> Result<Option<Worked>, RunError> {
        match job {
            Job::Execute { block, check } => {
                let clock = check.then(|| Clock { latest_ms: clock::now_ms() + self.drift_ms });
                let result = self.executor.execute(&block, clock)?;
                Ok(Some(Worked::Executed { block: block.hash(), result }))
            }
            Job::Build(order, candidates) => {
                let built = self.executor.build(&order, candidates)?;
                let built = built.map(|Built { block, refused, refused_upkeep }| Worked::Built {
                    block,
                    refused,
                    refused_upkeep,
                });
                Ok(built)
            }
            Job::Commit(blocks) => {
                let blocks: Vec<_> = self.executor.commit(blocks)?.into_iter().map(Arc::new).collect();
                self.flush_now_and_then()?;
                self.snapshots.after_commit(&self.executor);
                let (waits, duties) = (self.executor.waits_for_blocks()?, self.executor.duties(self.me)?);
                Ok(Some(Worked::Committed { blocks, waits, duties }))
            }
            Job::Perform(duty, key) => {
                let message = self.executor.perform(duty, self.me, &key)?;
                Ok(message.map(|message| Worked::Performed(duty, message)))
            }
            Job::Install(snapshot) => match self.executor.install(&snapshot) {
                Ok(()) => Ok(Some(Worked::Installed)),
                Err(fault) => Ok(Some(Worked::Failed(format!("installing a snapshot: {fault}")))),
            },
            Job::Recheck(txs) => {
                let Checked { refused, known, good } = self.check(&txs)?;
                Ok(Some(Worked::Rechecked { refused, known, good }))
            }
            Job::CheckMini { name, txs } => {
                let Checked { refused, known, .. } = self.check(&txs)?;
                Ok(Some(Worked::CheckedMini { name, refused, known }))
            }
        }
    }

    fn flush_now_and_then(&mut self) -> Result<(), RunError> {
        let height = self.executor.tip().height.get();
        if height >= self.flushed + FLUSH_BLOCKS {
            self.flushed = height;
            self.executor.flush()?;
        }
        Ok(())
    }

    /// Checks transactions as the next block would.
    fn check(&self, txs: &[Arc<[u8]>]) -> Result<Checked, RunError> {
        let mut checked = Checked::default();
        let mut new = Vec::with_capacity(txs.len());
        for tx in txs {
            let hash = TxHash::of(tx);
            if self.executor.locate(&hash)?.is_some() {
                checked.known.push(hash);
            } else {
                new.push((hash, tx.as_ref()));
            }
        }
        let bodies: Vec<&[u8]> = new.iter().map(|(_, tx)| *tx).collect();
        let verdicts = self.executor.check_batch(&bodies, clock::now_ms())?;
        // An application that gives no answer vouches for nothing.
        let unanswered = std::iter::repeat_with(|| Err(Refusal::new("ledger.unanswered", "no answer")));
        for ((hash, _), verdict) in new.into_iter().zip(verdicts.into_iter().chain(unanswered)) {
            match verdict {
                Ok(()) => checked.good.push(hash),
                Err(refusal) => checked.refused.push((hash, refusal)),
            }
        }
        Ok(checked)
    }
}

/// What was found of transactions.
#[derive(Default)]
struct Checked {
    refused: Vec<(TxHash, Refusal)>,
    known: Vec<TxHash>,
    good: Vec<TxHash>,
}
