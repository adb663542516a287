//! Datasets: what was imported, and what the ledger has of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use galen_circuits::dataset::Dataset;
use galen_circuits::field::{F, hex_serde};
use galen_circuits::registry::dataset_leaf;
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::Schema;
use galen_ledger::{Height, StateRead};
use galen_prover::import::Report;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::books::Kind;
use super::fault::DeskFault;
use super::{HospitalDesk, internal};
use crate::action::{Action, WithdrawDataset};
use crate::chain::ChainError;
use crate::id::SchemaId;
use crate::registry;
use crate::transaction::{Order, Transaction};

/// Most blocks that an order of this desk stays valid.
const ORDER_BLOCKS: u64 = 200;

/// A dataset as the desk keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetRecord {
    /// Its name here, drawn at random.
    pub id: String,
    /// The source that its file was read by.
    pub source: String,
    /// Its schema.
    pub schema: SchemaId,
    /// The schema's name, for people.
    pub schema_name: String,
    /// Who imported it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub imported_ms: u64,
    /// Chunks of 64 places.
    pub chunks: u64,
    /// What the ledger has of it, once it is committed.
    #[serde(with = "hex_serde")]
    pub body: F,
    /// What was found in the file.
    pub report: Report,
    /// The block that committed it.
    pub committed: Option<u64>,
}

/// Rows at rest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// The patients behind the rows, in their order.
    pub(super) patients: Vec<String>,
}

/// A dataset in memory.
pub(super) struct Loaded {
    pub(super) record: DatasetRecord,
    pub(super) dataset: Dataset,
    pub(super) names: BTreeMap<Handle, String>,
    pub(super) salt: F,
}

/// What becomes of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "standing")]
pub enum Standing {
    /// Only here: nothing can be sold from it.
    Imported,
    /// Requests that are posted from now on can be answered from it.
    Committed {
        /// Since this block.
        since: u64,
        /// Unless it is committed again it leaves the registry after this block.
        until: u64,
    },
    /// It was committed, and is no more: requests that were posted while it was can still be answered from it.
    Former,
}

/// A dataset, as interfaces show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DatasetView {
    /// Its name at this desk.
    pub id: String,
    /// The source that its file was read by.
    pub source: String,
    /// Its schema's name on the ledger.
    pub schema: String,
    /// The schema's name, for people.
    pub schema_name: String,
    /// Who imported it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub imported_ms: u64,
    /// Patients.
    pub patients: u64,
    /// Chunks of 64 places.
    pub chunks: u64,
    /// What the ledger has of it, once it is committed.
    pub commitment: String,
    /// What became of it.
    #[serde(flatten)]
    pub standing: Standing,
    /// What was found in the file.
    #[schema(value_type = Object)]
    pub report: Report,
}

