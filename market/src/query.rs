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

use crate::amount::Amount;
use crate::config::MarketConfig;
use crate::id::{AccountKey, ContributionId, Nullifier, RequestId, SchemaId};
use crate::money::{self, Supply};
use crate::record::{Lapse, Use};
use crate::registry::recent::{self, RecentRoot};
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

/// An account's balance.
pub fn balance(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Amount {
    money::balance(state, account)
}

/// Where all money is.
pub fn supply(state: &(impl StateRead + ?Sized)) -> Supply {
    money::supply(state)
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
