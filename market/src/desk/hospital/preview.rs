//! Previews: what an answer to a request would release, and at what risk. Nothing is written, proven or sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use galen_circuits::row::Handle;
use galen_circuits::schema::Schema;
use galen_prover::anonymize::{Quality, Risk};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HospitalDesk;
use super::dataset::Loaded;
use super::fault::DeskFault;
use super::inbox::{InboxItem, cannot, record_of};
use super::overlap::Overlap;
use super::room::RoomView;
use crate::agent::hospital::Answer;
use crate::id::RequestId;
use crate::query::{self, Offer};

/// An answer that was looked at, with everything that it was made from.
pub(super) struct Looked {
    pub(super) offer: Offer,
    pub(super) schema: Arc<Schema>,
    pub(super) loaded: Arc<Loaded>,
    pub(super) answer: Answer,
    /// Of what would leave the hospital.
    pub(super) content: String,
}

/// Classes of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassSize {
    /// Patients of a class.
    pub patients: usize,
    /// Classes of this size.
    pub classes: usize,
}

/// What a released column lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ColumnPenalty {
    /// The column.
    pub column: String,
    /// Mean share of its domain that a released range spans, 0 to 1.
    pub loss: f64,
}

/// Chances that an outsider picks the right patient, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risks {
    /// Of one who knows that the target is in the release: the worst row.
    pub prosecutor: f64,
    /// Of one who does not know it: the worst row.
    pub journalist: f64,
    /// Of one who wants many: the mean row.
    pub marketer: f64,
    /// Rows that are alone in their class.
    pub unique: f64,
}

impl From<Risk> for Risks {
    fn from(risk: Risk) -> Self {
        let Risk { prosecutor, journalist, marketer, unique } = risk;
        Self { prosecutor, journalist, marketer, unique }
    }
}

/// What would be released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// Rows of the run that the ledger drew.
    pub scanned: usize,
    /// Of them, rows that match and whose patients consent.
    pub selected: usize,
    /// Of them, rows released.
    pub released: usize,
    /// Of them, rows suppressed.
    pub suppressed: usize,
    /// Classes.
    pub classes: usize,
    /// How many classes there are of each size.
    pub sizes: Vec<ClassSize>,
    /// Patients of the smallest class.
    pub smallest_class: usize,
    /// Least different sensitive values of a class.
    pub least_distinct: usize,
    /// Greatest share of one sensitive value in a class, per mille.
    pub worst_share: u64,
    /// Mean loss of all released ranges, 0 to 1.
    pub loss: f64,
    /// Loss of each column that is released as a range.
    pub columns: Vec<ColumnPenalty>,
    /// Columns that are released as they are.
    pub as_they_are: Vec<String>,
    /// Risk if the rows were released as they are.
    pub risk_before: Risks,
    /// Risk of the release.
    pub risk_after: Risks,
}

/// A preview, as interfaces show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// What is asked.
    pub request: InboxItem,
    /// The dataset that the ledger asks it of.
    pub dataset: String,
    /// What would be released.
    pub release: Release,
    /// How much of it was released before.
    pub overlap: Overlap,
    /// Whether the request can still take all of it.
    pub room: RoomView,
    /// What would be paid, in minor units, if all of it is served.
    pub earnings: Option<u64>,
    /// An approval is of this preview: name it. A change of release, overlap or price is another one.
    pub digest: String,
}

impl Release {
    fn new(answer: &Answer, schema: &Schema, as_they_are: &[u8]) -> Self {
        let Quality { columns, risk_before, risk_after, .. } = &answer.anonymized.report;
        let name = |cell: u8| schema.column(cell).map_or_else(String::new, |column| column.name.clone());
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for class in &answer.anonymized.classes {
            *sizes.entry(class.rows.len()).or_default() += 1;
        }
        let quality = &answer.anonymized.report;
        Self {
            scanned: answer.scanned,
            selected: answer.selected.len(),
            released: quality.released,
            suppressed: quality.suppressed,
            classes: quality.classes,
            sizes: sizes.into_iter().map(|(patients, classes)| ClassSize { patients, classes }).collect(),
            smallest_class: quality.smallest_class,
            least_distinct: quality.least_distinct,
            worst_share: quality.worst_share,
            loss: quality.penalty,
            columns: columns
                .iter()
                .map(|c| ColumnPenalty { column: name(c.cell), loss: c.penalty })
                .collect(),
            as_they_are: as_they_are.iter().map(|cell| name(*cell)).collect(),
            risk_before: (*risk_before).into(),
            risk_after: (*risk_after).into(),
        }
    }
}

impl HospitalDesk {
    /// Looks at the run that the ledger drew of the dataset that it asks for. Takes a while.
    pub(super) fn look(&self, request: &RequestId) -> Result<Looked, DeskFault> {
        let (chain, account) = (self.chain.id(), self.keys.account().key());
        let offer =
            self.chain.read(|state, _| query::offer(state, &chain, &self.config, &account, request))?;
        let offer = offer.map_err(|fault| cannot(&fault))?;
        let schema_id = crate::id::SchemaId::new(offer.statement.terms.schema);
        let schema = self.schema(&schema_id)?;
        let Some(dataset) = self.behind(offer.dataset_leaf, &schema_id) else {
            return Err(DeskFault::conflict(
                "dataset-not-here",
                "the dataset that the ledger asks for is not at this desk: it was erased, or committed elsewhere",
                "import and commit the current data; requests posted after that can be answered",
            ));
        };
        let loaded = self.load(&dataset, &schema)?;
        let answer = self.keys.answer(&offer, &loaded.dataset, &schema).map_err(|fault| {
            DeskFault::conflict(
                "cannot-anonymize",
                format!("the matching rows of the run cannot be released as asked: {fault}"),
                "leave this request: what it asks cannot be changed any more",
            )
        })?;
        let content = hex::encode(answer.digest(&self.keys, &offer.statement));
        Ok(Looked { offer, schema, loaded, answer, content })
    }

    /// What an answer to a request would release. Takes a while.
    ///
    /// # Errors
    /// Why it cannot be answered.
    pub fn preview(&self, request: &RequestId) -> Result<PreviewView, DeskFault> {
        let looked = self.look(request)?;
        let item = self.inbox_item(request)?;
        self.view(looked, item, request)
    }

    pub(super) fn view(
        &self,
        looked: Looked,
        item: InboxItem,
        request: &RequestId,
    ) -> Result<PreviewView, DeskFault> {
        let Looked { offer, schema, loaded, answer, content } = looked;
        let release = Release::new(&answer, &schema, &offer.statement.terms.released);
        let room = self.room(request, release.released)?;
        let handles: BTreeSet<Handle> = answer.released().collect();
        let overlap = self.overlap(request, &handles);
        let earnings = item.price.and_then(|price| price.checked_mul(release.released as u64));
        let digest = digest(&content, &overlap, item.price);
        let dataset = loaded.record.id.clone();
        Ok(PreviewView { dataset, request: item, release, overlap, room, earnings, digest })
    }

    /// What a request has for so many records.
    pub(super) fn room(&self, request: &RequestId, needed: usize) -> Result<RoomView, DeskFault> {
        let record = self.chain.read(|state, _| record_of(state, request))?;
        Ok(RoomView::new(&record.ok_or(DeskFault::Missing("request"))?, needed))
    }
}

/// Names all that a steward was shown, but for what others change all the time: time and room that are left.
fn digest(content: &str, overlap: &Overlap, price: Option<u64>) -> String {
    let shown = serde_json::to_vec(&(content, overlap, price)).unwrap_or_default();
    blake3::hash(&shown).to_hex().to_string()
}
