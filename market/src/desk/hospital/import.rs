//! Imports: a file is read in the background, and its rows are kept as a dataset, or nothing is.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use galen_prover::import::{Allow, ImportError, ImportSpec, Imported, Options, Report, import, patient_ids};
use rand::RngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::books::Kind;
use super::dataset::Rows;
use super::fault::DeskFault;
use super::spool::{Counting, Spool};
use super::{HospitalDesk, internal, now_ms};
use crate::web::events::Shot;
use crate::web::parts::{Progress, Run};

/// Imports that are worked on at a time: each holds its rows in memory.
const AT_A_TIME: usize = 2;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStage {
    /// The file is being read.
    Reading,
    /// Its rows are kept as a dataset.
    Done,
    /// The file was refused; nothing of it was kept.
    Refused,
    /// Something failed here; nothing was kept.
    Failed,
}

/// An import, as interfaces show it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportView {
    /// Its name.
    pub id: String,
    /// The source that the file is read by.
    pub source: String,
    /// What the file was called.
    pub file: String,
    /// Who began it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub begun_ms: u64,
    /// How far it is.
    pub stage: ImportStage,
    /// Bytes read so far.
    pub bytes_read: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The dataset that it became.
    pub dataset: Option<String>,
    /// Why it was refused: line and reason, never a value.
    pub reason: Option<String>,
    /// What was found, column by column.
    #[schema(value_type = Option<Object>)]
    pub report: Option<Report>,
    /// How far it is, as pages show it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

impl ImportView {
    fn over(&self) -> bool {
        self.stage != ImportStage::Reading
    }

    /// How far it is, as pages show it.
    pub fn shown(&self) -> Progress {
        let (run, words) = match self.stage {
            ImportStage::Reading => (Run::Running, "the file is being read"),
            ImportStage::Done => (Run::Done, "the rows are kept"),
            ImportStage::Refused => (Run::Failed, "the file was refused; nothing was kept"),
            ImportStage::Failed => (Run::Failed, "the import failed; nothing was kept"),
        };
        Progress::new(run, words, self.bytes_read >> 10, self.bytes >> 10, "KiB")
    }
}

/// An import with those who watch it.
pub(super) struct Running {
    pub(super) view: ImportView,
    pub(super) shots: watch::Sender<Shot>,
}

impl Running {
    pub(super) fn new(view: ImportView) -> Self {
        let shots = watch::Sender::new(Shot::default());
        let mut running = Self { view, shots };
        running.tell();
        running
    }

    fn tell(&mut self) {
        self.view.data = serde_json::to_value(self.view.shown()).unwrap_or_default();
        let data = serde_json::to_value(&self.view).unwrap_or_default();
        let over = self.view.over();
        self.shots.send_modify(|shot| *shot = Shot { revision: shot.revision + 1, over, data });
    }
}

impl HospitalDesk {
    /// Begins to read a file. Watch it by [`Self::import_shots`]; the file is removed when it was read, if it was uploaded.
    ///
    /// # Errors
    /// For a source that cannot be used, or when too many files are being read.
    pub fn begin_import(
        self: &Arc<Self>,
        by: &str,
        source: &str,
        allow: Allow,
        spool: Spool,
    ) -> Result<ImportView, DeskFault> {
        let spec = self.usable_source(source)?;
        let mut id = [0; 8];
        OsRng.fill_bytes(&mut id);
        let view = ImportView {
            id: hex::encode(id),
            source: source.to_owned(),
            file: spool.name().to_owned(),
            by: by.to_owned(),
            begun_ms: now_ms(),
            stage: ImportStage::Reading,
            bytes_read: 0,
            bytes: spool.size(),
            dataset: None,
            reason: None,
            report: None,
            data: serde_json::Value::Null,
        };
        let view = {
            let mut imports = self.imports();
            if imports.values().filter(|running| !running.view.over()).count() >= AT_A_TIME {
                let detail = "other files are being read";
                return Err(DeskFault::conflict("busy", detail, "try again when one of them is done"));
            }
            let running = Running::new(view);
            let view = running.view.clone();
            imports.insert(view.id.clone(), running);
            view
        };
        let (desk, id) = (Arc::clone(self), view.id.clone());
        tokio::task::spawn_blocking(move || desk.read_file(&id, &spec, allow, spool));
        Ok(view)
    }

