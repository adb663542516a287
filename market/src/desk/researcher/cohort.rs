//! Whom a request is about: what was chosen column by column, and said in words, as one predicate.

use galen_circuits::schema::{Class, Kind, Predicate, Schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::check::{FieldFault, fault};
use super::draft::{Choice, Draft};

/// Most codes that a search shows.
pub const MOST_FOUND: usize = 60;

/// A name in a column's code tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Code {
    /// As a request writes it.
    pub name: String,
    /// What it means, where the schema says.
    pub title: Option<String>,
    /// How deep it lies in the tree.
    pub depth: usize,
    /// Values below it; 1 for a value.
    pub values: u16,
    /// Whether there is something below it.
    pub group: bool,
}

/// The predicate of a draft.
///
/// # Errors
/// What is wrong, by column.
pub fn predicate(draft: &Draft, schema: &Schema) -> Result<Predicate, Vec<FieldFault>> {
    let (mut parts, mut faults) = (Vec::new(), Vec::new());
    for choice in draft.choices.iter().filter(|choice| !choice.is_empty()) {
        match part(choice, schema) {
            Ok(text) => parts.push(text),
            Err(found) => faults.push(found),
        }
    }
    let words = draft.cohort.trim();
    if !words.is_empty() {
        match Predicate::parse(words, schema) {
            Ok(_) if words.eq_ignore_ascii_case("everyone") => {}
            Ok(_) => parts.push(format!("({words})")),
            Err(error) => faults.push(fault("cohort", "words", error.to_string())),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if parts.is_empty() {
        return match words.is_empty() {
            false => Ok(Predicate::everyone()),
            true => Err(vec![fault(
                "cohort",
                "missing",
                "say which patients: choose values, or write \"everyone\"",
            )]),
        };
    }
    let whole = Predicate::parse(&parts.join(" and "), schema);
    whole.map_err(|error| vec![fault("cohort", "together", format!("taken together: {error}"))])
}

/// A choice in words. Every value stands in quotes: none can be taken for anything but a value.
fn part(choice: &Choice, schema: &Schema) -> Result<String, FieldFault> {
    let wrong = |code, message: String| fault(format!("choices.{}", choice.column), code, message);
    let Some((_, column)) = schema.find(choice.column.trim()) else {
        return Err(wrong("column", format!("the schema has no column {:?}", choice.column)));
    };
    if column.class == Class::NeverReleased {
        return Err(wrong("column", "this column is never released, and cannot be asked about".into()));
    }
    let name = &column.name;
    let quoted = |value: &str| match value.trim() {
        value if value.contains(['"', '\'']) => {
            Err(wrong("value", "a value holds no quotation marks".into()))
        }
        value => Ok(format!("\"{value}\"")),
    };
    let (from, to) = (choice.from.trim(), choice.to.trim());
    let codes: Vec<&str> =
        choice.codes.iter().map(|code| code.trim()).filter(|code| !code.is_empty()).collect();
    let text = match (&column.kind, from, to) {
        (Kind::Category(_), "", "") => {
            let codes = codes.iter().map(|code| quoted(code)).collect::<Result<Vec<_>, _>>()?;
            format!("{name} in {{{}}}", codes.join(", "))
        }
        (Kind::Category(_), ..) => {
            return Err(wrong("codes", "this column has codes: choose some of them, not a range".into()));
        }
        _ if !codes.is_empty() => {
            return Err(wrong("range", "this column has no codes: give its least and greatest value".into()));
        }
        (_, from, "") => format!("{name} >= {}", quoted(from)?),
        (_, "", to) => format!("{name} <= {}", quoted(to)?),
        (_, from, to) => format!("{name} in {}..{}", quoted(from)?, quoted(to)?),
    };
    let parsed = Predicate::parse(&text, schema);
    parsed.map(|_| text).map_err(|error| wrong("value", without_place(&error.to_string())))
}

/// The place in a text that nobody wrote helps nobody.
fn without_place(message: &str) -> String {
    let rest = message.strip_prefix("at ").and_then(|rest| rest.split_once(": "));
    rest.map_or(message, |(_, rest)| rest).to_owned()
}

/// The names of a column's code tree that begin with a text, or whose titles hold it; without a text, those at the top. With
/// `under`, only those right below that group.
pub fn codes(schema: &Schema, column: &str, text: &str, under: Option<&str>) -> Vec<Code> {
    let Some((_, column)) = schema.find(column) else { return Vec::new() };
    let Kind::Category(category) = &column.kind else { return Vec::new() };
    let text = text.trim().trim_end_matches('*').trim_end_matches('.').to_lowercase();
    let within = under.map(|name| category.subtree(name).unwrap_or((0, 0)));
    let nodes = category.nodes();
    let group =
        |(lo, hi): (u16, u16)| nodes.iter().filter(move |node| !node.leaf && (node.lo, node.hi) == (lo, hi));
    let depth = within.map(|range| group(range).map(|node| node.depth + 1).next_back().unwrap_or(usize::MAX));
    let found = nodes.iter().filter(|node| {
        let inside = within.is_none_or(|(lo, hi)| lo <= node.lo && node.hi <= hi);
        let level = if text.is_empty() { node.depth == depth.unwrap_or(0) } else { true };
        let title = || node.title.as_ref().is_some_and(|title| title.to_lowercase().contains(&text));
        inside && level && (text.is_empty() || node.name.to_lowercase().starts_with(&text) || title())
    });
    let shown = found.map(|node| Code {
        name: column.kind.label(node.lo, node.hi),
        title: node.title.clone(),
        depth: node.depth,
        values: node.hi - node.lo + 1,
        group: !node.leaf,
    });
    shown.take(MOST_FOUND).collect()
}
