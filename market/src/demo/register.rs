//! A hospital's own register: which patients stood in the run, and what became of each. It never leaves the hospital; it is
//! what a steward answers a patient's question from, and what an independent check needs.

use std::collections::BTreeMap;
use std::path::Path;

use galen_circuits::row::Handle;
use galen_prover::import::patient_ids;
use galen_prover::plan::{Plan, Run};
use serde::Serialize;

use super::folder::write_private;
use super::setup::{Hospital, Stage};

#[derive(Serialize)]
struct Register {
    /// Chunks of the dataset, first chunk of the run, chunks scanned.
    chunks: u64,
    start: u64,
    sample: u32,
    /// All patients, in the dataset's order: id and chunk.
    patients: Vec<(String, u64)>,
    /// Patients released, in the order of the delivered rows.
    released: Vec<String>,
    /// Patients whose rows matched and were suppressed.
    suppressed: Vec<String>,
}

/// Writes the register of a planned contribution.
///
/// # Errors
/// When the data file cannot be read again or the register not be written.
pub fn write(
    stage: &Stage<'_>,
    hospital: &Hospital,
    run: &Run,
    plan: &Plan,
    path: &Path,
) -> anyhow::Result<()> {
    let names = names(stage, hospital)?;
    let name = |handle: Handle| names.get(&handle).cloned().unwrap_or_default();
    let mut register = Register {
        chunks: run.opening.chunks,
        start: run.opening.start,
        sample: stage.source.asked.sample,
        patients: Vec::new(),
        released: Vec::new(),
        suppressed: Vec::new(),
    };
    for (index, chunk) in (0u64..).zip(hospital.dataset.chunks()) {
        register.patients.extend(chunk.rows().iter().map(|row| (name(row.handle), index)));
    }
    for block in plan.releases.iter().flat_map(|release| &release.private.rows) {
        match (block.row, block.released) {
            (Some(row), true) => register.released.push(name(row.handle)),
            (Some(row), false) => register.suppressed.push(name(row.handle)),
            (None, _) => {}
        }
    }
    Ok(write_private(path, &serde_json::to_vec(&register)?)?)
}

fn names(stage: &Stage<'_>, hospital: &Hospital) -> anyhow::Result<BTreeMap<Handle, String>> {
    let file = stage.source.file(stage.folder)?;
    let ids = patient_ids(&file, &stage.source.spec)?;
    Ok(ids.into_iter().map(|id| (hospital.cast.handles.pseudonym(&id).handle, id)).collect())
}
