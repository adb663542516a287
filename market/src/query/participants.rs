//! Who takes part, as interfaces show it.

use galen_ledger::StateRead;
use serde::Serialize;

use crate::id::{AccountKey, SchemaId};
use crate::registry::Place;
use crate::role::{self, Governors, Participant};
use crate::state::list;
use crate::state_key;

/// A participant with its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParticipantView {
    /// The account.
    pub account: AccountKey,
    /// Who.
    #[serde(flatten)]
    pub participant: Participant,
}

/// A hospital's place for a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceView {
    /// The schema.
    pub schema: SchemaId,
    /// Position in both trees.
    pub position: u64,
    /// Whether it is in good standing.
    pub standing: bool,
    /// When its active dataset was committed.
    pub committed: Option<u64>,
}

/// The governance keys.
pub fn governors(state: &(impl StateRead + ?Sized)) -> Governors {
    role::governors(state)
}

/// All participants.
pub fn participants(state: &(impl StateRead + ?Sized)) -> Vec<ParticipantView> {
    let all = list::<Participant>(state, &state_key::participants());
    let view = |(key, participant): (Vec<u8>, Participant)| {
        Some(ParticipantView { account: AccountKey::from_bytes(*key.last_chunk::<32>()?), participant })
    };
    all.filter_map(view).collect()
}

/// A hospital's places.
pub fn places(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Vec<PlaceView> {
    let all = list::<Place>(state, &state_key::places(account));
    let view = |(key, place): (Vec<u8>, Place)| {
        let Place { position, standing, dataset, .. } = place;
        let schema = SchemaId::new(state_key::last_element(&key)?);
        Some(PlaceView { schema, position, standing, committed: dataset.map(|dataset| dataset.height) })
    };
    all.filter_map(view).collect()
}
