//! Which rows a request asks for, as the circuits see it.

use serde::{Deserialize, Serialize};

use super::text::needs_quotes;
use super::{Class, Column, Kind, Schema};
use crate::shape::{CELLS, CLAUSES, CONDITIONS};

/// A cell's code lies in `lo..=hi`. A range from 1 excludes missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Index of the cell.
    pub column: u8,
    /// Least code.
    pub lo: u16,
    /// Greatest code.
    pub hi: u16,
}

impl Condition {
    /// Whether a row fulfils it; a column that no row has is never fulfilled.
    pub fn holds(&self, cells: &[u16; CELLS]) -> bool {
        cells.get(usize::from(self.column)).is_some_and(|code| (self.lo..=self.hi).contains(code))
    }
}

/// An OR of up to four clauses; a clause is an AND of conditions, named by a bit mask. A zero mask is an unused
/// clause and matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Up to eight conditions.
    pub conditions: Vec<Condition>,
    /// Up to four masks; bit i is condition i.
    pub clauses: Vec<u8>,
}

/// Why a predicate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredicateFault {
    /// Too many conditions.
    #[error("a request has at most {CONDITIONS} conditions, this one has {0}")]
    Conditions(usize),
    /// Too many clauses, or none that can match.
    #[error("a request has 1 to {CLAUSES} clauses that are not empty, this one has {0}")]
    Clauses(usize),
    /// A clause names a condition that is not there.
    #[error("clause {0} names a condition that is not there")]
    Mask(usize),
    /// A condition's column is not in the schema.
    #[error("condition {0} names a column that the schema does not have")]
    Column(usize),
    /// A condition's range is empty.
    #[error("condition {0} is empty: its lower end lies above its upper end")]
    Empty(usize),
    /// A condition asks about a column that is never released; each answer would release a piece of it.
    #[error("condition {0} asks about a column that may never be released")]
    NeverReleased(usize),
}

impl Predicate {
    /// The predicate that every row fulfils.
    pub fn everyone() -> Self {
        Self { conditions: vec![Condition { column: 0, lo: 0, hi: u16::MAX }], clauses: vec![1] }
    }

    /// Whether a row fulfils one of the clauses.
    pub fn matches(&self, cells: &[u16; CELLS]) -> bool {
        let met = (0..).zip(self.conditions.iter().take(CONDITIONS));
        let met = met.fold(0u8, |met, (i, condition)| met | (u8::from(condition.holds(cells)) << i));
        self.clauses.iter().any(|mask| *mask != 0 && mask & !met == 0)
    }

    /// Checks sizes, masks, ranges and columns against a schema.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, schema: &Schema) -> Result<(), PredicateFault> {
        if self.conditions.len() > CONDITIONS {
            return Err(PredicateFault::Conditions(self.conditions.len()));
        }
        let used = self.clauses.iter().filter(|mask| **mask != 0).count();
        if used == 0 || self.clauses.len() > CLAUSES {
            return Err(PredicateFault::Clauses(used));
        }
        let present = ((1u16 << self.conditions.len()) - 1) as u8;
        if let Some(clause) = self.clauses.iter().position(|mask| mask & !present != 0) {
            return Err(PredicateFault::Mask(clause));
        }
        for (i, condition) in self.conditions.iter().enumerate() {
            let column = schema.column(condition.column).ok_or(PredicateFault::Column(i))?;
            if condition.lo > condition.hi {
                return Err(PredicateFault::Empty(i));
            }
            if column.class == Class::NeverReleased {
                return Err(PredicateFault::NeverReleased(i));
            }
        }
        Ok(())
    }

    /// The predicate in words: `diag_1 in 250.* and age in 40-59`, clauses joined by `or`.
    pub fn describe(&self, schema: &Schema) -> String {
        let clause = |mask: &u8| {
            let named =
                (0..).zip(&self.conditions).filter(|(i, _)| mask.checked_shr(*i).unwrap_or(0) & 1 == 1);
            named.map(|(_, c)| c.describe(schema)).collect::<Vec<_>>().join(" and ")
        };
        let clauses: Vec<String> = self.clauses.iter().filter(|mask| **mask != 0).map(clause).collect();
        if clauses.is_empty() { "nobody".into() } else { clauses.join(" or ") }
    }
}

impl Condition {
    fn describe(&self, schema: &Schema) -> String {
        let Some(column) = schema.column(self.column) else {
            return format!("cell {} in codes {}..={}", self.column, self.lo, self.hi);
        };
        match (self.lo, self.hi) {
            (0, hi) if hi >= column.kind.size() => "everyone".into(),
            (1, hi) if hi >= column.kind.size() => format!("{} is known", column.name),
            (0, 0) => format!("{} is missing", column.name),
            (0, hi) => {
                format!("({0} in {1} or {0} is missing)", column.name, written(column, 1, hi))
            }
            (lo, hi) => format!("{} in {}", column.name, written(column, lo, hi)),
        }
    }
}

/// A range as a request would write it.
fn written(column: &Column, lo: u16, hi: u16) -> String {
    let quoted = |name: String| if needs_quotes(&name) { format!("\"{name}\"") } else { name };
    match &column.kind {
        Kind::Category(category) if !category.ordered() => {
            let names: Vec<String> = category
                .cover(lo, hi)
                .iter()
                .map(|node| quoted(column.kind.label(node.lo, node.hi)))
                .collect();
            format!("{{{}}}", names.join(", "))
        }
        Kind::Category(category) if category.cover(lo, hi).len() > 1 => {
            format!("{}..{}", quoted(column.kind.decode(lo)), quoted(column.kind.decode(hi)))
        }
        Kind::Category(_) => quoted(column.kind.label(lo, hi)),
        kind => kind.label(lo, hi),
    }
}
