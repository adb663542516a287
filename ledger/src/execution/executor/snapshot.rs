//! The final state as a whole: held for writing a snapshot, and replaced by one.

use std::sync::{Arc, PoisonError};

use super::{Executor, Tip};
use crate::{
    codec::Encode,
    execution::{keys, upkeep, view::View},
    snapshot::{Capture, Snapshot, SnapshotFault, restore},
    state::overlay::Writes,
};

impl Executor {
    /// Holds the state as it is now, for writing a snapshot of it while the chain goes on; none unless a cycle has just
    /// ended.
    ///
    /// # Errors
    /// When the store fails, or another snapshot is being written.
    pub fn capture(&self) -> Result<Option<Capture>, SnapshotFault> {
        let tip = self.read_tip();
        let height = tip.position.height;
        if !self.genesis.schedule().is_last(height) {
            return Ok(None);
        }
        let steps = self.steps(self.genesis.schedule().cycle(height).next())?;
        let store = Arc::new(self.freezable.freeze().ok_or(SnapshotFault::Busy)?);
        Ok(Some(Capture { chain_id: self.chain_id, height, steps, store }))
    }

    /// Takes the state from a snapshot, which is verified on the way, instead of what there is. When that fails, nothing
    /// that is in the store counts: the node must stop, and rebuilds it when it is started again.
    ///
    /// # Errors
    /// The first fault of the snapshot, or that of the store.
    pub fn install(&self, snapshot: &Snapshot) -> Result<(), SnapshotFault> {
        let manifest = &snapshot.manifest;
        let walked = manifest.verify(&self.genesis)?;
        let (position, anchor) = (manifest.position()?, manifest.anchor()?);
        let mut tip = self.tip.write().unwrap_or_else(PoisonError::into_inner);
        self.store.clear()?;
        restore(snapshot, |writes| self.store.apply(writes))?;
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let committee = upkeep::committee(&view.space(keys::LEDGER));
        view.intact()?;
        let committee = committee.filter(|committee| *committee == walked);
        let committee = committee.ok_or(SnapshotFault::Committee(walked.cycle()))?;
        let mut batch = Writes::new();
        for step in &manifest.steps {
            batch.insert(keys::step(step.last.header.cycle), Some(step.to_bytes()));
        }
        batch.insert(keys::ANCHOR.to_vec(), Some(anchor.to_bytes()));
        // With the position the store becomes one that counts.
        batch.insert(keys::POSITION.to_vec(), Some(position.to_bytes()));
        self.store.apply(batch)?;
        self.store.flush()?;
        self.layers.write().unwrap_or_else(PoisonError::into_inner).clear();
        *tip = Tip { position, committee: committee.into(), anchor: Some(Arc::new(anchor.clone())) };
        Ok(())
    }
}
