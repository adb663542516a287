//! From an expression to an OR of ANDs within the limits of the circuits.

use std::collections::BTreeMap;

use super::ParseFault;
use super::grammar::Expression;
use super::ranges::{complement, joined};
use crate::schema::{Condition, Predicate, Schema};
use crate::shape::{CLAUSES, CONDITIONS};

/// Ranges by column, all of which must hold.
type Clause = BTreeMap<u8, (u16, u16)>;

/// No text within the limits needs more clauses on the way.
const MAX_CLAUSES: usize = 256;

/// The predicate of an expression.
pub(super) fn predicate(expression: &Expression, schema: &Schema) -> Result<Predicate, ParseFault> {
    let mut clauses = expand(expression, false, schema)?;
    simplify(&mut clauses);
    if clauses.is_empty() {
        return Err(ParseFault::Nothing);
    }
    if clauses.iter().any(Clause::is_empty) {
        return Ok(Predicate::everyone());
    }
    let mut conditions: Vec<Condition> = Vec::new();
    let mut masks = Vec::new();
    for clause in &clauses {
        let mut mask = 0u64;
        for (column, (lo, hi)) in clause {
            let condition = Condition { column: *column, lo: *lo, hi: *hi };
            let known = conditions.iter().position(|c| *c == condition);
            let index = known.unwrap_or_else(|| {
                conditions.push(condition);
                conditions.len() - 1
            });
            mask |= 1u64.checked_shl(index as u32).unwrap_or(0);
        }
        masks.push(mask as u8);
    }
    if clauses.len() > CLAUSES {
        return Err(ParseFault::Clauses);
    }
    if conditions.len() > CONDITIONS {
        return Err(ParseFault::Conditions(conditions.len()));
    }
    Ok(Predicate { conditions, clauses: masks })
}

fn expand(expression: &Expression, negated: bool, schema: &Schema) -> Result<Vec<Clause>, ParseFault> {
    match (expression, negated) {
        (Expression::Not(inner), _) => expand(inner, !negated, schema),
        (Expression::Everyone, false) => Ok(vec![Clause::new()]),
        (Expression::Everyone, true) => Ok(Vec::new()),
        (Expression::Any(parts), false) | (Expression::All(parts), true) => {
            let mut out = Vec::new();
            for part in parts {
                out.extend(expand(part, negated, schema)?);
                within_limit(&mut out)?;
            }
            Ok(out)
        }
        (Expression::All(parts), false) | (Expression::Any(parts), true) => {
            let mut out = vec![Clause::new()];
            for part in parts {
                let other = expand(part, negated, schema)?;
                out = out.iter().flat_map(|a| other.iter().filter_map(|b| both(a, b))).collect();
                within_limit(&mut out)?;
            }
            Ok(out)
        }
        (Expression::Ranges { column, ranges, presence }, _) => {
            let size = schema.column(*column).map_or(0, |c| c.kind.size());
            let ranges = joined(ranges.clone());
            let ranges = if negated { complement(&ranges, u16::from(!*presence), size) } else { ranges };
            Ok(ranges.into_iter().map(|range| Clause::from([(*column, range)])).collect())
        }
    }
}

fn within_limit(clauses: &mut Vec<Clause>) -> Result<(), ParseFault> {
    if clauses.len() > CLAUSES {
        simplify(clauses);
    }
    if clauses.len() > MAX_CLAUSES { Err(ParseFault::Clauses) } else { Ok(()) }
}

/// What fulfils both; none when nothing can.
fn both(a: &Clause, b: &Clause) -> Option<Clause> {
    let mut out = a.clone();
    for (column, (lo, hi)) in b {
        let range = out.entry(*column).or_insert((*lo, *hi));
        *range = (range.0.max(*lo), range.1.min(*hi));
        if range.0 > range.1 {
            return None;
        }
    }
    Some(out)
}

/// Drops clauses that others contain, and makes one of two that differ in touching ranges of one column.
fn simplify(clauses: &mut Vec<Clause>) {
    let mut i = 0;
    while i < clauses.len() {
        let pair = (0..clauses.len()).filter(|j| *j != i).find_map(|j| {
            let (a, b) = (clauses.get(i)?, clauses.get(j)?);
            merged(a, b).map(|clause| (j, clause))
        });
        match pair {
            Some((j, clause)) => {
                clauses[i] = clause;
                clauses.remove(j);
                i = 0;
            }
            None => i += 1,
        }
    }
}

fn merged(a: &Clause, b: &Clause) -> Option<Clause> {
    if a.iter()
        .all(|(column, outer)| b.get(column).is_some_and(|inner| outer.0 <= inner.0 && inner.1 <= outer.1))
    {
        return Some(a.clone());
    }
    if a.len() != b.len() || !a.keys().eq(b.keys()) {
        return None;
    }
    let mut different = a.keys().filter(|column| a.get(column) != b.get(column));
    let (column, None) = (different.next()?, different.next()) else { return None };
    match joined(vec![*a.get(column)?, *b.get(column)?]).as_slice() {
        [one] => {
            let mut out = a.clone();
            out.insert(*column, *one);
            Some(out)
        }
        _ => None,
    }
}
