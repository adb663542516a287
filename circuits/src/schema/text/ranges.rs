//! From values in words to ranges of codes. No range means that no value of the column can fulfil the condition.

use super::ParseFault;
use crate::schema::{Category, Column, DateSpan, Kind, Number};

/// The sense of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Below,
    AtMost,
    Above,
    AtLeast,
}

type Range = Option<(u16, u16)>;

/// The range of a value, group, or written range (`40-49`, `E10-E14`).
pub(super) fn named(column: &Column, value: &str, at: usize) -> Result<Range, ParseFault> {
    if let Kind::Category(category) = &column.kind
        && let Some(range) = category.subtree(value)
    {
        return Ok(Some(range));
    }
    let ends = |first: &str, last: &str| {
        let from = compared(column, Sense::AtLeast, first, at)?;
        let to = compared(column, Sense::AtMost, last, at)?;
        Ok(from.zip(to).map(|((lo, _), (_, hi))| (lo, hi)).filter(|(lo, hi)| lo <= hi))
    };
    match &column.kind {
        Kind::Number(_) | Kind::Category(_) if !sign_only(value) => {
            // A name may hold the dash itself, so every place to cut is tried.
            let cuts = value.match_indices('-').filter(|(i, _)| *i > 0);
            let known = |(i, _): (usize, &str)| ends(value[..i].trim(), value[i + 1..].trim());
            let found: Vec<_> = cuts.map(known).collect();
            match found.iter().position(Result::is_ok) {
                Some(index) => found.into_iter().nth(index).unwrap_or(Ok(None)),
                None => Err(found.into_iter().find_map(inside_step).unwrap_or(unknown(column, value, at))),
            }
        }
        _ => ends(value, value),
    }
}

/// A step that was cut is the better explanation than "no such value".
fn inside_step(result: Result<Range, ParseFault>) -> Option<ParseFault> {
    result.err().filter(|fault| matches!(fault, ParseFault::InsideStep { .. }))
}

/// Whether a dash in the value can only be a minus.
fn sign_only(value: &str) -> bool {
    !value.get(1..).is_some_and(|rest| rest.contains('-'))
}

/// The range of the values that compare so.
pub(super) fn compared(column: &Column, sense: Sense, value: &str, at: usize) -> Result<Range, ParseFault> {
    match &column.kind {
        Kind::Number(number) => numbers(column, number, sense, value, at),
        Kind::Date(span) => days(column, span, sense, value, at),
        Kind::Category(category) => names(column, category, sense, value, at),
    }
}

fn numbers(
    column: &Column,
    number: &Number,
    sense: Sense,
    value: &str,
    at: usize,
) -> Result<Range, ParseFault> {
    let units = exact_units(number, value).ok_or_else(|| unknown(column, value, at))?;
    let parts = number.parts();
    // The first or last value that still belongs.
    let (lower, end) = match sense {
        Sense::AtLeast => (true, units),
        Sense::Above => (true, units.saturating_add(1)),
        Sense::AtMost => (false, units),
        Sense::Below => (false, units.saturating_sub(1)),
    };
    let size = number.size();
    if (lower && end <= parts.min) || (!lower && end >= parts.max) {
        return Ok(Some((1, size)));
    }
    let Some(code) = number.code(end) else { return Ok(None) };
    let (first, last) = number.span(code);
    if end != if lower { first } else { last } {
        let step = column.kind.decode(code);
        return Err(ParseFault::InsideStep { column: column.name.clone(), bound: value.to_owned(), step });
    }
    Ok(Some(if lower { (code, size) } else { (1, code) }))
}

/// The value in units, if it is not finer than they are.
fn exact_units(number: &Number, value: &str) -> Option<i64> {
    let value = value.trim();
    let mirrored = value.strip_prefix('-').map_or_else(|| format!("-{value}"), str::to_owned);
    let units = number.units(value)?;
    number.units(&mirrored).filter(|other| *other == -units).map(|_| units)
}

fn days(column: &Column, span: &DateSpan, sense: Sense, value: &str, at: usize) -> Result<Range, ParseFault> {
    let size = span.size();
    let day = value.parse().map_err(|_| unknown(column, value, at))?;
    let parts = span.parts();
    // Position on a line where code 1 is 1; days outside of the span lie below 1 or above `size`.
    let place = |day: crate::schema::Day| i64::from(day.number()) - i64::from(parts.origin.number()) + 1;
    let place = place(day);
    let (lo, hi) = match sense {
        Sense::AtLeast => (place, i64::from(size)),
        Sense::Above => (place + 1, i64::from(size)),
        Sense::AtMost => (1, place),
        Sense::Below => (1, place - 1),
    };
    let (lo, hi) = (lo.max(1), hi.min(i64::from(size)));
    Ok(if lo <= hi { Some((lo as u16, hi as u16)) } else { None })
}

fn names(
    column: &Column,
    category: &Category,
    sense: Sense,
    value: &str,
    at: usize,
) -> Result<Range, ParseFault> {
    let Some((lo, hi)) = category.subtree(value) else { return Err(unknown(column, value, at)) };
    if !category.ordered() {
        return Err(ParseFault::Unordered(column.name.clone()));
    }
    let size = category.size();
    let range = match sense {
        Sense::AtLeast => (lo, size),
        Sense::Above => (hi.saturating_add(1), size),
        Sense::AtMost => (1, hi),
        Sense::Below => (1, lo - 1),
    };
    Ok(Some(range).filter(|(lo, hi)| lo <= hi))
}

fn unknown(column: &Column, value: &str, at: usize) -> ParseFault {
    ParseFault::Value { at, column: column.name.clone(), value: value.to_owned() }
}

/// Sorted ranges; those that touch or overlap become one.
pub(super) fn joined(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.sort_unstable();
    let mut out: Vec<(u16, u16)> = Vec::new();
    for (lo, hi) in ranges {
        match out.last_mut() {
            Some(last) if lo <= last.1.saturating_add(1) => last.1 = last.1.max(hi),
            _ => out.push((lo, hi)),
        }
    }
    out
}

/// The codes from `least` to `size` that lie in none of the ranges, which are joined.
pub(super) fn complement(ranges: &[(u16, u16)], least: u16, size: u16) -> Vec<(u16, u16)> {
    let mut next = u32::from(least);
    let mut out = Vec::new();
    for (lo, hi) in ranges {
        if next < u32::from(*lo) {
            out.push((next as u16, lo - 1));
        }
        next = next.max(u32::from(*hi) + 1);
    }
    if next <= u32::from(size) {
        out.push((next as u16, size));
    }
    out
}
