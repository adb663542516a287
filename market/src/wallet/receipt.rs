//! Receipts: what an owner shows of a note, to an accountant or a court, and what they check against the ledger.

use curve25519_dalek::Scalar;
use galen_ledger::StateRead;
use serde::{Deserialize, Serialize};

use super::Held;
use crate::money::{self, Origin};
use crate::notes::group::Exponent;
use crate::notes::note::Opening;

/// A note, opened by its owner. It shows the amount of one note, to whoever holds it: that the note is his who shows it, and what
/// it came from, follows from the ledger for payouts and refunds only, as a payer knows the opening as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The note's place on the ledger.
    pub note: u32,
    /// What it is worth, in minor units.
    pub amount: u64,
    /// Opens its commitment.
    pub blinding: Exponent,
    /// Where it came from, in a word.
    pub from: String,
    /// What it came from: a contribution or a request.
    pub of: Option<String>,
    /// The block that made it.
    pub received: u64,
    /// The block that spent it.
    pub spent: Option<u64>,
}

impl Receipt {
    pub(super) fn of(held: &Held) -> Self {
        let (from, of) = words(&held.record.origin);
        Self {
            note: held.position,
            amount: held.amount(),
            blinding: Exponent(held.owned.opening.blinding),
            from: from.to_owned(),
            of,
            received: held.record.height,
            spent: held.spent,
        }
    }

    /// Whether the ledger has this note, of this amount and origin.
    pub fn holds(&self, state: &(impl StateRead + ?Sized)) -> bool {
        let blinding: Scalar = self.blinding.0;
        let opening = Opening { amount: self.amount, blinding };
        money::note(state, self.note).is_some_and(|record| {
            let (from, of) = words(&record.origin);
            opening.commit() == *record.note.commitment.get()
                && (record.height, from, &of) == (self.received, self.from.as_str(), &self.of)
        })
    }
}

/// An origin in words.
fn words(origin: &Origin) -> (&'static str, Option<String>) {
    match origin {
        Origin::Issued => ("issued", None),
        Origin::Transferred => ("transferred", None),
        Origin::Paid { contribution } => ("paid", Some(contribution.to_string())),
        Origin::Refunded { request } => ("refunded", Some(request.to_string())),
    }
}
