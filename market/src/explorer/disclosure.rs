//! Orders to the audit authority to open something: everybody sees them before anything is opened.

use galen_ledger::StateRead;
use serde::Serialize;
use utoipa::ToSchema;

use crate::action::disclose::{Disclosure, Subject};
use crate::state::after;
use crate::state_key;
use crate::web::Paged;

/// An order to open something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DisclosureView {
    /// What kind of thing: `amount`, `price` or `identity`.
    pub what: &'static str,
    /// Of which note, request or contribution.
    pub of: String,
    /// Both in words.
    pub words: String,
    /// Why, as the governance says.
    pub reason: String,
    /// The block since when it may be opened.
    pub height: u64,
}

impl From<Disclosure> for DisclosureView {
    fn from(order: Disclosure) -> Self {
        let (what, of) = match order.subject {
            Subject::Amount(position) => ("amount", position.to_string()),
            Subject::Price(request) => ("price", request.to_string()),
            Subject::Identity(contribution) => ("identity", contribution.to_string()),
        };
        Self { what, of, words: order.subject.to_string(), reason: order.reason, height: order.height }
    }
}

/// A page of orders, in the order of their subjects.
pub fn disclosures(
    state: &(impl StateRead + ?Sized),
    from: Option<&[u8]>,
    limit: usize,
) -> Paged<DisclosureView> {
    let all = after::<Disclosure>(state, &state_key::disclosures(), from);
    Paged::of(all.map(|(key, order)| (key, order.into())).take(limit + 1), limit)
}
