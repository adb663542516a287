//! A hospital's own register of one answer: which patients stood in the run, and what became of each. It never leaves the
//! hospital; it is what a steward answers a patient's question from, and what an independent check needs.

use std::collections::BTreeMap;

use galen_circuits::dataset::Dataset;
use galen_circuits::row::Handle;
use galen_prover::plan::{Plan, Run};
use serde::{Deserialize, Serialize};

/// The register. Holds patients' names: `Debug` shows counts only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Chunks of the dataset.
    pub chunks: u64,
    /// First chunk of the run.
    pub start: u64,
    /// Chunks scanned.
    pub sample: u32,
    /// All patients, in the dataset's order: id and chunk.
    pub patients: Vec<(String, u64)>,
    /// Patients released, in the order of the delivered rows.
    pub released: Vec<String>,
    /// Patients whose rows matched and were suppressed.
    pub suppressed: Vec<String>,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Register({} released, {} suppressed)", self.released.len(), self.suppressed.len())
    }
}

impl Register {
    /// The register of a planned contribution; `names` tells the patients behind the handles.
    pub fn new(dataset: &Dataset, run: &Run, plan: &Plan, names: &BTreeMap<Handle, String>) -> Self {
        let name = |handle: Handle| names.get(&handle).cloned().unwrap_or_default();
        let chunks = (0u64..).zip(dataset.chunks());
        let patients = chunks
            .flat_map(|(index, chunk)| chunk.rows().iter().map(move |row| (row.handle, index)))
            .map(|(handle, index)| (name(handle), index))
            .collect();
        let (mut released, mut suppressed) = (Vec::new(), Vec::new());
        for block in plan.releases.iter().flat_map(|release| &release.private.rows) {
            match (block.row, block.released) {
                (Some(row), true) => released.push(name(row.handle)),
                (Some(row), false) => suppressed.push(name(row.handle)),
                (None, _) => {}
            }
        }
        let sample = plan.scans.len() as u32;
        Self { chunks: run.opening.chunks, start: run.opening.start, sample, patients, released, suppressed }
    }
}
