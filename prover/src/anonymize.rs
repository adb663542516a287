//! Chooses equivalence classes: local recoding over ranges of codes.
//!
//! Rows are cut top-down as in multidimensional Mondrian (LeFevre et al. 2006), but at the cut that leaves the least
//! loss of all cuts that keep both sides valid, not at the median of the widest column (`split`); then rows move to
//! neighbouring classes while that lowers the loss (`polish`), and outliers whose place costs more than they are
//! worth are suppressed, within the request's limit (`suppress`). Boxes are shrunk to their rows throughout; after
//! moves they may overlap, which a release may.
//!
//! *Valid* is what the release circuit demands of a class: rows ≥ k, distinct sensitive values ≥ l, and
//! 1000 · (rows of the commonest value) ≤ α · rows, missing counting as one value. *Loss* is what it counts:
//! Σ over released rows of Σ weight · (hi − lo).
//!
//! Everything is a function of the rows in their order: no randomness, no floating point in a decision.

use galen_circuits::row::Row;
use galen_circuits::schema::{Kind, Schema};
use serde::{Deserialize, Serialize};

mod group;
mod polish;
mod quality;
mod split;
mod suppress;
mod table;

pub use quality::{ColumnLoss, Quality, Risk};

use group::Group;
use table::Table;

/// A quasi-identifier as the anonymizer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quasi {
    /// Its cell.
    pub cell: u8,
    /// Loss of one step of width.
    pub weight: u16,
    /// Codes of its domain, without missing.
    pub width: u16,
    /// Whether its codes are names without order; only the penalty reported differs.
    pub nominal: bool,
}

impl Quasi {
    /// A column of a schema, with the weight that the request gives it.
    pub fn of(schema: &Schema, cell: u8, weight: u16) -> Option<Self> {
        let column = schema.column(cell)?;
        let nominal = matches!(&column.kind, Kind::Category(category) if !category.ordered());
        Some(Self { cell, weight, width: column.kind.size(), nominal })
    }
}

/// What is asked of the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Least rows of a class.
    pub k: u16,
    /// Least distinct sensitive values of a class.
    pub l: u16,
    /// Greatest share of a value in a class, per mille.
    pub alpha: u16,
    /// Most rows suppressed, per mille of the selected.
    pub max_suppression_per_mille: u16,
    /// Greatest mean loss of a released row.
    pub max_loss: u64,
}

/// A class: the box that is released for it, and its rows as indices of the input, ordered by sensitive code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Least and greatest code of each quasi-identifier, in the order given.
    pub bounds: Vec<(u16, u16)>,
    /// The rows.
    pub rows: Vec<usize>,
}

/// Rows in classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Anonymized {
    /// The classes.
    pub classes: Vec<Class>,
    /// Rows suppressed, ascending.
    pub suppressed: Vec<usize>,
    /// What it costs and what risk is left.
    pub report: Quality,
}

/// Why rows cannot be anonymized as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnonymizeError {
    /// Nothing matches.
    #[error("no row was selected: widen the cohort, or sample more chunks")]
    NoRows,
    /// Fewer rows than a class needs.
    #[error(
        "{rows} rows cannot form a class of k = {k}: ask for a smaller k, a wider cohort or a larger sample"
    )]
    TooFewRows {
        /// Rows selected.
        rows: usize,
        /// k asked.
        k: u16,
    },
    /// Fewer distinct sensitive values than a class needs.
    #[error(
        "the rows hold {distinct} distinct sensitive values, l = {l} cannot be met: ask for a smaller l or a wider cohort"
    )]
    TooUniform {
        /// Distinct values.
        distinct: usize,
        /// l asked.
        l: u16,
    },
    /// One sensitive value is too common, even when suppressing as many rows as allowed.
    #[error(
        "one sensitive value takes {share} per mille of the rows, more than alpha = {alpha}, and suppressing {allowed} \
         rows does not help: raise alpha or the suppression limit, or widen the cohort"
    )]
    TooCommon {
        /// Its share, per mille, rounded up.
        share: u64,
        /// α asked.
        alpha: u16,
        /// Rows that may be suppressed.
        allowed: usize,
    },
    /// The loss stays above the limit.
    #[error(
        "the mean loss of a row is {loss}, above the limit of {limit}: raise the limit, lower k, or widen the cohort"
    )]
    TooCoarse {
        /// Mean loss reached, rounded up.
        loss: u64,
        /// The limit.
        limit: u64,
    },
    /// A parameter makes no sense.
    #[error("{0}")]
    Parameter(&'static str),
}

/// Puts rows into classes.
///
/// # Errors
/// [`AnonymizeError`], saying what to change.
pub fn anonymize(
    rows: &[Row],
    quasi: &[Quasi],
    sensitive: u8,
    params: &Params,
) -> Result<Anonymized, AnonymizeError> {
    let table = Table::new(rows, quasi, sensitive, params)?;
    let allowed = rows.len() * usize::from(params.max_suppression_per_mille.min(1000)) / 1000;
    let mut suppressed = suppress::until_feasible(&table, allowed)?;
    let kept = table.all_but(&suppressed);
    let mut groups = split::split(&table, Group::new(&table, kept));
    polish::polish(&table, &mut groups);
    suppress::outliers(&table, &mut groups, &mut suppressed, allowed);
    suppress::down_to_limit(&table, &mut groups, &mut suppressed, allowed)?;
    suppressed.sort_unstable();
    let mut classes: Vec<Class> = groups.iter().map(|group| group.class(&table)).collect();
    classes.sort_by(|a, b| (&a.bounds, &a.rows).cmp(&(&b.bounds, &b.rows)));
    let report = quality::measure(&table, quasi, &classes, suppressed.len());
    Ok(Anonymized { classes, suppressed, report })
}
