//! The steps of the wizard: what they are called, which field is given at which, and which are finished.

use maud::Markup;

use crate::desk::researcher::check::{FieldFault, MOST_PRICE};
use crate::desk::researcher::store::Name;
use crate::web::parts::{self, Step, money};

/// A step: its name in the address, its name for people.
pub const STEPS: [(&str, &str); 6] = [
    ("purpose", "Purpose"),
    ("cohort", "Patients"),
    ("fields", "Fields"),
    ("protection", "Protection"),
    ("price", "Price and time"),
    ("review", "Review and sign"),
];

/// The step that a field is given at.
pub fn step_of(field: &str) -> usize {
    match field {
        "title" | "purpose" | "schema" => 0,
        "released" | "quasi_identifiers" | "sensitive" => 2,
        "k" | "l" | "alpha" | "max_suppressed" | "max_loss" => 3,
        "sample" | "price" | "max_records" | "life" => 4,
        _ => 1,
    }
}

/// The steps, as far as one is; what is wrong with the draft says which are not finished.
pub fn trail(id: &Name, current: usize, faults: &[FieldFault]) -> Markup {
    let hrefs: Vec<String> = STEPS.iter().map(|(name, _)| format!("/drafts/{id}/{name}")).collect();
    let whole = |at: usize| faults.iter().all(|fault| step_of(&fault.field) != at);
    let steps: Vec<Step<'_>> = STEPS
        .iter()
        .zip(&hrefs)
        .enumerate()
        .map(|(at, ((_, name), href))| Step { name, href, whole: whole(at) })
        .collect();
    parts::steps(current, &steps)
}

/// What is wrong with a field, as a page says it: there a price is an amount, and not a number of minor units.
pub fn said(fault: &FieldFault) -> String {
    match (fault.field.as_str(), fault.code) {
        ("price", "missing" | "range") => {
            format!("give the price of one record as an amount from {} to {}", money(1), money(MOST_PRICE))
        }
        _ => fault.message.clone(),
    }
}
