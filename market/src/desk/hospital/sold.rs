//! What was sold: contributions of this hospital, what became of each, and what they earned.

use serde::Serialize;
use utoipa::ToSchema;

use super::case::{Case, Stage};
use super::fault::DeskFault;
use super::overlap::Overlap;
use super::{HospitalDesk, inbox::record_of};
use crate::record::{ContributionRecord, Status};

/// A contribution, as interfaces show it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SoldView {
    /// The request.
    pub request: String,
    /// What it is about.
    pub title: String,
    /// The contribution.
    pub contribution: String,
    /// The block that accepted it.
    pub height: u64,
    /// Records sold.
    pub records: u32,
    /// Price of one, in minor units.
    pub price: Option<u64>,
    /// What became of it, for programs: waiting, reserved, lapsed, paid or unserved.
    pub status: String,
    /// What became of it, in words.
    pub words: String,
    /// What was paid, in minor units.
    pub paid: u64,
    /// Whether it can be opened late, at the hospital's own risk.
    pub may_open_late: bool,
    /// How many of its patients other contributions released.
    pub overlap: Overlap,
}

/// All that was sold.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SoldList {
    /// The contributions, the newest first.
    pub contributions: Vec<SoldView>,
    /// Minor units that were paid in all.
    pub earned: u64,
    /// Patients who were released at least once.
    pub patients: usize,
    /// Patients who were released more than once.
    pub patients_repeated: usize,
}

impl HospitalDesk {
    /// What was sold.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn sold(&self) -> Result<SoldList, DeskFault> {
        let cases: Vec<Case> = {
            let state = self.state();
            state.cases.values().filter(|case| case.stage.is_on_the_ledger()).cloned().collect()
        };
        let mut contributions = Vec::new();
        for case in &cases {
            contributions.extend(self.sold_view(case)?);
        }
        contributions.sort_by_key(|sold| std::cmp::Reverse(sold.height));
        let earned = contributions.iter().map(|sold| sold.paid).sum();
        let (patients, patients_repeated) = self.patients_released();
        Ok(SoldList { contributions, earned, patients, patients_repeated })
    }

    fn patients_released(&self) -> (usize, usize) {
        let mut counts = std::collections::BTreeMap::new();
        for handle in self.state().released.values().flatten() {
            *counts.entry(*handle).or_insert(0usize) += 1;
        }
        (counts.len(), counts.values().filter(|count| **count > 1).count())
    }

    fn sold_view(&self, case: &Case) -> Result<Option<SoldView>, DeskFault> {
        let Some(id) = case.contribution else { return Ok(None) };
        let chain = self.chain.id();
        let (record, request, price) = self.chain.read(|state, _| {
            let price = self.keys.price(state, &chain, &case.request).map(|opening| opening.amount);
            (ContributionRecord::load(state, &id), record_of(state, &case.request), price)
        })?;
        let Some(record) = record else { return Ok(None) };
        let records = record.records().get();
        let (status, words) = words(&record.status);
        let is_paid = matches!(record.status, Status::Paid { .. });
        let released = self.state().released.get(&case.request).cloned().unwrap_or_default();
        let lapsed = matches!(record.status, Status::Lapsed { .. } | Status::Reserved { .. });
        Ok(Some(SoldView {
            request: case.request.to_string(),
            title: request.map_or_else(String::new, |record| record.request.title),
            contribution: id.to_string(),
            height: record.height,
            records,
            price,
            status: status.to_owned(),
            words,
            paid: if is_paid { price.unwrap_or(0).saturating_mul(records.into()) } else { 0 },
            may_open_late: lapsed && matches!(case.stage, Stage::Unpaid { .. }),
            overlap: self.overlap(&case.request, &released),
        }))
    }
}

fn words(status: &Status) -> (&'static str, String) {
    match status {
        Status::Waiting => ("waiting", "it waits until records become free; its key stays here".into()),
        Status::Reserved { until } => {
            ("reserved", format!("its records are kept for it until block {until}; the desk opens it"))
        }
        Status::Lapsed { height } => {
            ("lapsed", format!("it was not opened in time, and lapsed in block {height}"))
        }
        Status::Paid { height, .. } => ("paid", format!("opened and paid in block {height}")),
        Status::Unserved { height } => (
            "unserved",
            format!("the request ended in block {height} before its turn came; its key stays here"),
        ),
    }
}
