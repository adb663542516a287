//! Writes a snapshot when a cycle has ended, beside everything else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use crate::{
    execution::Executor,
    snapshot::{Capture, Shelf, SnapshotFault},
};

/// The snapshots that a node writes. One at a time; dropped, it breaks off what is being written.
pub(super) struct Snapshots {
    shelf: Shelf,
    /// After how many cycles; never if 0.
    cycles: u64,
    cancelled: Arc<AtomicBool>,
    writing: Option<JoinHandle<()>>,
}

impl Snapshots {
    pub fn new(shelf: Shelf, cycles: u64) -> Self {
        Self { shelf, cycles, cancelled: Arc::default(), writing: None }
    }

    /// Begins to write a snapshot of the newest final state if one is due. A failure is not the chain's: it is tried again
    /// when the next is due.
    pub fn after_commit(&mut self, executor: &Executor) {
        let height = executor.tip().height;
        let schedule = executor.genesis().schedule();
        let ended = schedule.cycle(height).get().saturating_add(1);
        if !schedule.is_last(height) || self.cycles == 0 || !ended.is_multiple_of(self.cycles) {
            return;
        }
        let begun =
            executor.capture().and_then(|capture| capture.map_or(Ok(()), |capture| self.begin(capture)));
        if let Err(fault) = begun {
            tracing::warn!(%height, %fault, "no snapshot is written");
        }
    }

    fn begin(&mut self, capture: Capture) -> Result<(), SnapshotFault> {
        self.finish();
        let (shelf, cancelled) = (self.shelf.clone(), Arc::clone(&self.cancelled));
        let height = capture.height();
        let write = move || match shelf.write(capture, &cancelled) {
            Ok(height) => tracing::info!(%height, "snapshot written"),
            Err(SnapshotFault::Cancelled) => {}
            Err(fault) => tracing::warn!(%height, %fault, "the snapshot could not be written"),
        };
        let thread = std::thread::Builder::new().name(format!("snapshot {height}")).spawn(write);
        let failed = |source| SnapshotFault::Io { path: self.shelf.folder().to_owned(), source };
        self.writing = Some(thread.map_err(failed)?);
        Ok(())
    }

    /// Waits for the one that is being written, which is over: two are not captured at the same time.
    fn finish(&mut self) {
        if self.writing.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that wrote a snapshot panicked");
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.finish();
    }
}