    fn imports(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.imports.lock().unwrap_or_else(internal::recover)
    }

    /// All imports that are remembered, the newest first.
    pub fn import_list(&self) -> Vec<ImportView> {
        let mut views: Vec<ImportView> =
            self.imports().values().map(|running| running.view.clone()).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.begun_ms));
        views
    }

    /// An import.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn import(&self, id: &str) -> Result<ImportView, DeskFault> {
        let imports = self.imports();
        imports.get(id).map(|running| running.view.clone()).ok_or(DeskFault::Missing("import"))
    }

    /// Where to watch an import.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn import_shots(&self, id: &str) -> Result<watch::Receiver<Shot>, DeskFault> {
        let imports = self.imports();
        imports.get(id).map(|running| running.shots.subscribe()).ok_or(DeskFault::Missing("import"))
    }

    fn change_import(&self, id: &str, change: impl FnOnce(&mut ImportView)) {
        if let Some(running) = self.imports().get_mut(id) {
            change(&mut running.view);
            running.tell();
        }
    }

    fn read_file(&self, id: &str, spec: &ImportSpec, allow: Allow, spool: Spool) {
        let read = self.read_rows(id, spec, allow, &spool);
        // An upload is gone before anybody hears that it was read.
        drop(spool);
        let kept = read.and_then(|(rows, report)| {
            let view = self.import(id)?;
            let dataset = self.keep_dataset((&view.source, &view.by), &spec.schema, rows, report.clone())?;
            Ok((dataset, report))
        });
        let Ok(mut view) = self.import(id) else { return };
        match kept {
            Ok((dataset, report)) => {
                view.stage = ImportStage::Done;
                view.bytes_read = view.bytes;
                view.dataset = Some(dataset);
                view.report = Some(report);
            }
            Err(NotImported::Refused(error)) => {
                view.stage = ImportStage::Refused;
                view.reason = Some(error.to_string());
                if let ImportError::Refused { report, .. } = error {
                    view.report = Some(*report);
                }
            }
            Err(NotImported::Failed(error)) => {
                tracing::error!(%error, "an import failed");
                view.stage = ImportStage::Failed;
                view.reason = Some("the desk could not keep what it read: see its log, and try again".into());
            }
        }
        // The report is on the disk before anybody hears of it.
        if let Err(error) = self.books.put(Kind::Import, id, &view) {
            tracing::warn!(%error, "the report of an import could not be kept");
        }
        self.change_import(id, |shown| *shown = view);
    }

    fn read_rows(
        &self,
        id: &str,
        spec: &ImportSpec,
        allow: Allow,
        spool: &Spool,
    ) -> Result<(Rows, Report), NotImported> {
        let file = File::open(spool.path()).map_err(|error| DeskFault::Internal(error.kind().to_string()))?;
        let counting = Counting::new(file, |read| self.change_import(id, |view| view.bytes_read = read));
        let (handles, options) = (self.keys.handles(), Options { allow, share: None });
        let Imported { rows, report } = import(counting, spool.name(), spec, &handles, options)?;
        let ids = patient_ids(spool.path(), spec)?;
        let named: BTreeMap<_, _> =
            ids.into_iter().map(|patient| (handles.pseudonym(&patient).handle, patient)).collect();
        let name = |row: &galen_circuits::row::Row| named.get(&row.handle).cloned().unwrap_or_default();
        let patients = rows.iter().map(name).collect();
        Ok((Rows { rows, patients }, report))
    }
}

/// Why nothing was kept.
enum NotImported {
    Refused(ImportError),
    Failed(DeskFault),
}

impl From<ImportError> for NotImported {
    fn from(error: ImportError) -> Self {
        Self::Refused(error)
    }
}

impl From<DeskFault> for NotImported {
    fn from(fault: DeskFault) -> Self {
        Self::Failed(fault)
    }
}
