//! Who takes part: hospitals, researchers, auditors, and the governance keys.

use galen_ledger::StateRead;
use serde::Serialize;
use utoipa::ToSchema;

use crate::id::AccountKey;
use crate::query::{self, PlaceView};
use crate::role::{Participant, Role, participant as load};
use crate::state::after;
use crate::state_key;
use crate::web::Paged;

/// A participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantLine {
    /// Its account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its role, as a word.
    pub role: &'static str,
    /// Whether its role was taken away.
    pub suspended: bool,
    /// Since which block.
    pub since: u64,
}

/// A hospital's dataset under a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DatasetLine {
    /// The schema.
    pub schema: String,
    /// Its place in the registry.
    pub position: u64,
    /// Whether the hospital is in good standing for the schema.
    pub standing: bool,
    /// The block in which the active dataset was committed.
    pub committed: Option<u64>,
}

/// A participant with its datasets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantDetail {
    /// Who.
    #[serde(flatten)]
    pub line: ParticipantLine,
    /// A hospital's datasets.
    pub datasets: Vec<DatasetLine>,
}

/// The governance keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GovernanceView {
    /// How many must sign.
    pub threshold: u16,
    /// The keys.
    pub keys: Vec<GovernorLine>,
}

/// A governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GovernorLine {
    /// The key.
    pub key: String,
    /// Its name; empty for those of the genesis.
    pub name: String,
}

impl ParticipantLine {
    fn of(account: &AccountKey, participant: Participant) -> Self {
        let role = match participant.role {
            Role::Hospital { .. } => "hospital",
            Role::Researcher => "researcher",
            Role::Auditor => "auditor",
        };
        let Participant { name, suspended, since, .. } = participant;
        Self { account: account.to_string(), name, role, suspended, since }
    }
}

impl From<PlaceView> for DatasetLine {
    fn from(place: PlaceView) -> Self {
        let PlaceView { schema, position, standing, committed } = place;
        Self { schema: schema.to_string(), position, standing, committed }
    }
}

/// A page of participants, in the order of their accounts.
pub fn participants(
    state: &(impl StateRead + ?Sized),
    from: Option<&[u8]>,
    limit: usize,
) -> Paged<ParticipantLine> {
    let all = after::<Participant>(state, &state_key::participants(), from);
    let line = |(key, participant): (Vec<u8>, Participant)| {
        let account = AccountKey::from_bytes(*key.last_chunk::<32>()?);
        Some((key, ParticipantLine::of(&account, participant)))
    };
    Paged::of(all.filter_map(line).take(limit + 1), limit)
}

/// A participant.
pub fn participant(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Option<ParticipantDetail> {
    let line = ParticipantLine::of(account, load(state, account)?);
    let datasets = query::places(state, account).into_iter().map(DatasetLine::from).collect();
    Some(ParticipantDetail { line, datasets })
}

/// The governance keys.
pub fn governance(state: &(impl StateRead + ?Sized)) -> GovernanceView {
    let governors = query::governors(state);
    let line =
        |governor: crate::role::Governor| GovernorLine { key: governor.key.to_string(), name: governor.name };
    GovernanceView { threshold: governors.threshold, keys: governors.members.into_iter().map(line).collect() }
}
