//! What can be read of the state: typed, and as JSON for interfaces.
//!
//! Caution for hospitals: asking a member for one's own paths, right before a contribution, tells it who is about to
//! contribute. Ask a node that one trusts, or read a copy of the whole state.

mod participants;
mod request;
mod seller;

use galen_circuits::schema::Schema;
use galen_ledger::StateRead;

pub use participants::{ParticipantView, PlaceView, governors, participants, places};
pub use request::{
    ContributionView, Moment, NextStep, RequestView, contribution, contributions_of, request, requests,
};
pub use seller::{CannotSell, Offer, offer};

use crate::action::disclose::Disclosure;
use crate::config::MarketConfig;
use crate::id::{ContributionId, Nullifier, RequestId, SchemaId};
use crate::money::{self, NoteRecord};
use crate::record::{Lapse, Use};
use crate::registry;
use crate::registry::recent::{self, RecentRoot};
use crate::registry::sellers::PriceSeller;
use crate::state::{list, load};
use crate::state_key;

/// The configuration of the genesis; `None` on a state without genesis.
pub fn config(state: &(impl StateRead + ?Sized)) -> Option<MarketConfig> {
    serde_json::from_slice(&state.get(&state_key::config())?).ok()
}

/// A schema.
pub fn schema(state: &(impl StateRead + ?Sized), id: &SchemaId) -> Option<Schema> {
    load(state, &state_key::schema(id))
}

/// All schemas.
pub fn schemas(state: &(impl StateRead + ?Sized)) -> Vec<(SchemaId, Schema)> {
    let all = list::<Schema>(state, &state_key::schemas());
    all.map(|(_, schema)| (SchemaId::of(&schema), schema)).collect()
}

/// The note at a place.
pub fn note(state: &(impl StateRead + ?Sized), position: u32) -> Option<NoteRecord> {
    money::note(state, position)
}

/// All orders to open something, in the order of their subjects.
pub fn disclosures(state: &(impl StateRead + ?Sized)) -> Vec<Disclosure> {
    list::<Disclosure>(state, &state_key::disclosures()).map(|(_, order)| order).collect()
}

/// The sellers that a price is sealed to now.
pub fn sellers(state: &(impl StateRead + ?Sized)) -> Vec<PriceSeller> {
    registry::sellers::sellers(state)
}

/// The roots of standing that contributions may be proven against, the newest first.
pub fn recent_roots(state: &(impl StateRead + ?Sized)) -> Vec<RecentRoot> {
    recent::roots(state)
}

/// Whether a seller has used up a request, and how.
pub fn nullifier(
    state: &(impl StateRead + ?Sized),
    request: &RequestId,
    nullifier: &Nullifier,
) -> Option<Use> {
    load(state, &state_key::nullifier(request, nullifier))
}

/// All uses of a request.
pub fn nullifiers(state: &(impl StateRead + ?Sized), request: &RequestId) -> Vec<(Nullifier, Use)> {
    let uses = list::<Use>(state, &state_key::nullifiers(request));
    uses.filter_map(|(key, used)| Some((Nullifier::new(state_key::last_element(&key)?), used))).collect()
}

/// All lapses on record, with the contribution of each.
pub fn lapses(state: &(impl StateRead + ?Sized)) -> Vec<(ContributionId, Lapse)> {
    let lapses = list::<Lapse>(state, &state_key::lapses());
    let with_id =
        |(key, lapse): (Vec<u8>, Lapse)| Some((ContributionId::from_bytes(*key.last_chunk::<32>()?), lapse));
    lapses.filter_map(with_id).collect()
}