impl HospitalDesk {
    /// All datasets, the newest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn datasets(&self) -> Result<Vec<DatasetView>, DeskFault> {
        let records: Vec<DatasetRecord> = self.state().datasets.values().cloned().collect();
        let mut views = self.chain.read(|state, _| {
            records.into_iter().map(|record| self.dataset_view(state, record)).collect::<Vec<_>>()
        })?;
        views.sort_by_key(|view| std::cmp::Reverse(view.imported_ms));
        Ok(views)
    }

    /// A dataset.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn dataset(&self, id: &str) -> Result<DatasetView, DeskFault> {
        let record = self.dataset_record(id)?;
        Ok(self.chain.read(|state, _| self.dataset_view(state, record))?)
    }

    fn dataset_record(&self, id: &str) -> Result<DatasetRecord, DeskFault> {
        self.state().datasets.get(id).cloned().ok_or(DeskFault::Missing("dataset"))
    }

    fn dataset_view(&self, state: &dyn StateRead, record: DatasetRecord) -> DatasetView {
        let place = registry::place(state, &self.keys.account().key(), &record.schema);
        let active = place.and_then(|place| place.dataset).filter(|active| active.body == record.body);
        let until = |since: u64| since.saturating_add(self.config.windows.recommit_time);
        let standing = match (active, record.committed) {
            (Some(active), _) => Standing::Committed { since: active.height, until: until(active.height) },
            (None, Some(_)) => Standing::Former,
            (None, None) => Standing::Imported,
        };
        DatasetView {
            id: record.id,
            source: record.source,
            schema: record.schema.to_string(),
            schema_name: record.schema_name,
            by: record.by,
            imported_ms: record.imported_ms,
            patients: record.report.patients,
            chunks: record.chunks,
            commitment: hex::encode(galen_circuits::field::to_bytes(&record.body)),
            standing,
            report: record.report,
        }
    }

    /// Keeps what was imported. Nothing of it is on the ledger yet.
    pub(super) fn keep_dataset(
        &self,
        (source, by): (&str, &str),
        schema: &Schema,
        rows: Rows,
        report: Report,
    ) -> Result<String, DeskFault> {
        let mut name = [0; 16];
        rand::RngCore::fill_bytes(&mut OsRng, &mut name);
        let id = hex::encode(name);
        let salt = self.keys.salt(id.as_bytes());
        let dataset = build(&rows.rows, schema)?;
        let record = DatasetRecord {
            id: id.clone(),
            source: source.to_owned(),
            schema: SchemaId::of(schema),
            schema_name: schema.name().to_owned(),
            by: by.to_owned(),
            imported_ms: super::now_ms(),
            chunks: dataset.chunks().len() as u64,
            body: dataset.body(salt),
            report,
            committed: None,
        };
        // The record last: rows without one are nothing.
        self.books.put(Kind::Rows, &id, &rows)?;
        self.books.put(Kind::Dataset, &id, &record)?;
        self.state().datasets.insert(id.clone(), record);
        Ok(id)
    }

    /// A dataset with its rows.
    pub(super) fn load(&self, id: &str, schema: &Schema) -> Result<Arc<Loaded>, DeskFault> {
        if let Some(loaded) = self.loaded.lock().unwrap_or_else(internal::recover).get(id) {
            return Ok(Arc::clone(loaded));
        }
        let record = self.dataset_record(id)?;
        let Rows { rows, patients } =
            self.books.get(Kind::Rows, id)?.ok_or(DeskFault::Missing("dataset's rows"))?;
        let dataset = build(&rows, schema)?;
        let names = rows.iter().map(|row| row.handle).zip(patients).collect();
        let salt = self.keys.salt(id.as_bytes());
        let loaded = Arc::new(Loaded { record, dataset, names, salt });
        self.loaded.lock().unwrap_or_else(internal::recover).insert(id.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Which dataset the ledger has as this leaf.
    pub(super) fn behind(&self, leaf: F, schema: &SchemaId) -> Option<String> {
        let seller = self.keys.seller_name();
        let is = |record: &&DatasetRecord| {
            record.schema == *schema && dataset_leaf(record.body, schema.field(), seller.field()) == leaf
        };
        self.state().datasets.values().find(is).map(|record| record.id.clone())
    }

    /// Commits to a dataset on the ledger, in the place of the one before; gives the block. Once more gives the same block.
    ///
    /// # Errors
    /// What the ledger refuses, or that it cannot be reached: then the same call goes on with the same order.
    pub async fn commit(&self, id: &str) -> Result<u64, DeskFault> {
        let record = self.dataset_record(id)?;
        if let Standing::Committed { since, .. } = self.dataset(id)?.standing {
            return Ok(since);
        }
        let action = self.keys.commitment(record.schema, record.body);
        let height = self.order(&format!("{id}-commit"), action).await?;
        let record = DatasetRecord { committed: Some(height), ..record };
        self.books.put(Kind::Dataset, id, &record)?;
        self.state().datasets.insert(id.to_owned(), record);
        tracing::info!(height, "a dataset was committed");
        Ok(height)
    }

    /// Takes a dataset out of the registry; gives the block.
    ///
    /// # Errors
    /// When it is not the active one, or the ledger cannot be reached.
    pub async fn withdraw(&self, id: &str) -> Result<u64, DeskFault> {
        let record = self.dataset_record(id)?;
        if !matches!(self.dataset(id)?.standing, Standing::Committed { .. }) {
            return Err(DeskFault::conflict(
                "not-committed",
                "this dataset is not on the ledger",
                "choose the one that is committed",
            ));
        }
        let account = self.keys.account().key();
        let action = Action::WithdrawDataset(WithdrawDataset { account, schema: record.schema });
        self.order(&format!("{id}-withdraw"), action).await
    }

    /// Erases a dataset that the ledger does not have: requests that were posted while it had can then not be answered.
    ///
    /// # Errors
    /// When it is committed.
    pub fn erase(&self, id: &str) -> Result<(), DeskFault> {
        if let Standing::Committed { .. } = self.dataset(id)?.standing {
            return Err(DeskFault::conflict(
                "committed",
                "this dataset is committed",
                "withdraw it, or commit another one in its place, and erase it then",
            ));
        }
        self.books.wipe(Kind::Dataset, id)?;
        self.books.wipe(Kind::Rows, id)?;
        self.state().datasets.remove(id);
        self.loaded.lock().unwrap_or_else(internal::recover).remove(id);
        Ok(())
    }

    /// Executes an order of the hospital's account. It is kept before it is sent, so that a call that is made again after a
    /// broken connection or a stop sends the same bytes, which the ledger executes once.
    async fn order(&self, name: &str, action: Action) -> Result<u64, DeskFault> {
        if let Some(kept) = self.books.get::<String>(Kind::Order, name)? {
            let bytes =
                hex::decode(kept).map_err(|_| DeskFault::Internal("a kept order is damaged".into()))?;
            match self.chain.submit(bytes).await {
                Ok(done) if done.receipt.accepted => return self.ordered(name, done.height),
                // Refused for good: it is made anew below.
                Ok(_) | Err(ChainError::Refused { .. }) => self.books.wipe(Kind::Order, name)?,
                Err(error) => return Err(error.into()),
            }
        }
        let life = self.config.windows.order_life.min(ORDER_BLOCKS);
        let until = Height::new(self.chain.position().height.get().saturating_add(life));
        let order = Order::new(action, until, &mut OsRng);
        let signed: Transaction = order.sign(&self.chain.id(), &[&self.keys.account()]);
        let bytes = signed.to_bytes();
        self.books.put(Kind::Order, name, &hex::encode(&bytes))?;
        let done = self.chain.submit(bytes).await?;
        if !done.receipt.accepted {
            self.books.wipe(Kind::Order, name)?;
            let (code, message) = (done.receipt.code, done.receipt.message);
            return Err(ChainError::Refused { code, message }.into());
        }
        self.ordered(name, done.height)
    }

    fn ordered(&self, name: &str, height: Height) -> Result<u64, DeskFault> {
        self.books.wipe(Kind::Order, name)?;
        Ok(height.get())
    }
}

fn build(rows: &[Row], schema: &Schema) -> Result<Dataset, DeskFault> {
    let chunks = Dataset::chunks_for(rows.len(), schema.min_chunks() as usize);
    Dataset::new(rows, chunks)
        .map_err(|fault| DeskFault::invalid("dataset", fault.to_string(), "import fewer patients"))
}
