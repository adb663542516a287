//! The utility report: what was asked, what is proven on the ledger, and what this desk measured in the rows it got.
//!
//! A *group* is the rows of one contribution with the same ranges. A class that was proven lies within one group, so that the
//! smallest group has at least k rows; two classes with the same ranges make one group.

use std::collections::BTreeMap;

use galen_circuits::schema::Schema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::researcher::Delivery;
use crate::id::RequestId;
use crate::record::RequestRecord;

/// A utility report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The request.
    pub request: String,
    /// What it is about.
    pub title: String,
    /// Which patients.
    pub cohort: String,
    /// As of which block.
    pub height: u64,
    /// What was asked of classes.
    pub asked: Thresholds,
    /// What the ledger proves of every row, in words.
    pub proven: Vec<String>,
    /// What nothing here proves.
    pub not_proven: Vec<String>,
    /// All contributions together.
    pub total: Share,
    /// Each contribution.
    pub contributions: Vec<Share>,
    /// Each column that was released as a range.
    pub columns: Vec<Width>,
    /// What was paid, in minor units.
    pub paid: Option<u64>,
}

/// What a request asks of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Thresholds {
    /// Least patients of a class.
    pub k: u16,
    /// Least distinct sensitive values of a class.
    pub l: u16,
    /// Greatest share of one sensitive value in a class, per mille.
    pub alpha: u16,
    /// Most patients suppressed, per mille.
    pub max_suppressed: u16,
    /// Most weighted width of the ranges of a record, on average.
    pub max_loss_per_row: u64,
}

/// A contribution, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// The contribution; empty for all together.
    pub contribution: String,
    /// Proven: records released.
    pub released: u32,
    /// Proven: matching patients suppressed.
    pub suppressed: u32,
    /// Proven: suppressed, per mille of those that match.
    pub suppressed_per_mille: u32,
    /// Proven: weighted width of the ranges of a record, on average.
    pub loss_per_row: u64,
    /// The same, per mille of ranges that say nothing.
    pub loss_per_mille: u64,
    /// Measured: groups of rows with the same ranges.
    pub groups: usize,
    /// Measured: rows of the smallest group.
    pub smallest_group: usize,
    /// Measured: rows of the largest group.
    pub largest_group: usize,
    /// Measured: least number of distinct sensitive values in a group; none if they were not released.
    pub least_distinct: Option<usize>,
    /// Measured: greatest share of one sensitive value in a group, per mille, rounded up.
    pub greatest_share: Option<usize>,
}

/// How wide a column's ranges are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Width {
    /// The column.
    pub column: String,
    /// Mean width of its ranges, per mille of its domain: 0 says the value, 1000 says nothing.
    pub mean_per_mille: u64,
    /// Rows whose range is one value, per mille.
    pub exact_per_mille: usize,
}

impl Report {
    /// The report on what was delivered.
    pub fn of(
        record: &RequestRecord,
        (id, height): (&RequestId, u64),
        schema: &Schema,
        deliveries: &[Delivery],
        price: Option<u64>,
    ) -> Self {
        let request = &record.request;
        let terms = &request.terms;
        let whole = whole(record, schema);
        let asked = Thresholds {
            k: terms.k,
            l: terms.l,
            alpha: terms.alpha,
            max_suppressed: request.limits.max_suppressed_per_mille,
            max_loss_per_row: request.limits.max_loss_per_row,
        };
        let contributions: Vec<Share> =
            deliveries.iter().map(|delivery| Share::of(delivery, terms.sensitive, whole)).collect();
        let total = Share::all(deliveries, &contributions, whole);
        Self {
            request: id.to_string(),
            title: request.title.clone(),
            cohort: terms.predicate.describe(schema),
            height,
            asked,
            proven: proven(record, schema),
            not_proven: not_proven(),
            paid: price.map(|price| price.saturating_mul(total.released.into())),
            total,
            contributions,
            columns: columns(record, schema, deliveries),
        }
    }
}

/// The loss of a row about which nothing is said.
fn whole(record: &RequestRecord, schema: &Schema) -> u64 {
    let of = |column: u8| schema.column(column).map_or(0, |found| u64::from(found.kind.size()));
    record
        .request
        .terms
        .quasi_identifiers
        .iter()
        .map(|quasi| of(quasi.column) * u64::from(quasi.weight))
        .sum()
}

fn proven(record: &RequestRecord, schema: &Schema) -> Vec<String> {
    let request = &record.request;
    let terms = &request.terms;
    let sensitive = schema.column(terms.sensitive).map_or("", |column| &column.name);
    vec![
        format!(
            "Each row is of a dataset that an accredited hospital had committed to before the request was posted \
             (block {}).",
            record.posted
        ),
        format!(
            "Of {} chunks of each hospital, drawn by the ledger, all patients who match and consent to the purpose \
             are there, but for those counted as suppressed.",
            request.sample
        ),
        format!("Every class has at least k = {} patients.", terms.k),
        format!(
            "Every class has at least l = {} values of {sensitive}, and none has a larger share than α = {} ‰.",
            terms.l, terms.alpha
        ),
        "The rows in the table are the ones that were proven: the key that opened them was shown on the ledger.".into(),
    ]
}

