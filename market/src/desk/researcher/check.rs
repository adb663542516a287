//! Whether a draft can be posted, and what is wrong with it: every fault at once, each by the field that has it.

use galen_circuits::contribution::Limits;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::schema::{Class, Kind, Predicate, Purpose, Schema};
use galen_circuits::shape::QUASI_IDENTIFIERS;
use serde::Serialize;
use utoipa::ToSchema;

use super::cohort;
use super::draft::{Draft, Weight, most_chunks};
use crate::agent::researcher::Wish;
use crate::amount::{Amount, Records};
use crate::config::Windows;
use crate::id::SchemaId;
use crate::request::MAX_TITLE;
use galen_ledger::Height;

/// Highest price of one record: what can be sealed.
pub const MOST_PRICE: u64 = 1 << 32;
/// For how many blocks an order to post is valid. After them it can be made anew, and is not posted twice.
pub const ORDER_BLOCKS: u64 = 20;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// The field; `choices.age` is the choice on the column `age`.
    pub field: String,
    /// The reason, for programs.
    pub code: &'static str,
    /// The reason, and what would do.
    pub message: String,
}

/// A fault of a field.
pub fn fault(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> FieldFault {
    FieldFault { field: field.into(), code, message: message.into() }
}

/// A draft that can be posted.
#[derive(Clone, Debug)]
pub struct Checked {
    /// All but the deadline.
    pub wish: Wish,
    /// Blocks until the deadline.
    pub life: u64,
}

impl Checked {
    /// The wish, posted at a height.
    pub fn wish_at(&self, height: u64) -> Wish {
        Wish { deadline: Height::new(height.saturating_add(self.life)), ..self.wish.clone() }
    }

    /// What is locked: the price of all records. None when that is more money than there can be.
    pub fn escrow(&self) -> Option<Amount> {
        self.wish.price.times(self.wish.max_records)
    }
}

/// For how many blocks a request may take contributions on a chain: least and most.
pub fn lives(windows: &Windows) -> (u64, u64) {
    let valid = ORDER_BLOCKS.min(windows.order_life);
    (windows.min_request_life.saturating_add(valid).min(windows.max_request_life), windows.max_request_life)
}

/// Checks a draft against its schema (none if the ledger has none of its id) and the chain's windows.
///
/// # Errors
/// All faults.
pub fn check(draft: &Draft, schema: Option<&Schema>, windows: &Windows) -> Result<Checked, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let title = title(draft, &mut faults);
    let Some(schema) = schema else {
        let (code, message) = match draft.schema.is_empty() {
            true => ("missing", "choose the schema that the data are described by"),
            false => ("unknown", "the ledger has no schema of this id: choose one of its list"),
        };
        faults.push(fault("schema", code, message));
        return Err(faults);
    };
    let terms = terms(draft, schema, &mut faults);
    let limits = limits(draft, schema, &mut faults);
    let most = most_chunks(schema);
    let sample = within("sample", draft.sample, 1, most, "chunks", &mut faults);
    let price = within("price", draft.price, 1, MOST_PRICE, "minor units", &mut faults);
    let least = draft.k.map_or(1, u32::from).max(1);
    let cap = crate::amount::RECORDS_CAP - 1;
    let max_records = within("max_records", draft.max_records, least, cap, "records", &mut faults);
    let (shortest, longest) = lives(windows);
    let life = within("life", draft.life, shortest, longest, "blocks", &mut faults);
    let ok = |price: u64, records: u32| Some((Amount::new(price).ok()?, Records::new(records).ok()?));
    let (Some(title), Some(terms), Some(limits), Some(sample), Some(life), Some((price, max_records))) =
        (title, terms, limits, sample, life, price.zip(max_records).and_then(|(p, r)| ok(p, r)))
    else {
        return Err(faults);
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    if price.times(max_records).is_none() {
        let message = "price times records is more money than is ever issued: lower one of them";
        return Err(vec![fault("max_records", "money", message)]);
    }
    if let Err(error) = terms.check() {
        return Err(vec![fault("cohort", "terms", error.to_string())]);
    }
    let wish = Wish { title, terms, sample, limits, price, max_records, deadline: Height::new(0) };
    Ok(Checked { wish, life })
}

fn title(draft: &Draft, faults: &mut Vec<FieldFault>) -> Option<String> {
    let title = draft.title.trim();
    let wrong = if title.is_empty() {
        ("missing", "say in a few words what the request is about".to_owned())
    } else if title.len() > MAX_TITLE {
        ("long", format!("the title has {} bytes; at most {MAX_TITLE}", title.len()))
    } else if title.chars().any(char::is_control) {
        ("characters", "the title holds line breaks or other control characters: take them out".to_owned())
    } else {
        return Some(title.to_owned());
    };
    faults.push(fault("title", wrong.0, wrong.1));
    None
}

/// A number that must be there, and lie between two others.
fn within<T: Copy + PartialOrd + std::fmt::Display>(
    field: &'static str,
    given: Option<T>,
    least: T,
    most: T,
    unit: &str,
    faults: &mut Vec<FieldFault>,
) -> Option<T> {
    let (code, message) = match given {
        Some(value) if value >= least && value <= most => return Some(value),
        Some(value) => ("range", format!("{value} is not between {least} and {most} {unit}")),
        None => ("missing", format!("give a number of {unit}, between {least} and {most}")),
    };
    faults.push(fault(field, code, message.trim_end().to_owned()));
    None
}

fn terms(draft: &Draft, schema: &Schema, faults: &mut Vec<FieldFault>) -> Option<Terms> {
    let purpose = purpose(draft, faults);
    let predicate: Option<Predicate> =
        cohort::predicate(draft, schema).map_err(|found| faults.extend(found)).ok();
    let sensitive = sensitive(draft, schema, faults);
    let quasi_identifiers = quasi_identifiers(draft, schema, faults);
    let released = released(draft, schema, faults);
    let k = floor("k", draft.k, schema.k_floor(), "patients in every class", faults);
    let l = floor("l", draft.l, schema.l_floor(), "sensitive values in every class", faults);
    let alpha = within("alpha", draft.alpha, 1, schema.alpha_ceiling(), "per mille", faults);
    let (sensitive, k, l, alpha) = (sensitive?, k?, l?, alpha?);
    attainable(schema, (sensitive, k, l, alpha), faults);
    Some(Terms {
        schema: SchemaId::of(schema).field(),
        predicate: predicate?,
        purpose: purpose?.bit(),
        released: released?,
        quasi_identifiers: quasi_identifiers?,
        sensitive,
        k,
        l,
        alpha,
    })
}

fn purpose(draft: &Draft, faults: &mut Vec<FieldFault>) -> Option<Purpose> {
    let given = draft.purpose.trim();
    if given.is_empty() {
        faults.push(fault("purpose", "missing", "choose what the data will be used for"));
        return None;
    }
    given.parse::<Purpose>().map_err(|error| faults.push(fault("purpose", "unknown", error.to_string()))).ok()
}

fn floor(
    field: &'static str,
    given: Option<u16>,
    floor: u16,
    what: &str,
    faults: &mut Vec<FieldFault>,
) -> Option<u16> {
    let (code, message) = match given {
        Some(value) if value >= floor => return Some(value),
        Some(value) => {
            ("floor", format!("{value} is below what the schema asks for: at least {floor} {what}"))
        }
        None => ("missing", format!("give a number: at least {floor} {what}")),
    };
    faults.push(fault(field, code, message));
    None
}

/// A class has at most as many values as the column, and its longest share is at least one by that number.
fn attainable(schema: &Schema, (sensitive, k, l, alpha): (u8, u16, u16, u16), faults: &mut Vec<FieldFault>) {
    let Some(column) = schema.column(sensitive) else { return };
    let values = u32::from(column.kind.size()) + 1;
    if u32::from(l) > values {
        let message = format!("{} has {values} values, so no class can have {l} of them", column.name);
        faults.push(fault("l", "unattainable", message));
    }
    if u32::from(alpha) * values < 1000 {
        let message =
            format!("{} has {values} values, so one of them always has a larger share", column.name);
        faults.push(fault("alpha", "unattainable", message));
    }
    if l > k {
        let message =
            format!("a class of {k} patients cannot have {l} sensitive values: raise k, or lower l");
        faults.push(fault("l", "unattainable", message));
    }
}

fn sensitive(draft: &Draft, schema: &Schema, faults: &mut Vec<FieldFault>) -> Option<u8> {
    let wrong = match schema.find(draft.sensitive.trim()) {
        Some((index, column)) if column.class == Class::Sensitive => return Some(index),
        Some((_, column)) => ("class", format!("{} is not a sensitive column of the schema", column.name)),
        None if draft.sensitive.is_empty() => {
            ("missing", "choose the column whose values must differ within every class".to_owned())
        }
        None => ("column", format!("the schema has no column {:?}", draft.sensitive)),
    };
    faults.push(fault("sensitive", wrong.0, wrong.1));
    None
}

fn quasi_identifiers(
    draft: &Draft,
    schema: &Schema,
    faults: &mut Vec<FieldFault>,
) -> Option<Vec<QuasiIdentifier>> {
    let before = faults.len();
    let mut wrong = |code, message: String| faults.push(fault("quasi_identifiers", code, message));
    let mut chosen: Vec<QuasiIdentifier> = Vec::new();
    for Weight { column, weight } in &draft.quasi_identifiers {
        let Some((index, found)) = schema.find(column.trim()) else {
            wrong("column", format!("the schema has no column {column:?}"));
            continue;
        };
        let name = &found.name;
        if chosen.iter().any(|other| other.column == index) {
            wrong("repeated", format!("{name} is named twice"));
        }
        match found.class {
            Class::Sensitive => {
                wrong("class", format!("{name} is sensitive, and cannot be released as a range"))
            }
            Class::NeverReleased => wrong("class", format!("{name} is never released")),
            Class::QuasiIdentifier | Class::Plain if *weight < found.weight.max(1) => {
                wrong("weight", format!("{name} weighs at least {}, not {weight}", found.weight.max(1)));
            }
            Class::QuasiIdentifier | Class::Plain => {}
        }
        chosen.push(QuasiIdentifier { column: index, weight: *weight });
    }
    for column in schema.of_class(Class::QuasiIdentifier) {
        if !chosen.iter().any(|other| other.column == column) {
            let name = schema.column(column).map_or("", |found| &found.name);
            wrong("left_out", format!("{name} can single a patient out: it must be released as a range"));
        }
    }
    if chosen.len() > QUASI_IDENTIFIERS {
        wrong("many", format!("at most {QUASI_IDENTIFIERS} columns can be released as ranges"));
    }
    (faults.len() == before).then_some(chosen)
}

fn released(draft: &Draft, schema: &Schema, faults: &mut Vec<FieldFault>) -> Option<Vec<u8>> {
    let before = faults.len();
    let mut wrong = |code, message: String| faults.push(fault("released", code, message));
    let ranged =
        |name: &str| draft.quasi_identifiers.iter().any(|quasi| quasi.column.eq_ignore_ascii_case(name));
    let mut chosen = Vec::new();
    for column in &draft.released {
        let Some((index, found)) = schema.find(column.trim()) else {
            wrong("column", format!("the schema has no column {column:?}"));
            continue;
        };
        let name = &found.name;
        match found.class {
            _ if chosen.contains(&index) => wrong("repeated", format!("{name} is named twice")),
            Class::NeverReleased => wrong("class", format!("{name} is never released")),
            Class::QuasiIdentifier => {
                wrong("raw", format!("{name} can single a patient out: it is released as a range only"));
            }
            Class::Plain if ranged(name) => {
                wrong("raw", format!("{name} is released as a range already: take it out of one of the two"));
            }
            Class::Sensitive if !draft.sensitive.trim().eq_ignore_ascii_case(name) => {
                wrong(
                    "unprotected",
                    format!("{name} is sensitive, and only {} is kept diverse", draft.sensitive),
                );
            }
            Class::Sensitive | Class::Plain => {}
        }
        chosen.push(index);
    }
    (faults.len() == before).then_some(chosen)
}

fn limits(draft: &Draft, schema: &Schema, faults: &mut Vec<FieldFault>) -> Option<Limits> {
    let suppressed = within("max_suppressed", draft.max_suppressed, 0, 1000, "per mille", faults);
    let loss = within("max_loss", draft.max_loss, 1, 1000, "per mille", faults);
    let whole = whole_loss(draft, schema);
    Some(Limits {
        max_suppressed_per_mille: suppressed?,
        max_loss_per_row: whole.saturating_mul(u64::from(loss?)) / 1000,
    })
}

/// The loss of a row about which nothing is said: every range as wide as its column.
fn whole_loss(draft: &Draft, schema: &Schema) -> u64 {
    let of = |quasi: &Weight| {
        let size = schema.find(&quasi.column).map_or(0, |(_, column)| Kind::size(&column.kind));
        u64::from(size) * u64::from(quasi.weight)
    };
    draft.quasi_identifiers.iter().map(of).sum()
}