fn not_proven() -> Vec<String> {
    [
        "That what a hospital committed to is true and complete.",
        "That patients of two hospitals are two persons.",
        "That these data stay anonymous together with other releases, also later ones, of overlapping cohorts.",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn per_mille(part: u64, of: u64) -> u64 {
    (part * 1000).checked_div(of).unwrap_or(0)
}

impl Share {
    fn of(delivery: &Delivery, sensitive: u8, whole: u64) -> Self {
        let totals = delivery.record.totals;
        let mut groups: BTreeMap<&[(u16, u16)], Vec<Option<u16>>> = BTreeMap::new();
        for row in &delivery.rows {
            let value = row.cells.get(usize::from(sensitive)).copied().flatten();
            groups.entry(&row.bounds).or_default().push(value);
        }
        let sizes = || groups.values().map(Vec::len);
        let known = delivery
            .rows
            .iter()
            .all(|row| row.cells.get(usize::from(sensitive)).is_some_and(Option::is_some));
        let counts: Vec<(usize, usize)> = groups.values().map(|values| diversity(values)).collect();
        let share = Self {
            contribution: delivery.contribution.to_string(),
            released: totals.released,
            suppressed: totals.suppressed,
            groups: groups.len(),
            smallest_group: sizes().min().unwrap_or(0),
            largest_group: sizes().max().unwrap_or(0),
            least_distinct: counts.iter().map(|(distinct, _)| *distinct).min().filter(|_| known),
            greatest_share: counts.iter().map(|(_, share)| *share).max().filter(|_| known),
            ..Self::default()
        };
        share.with_rates(totals.loss, whole)
    }

    fn all(deliveries: &[Delivery], shares: &[Self], whole: u64) -> Self {
        let total = Self {
            released: shares.iter().map(|share| share.released).sum(),
            suppressed: shares.iter().map(|share| share.suppressed).sum(),
            groups: shares.iter().map(|share| share.groups).sum(),
            smallest_group: shares.iter().map(|share| share.smallest_group).min().unwrap_or(0),
            largest_group: shares.iter().map(|share| share.largest_group).max().unwrap_or(0),
            least_distinct: shares.iter().filter_map(|share| share.least_distinct).min(),
            greatest_share: shares.iter().filter_map(|share| share.greatest_share).max(),
            ..Self::default()
        };
        total.with_rates(deliveries.iter().map(|delivery| delivery.record.totals.loss).sum(), whole)
    }

    fn with_rates(self, loss: u64, whole: u64) -> Self {
        let (released, suppressed) = (u64::from(self.released), u64::from(self.suppressed));
        let rate = per_mille(suppressed, released + suppressed);
        Self {
            suppressed_per_mille: u32::try_from(rate).unwrap_or(u32::MAX),
            loss_per_row: loss.checked_div(released).unwrap_or(0),
            loss_per_mille: per_mille(loss, whole * released),
            ..self
        }
    }
}

/// Distinct values, and the greatest share of one, per mille, rounded up. Missing counts as one value.
fn diversity(values: &[Option<u16>]) -> (usize, usize) {
    let mut counts: BTreeMap<Option<u16>, usize> = BTreeMap::new();
    values.iter().for_each(|value| *counts.entry(*value).or_default() += 1);
    let most = counts.values().max().copied().unwrap_or(0);
    (counts.len(), (most * 1000).div_ceil(values.len().max(1)))
}

fn columns(record: &RequestRecord, schema: &Schema, deliveries: &[Delivery]) -> Vec<Width> {
    let rows = || deliveries.iter().flat_map(|delivery| &delivery.rows);
    let count = rows().count();
    let quasi = record.request.terms.quasi_identifiers.iter().enumerate();
    let width = |(place, quasi): (usize, &galen_circuits::request::QuasiIdentifier)| {
        let column = schema.column(quasi.column)?;
        let size = u64::from(column.kind.size());
        let widths: Vec<u64> = rows()
            .filter_map(|row| row.bounds.get(place))
            .map(|(lo, hi)| u64::from(hi.saturating_sub(*lo)).min(size))
            .collect();
        let exact = widths.iter().filter(|width| **width == 0).count();
        Some(Width {
            column: column.name.clone(),
            mean_per_mille: per_mille(widths.iter().sum(), size * widths.len() as u64),
            exact_per_mille: (exact * 1000).checked_div(count).unwrap_or(0),
        })
    };
    quasi.filter_map(width).collect()
}
