//! What a proof of one key of the state says, in words: for light clients, which see nothing else of it.

use std::fmt;

use crate::codec::{Canonical, CodecFault};
use crate::id::{AccountKey, ContributionId, RequestId};
use crate::money::{NoteRecord, Origin};
use crate::record::{ContributionRecord, Phase, RequestRecord, Status};
use crate::role::{Participant, Role};
use crate::state_key;

/// Something in the state that people ask for by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request.
    Request(RequestId),
    /// A contribution.
    Contribution(ContributionId),
    /// What an account is accredited as.
    Account(AccountKey),
    /// The note at a place.
    Note(u32),
    /// Any other key.
    Key(Vec<u8>),
}

impl Subject {
    /// Where it lies in the state.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Request(id) => state_key::request(id),
            Self::Contribution(id) => state_key::contribution(id),
            Self::Account(account) => state_key::participant(account),
            Self::Note(position) => state_key::note(*position),
            Self::Key(key) => key.clone(),
        }
    }

    /// What lies at a key.
    pub fn at(key: &[u8]) -> Self {
        if let Some(position) = key.strip_prefix(b"money/note/").and_then(|name| name.try_into().ok()) {
            return Self::Note(u32::from_be_bytes(position));
        }
        let Some((prefix, name)) = key.split_last_chunk::<32>() else { return Self::Key(key.to_vec()) };
        let element = || galen_circuits::field::from_bytes(name).map(RequestId::new);
        let found = match prefix {
            b"request/" => element().map(Self::Request),
            b"contribution/" => Some(Self::Contribution(ContributionId::from_bytes(*name))),
            b"participant/" => Some(Self::Account(AccountKey::from_bytes(*name))),
            _ => None,
        };
        found.unwrap_or_else(|| Self::Key(key.to_vec()))
    }

    /// What its value says.
    ///
    /// # Errors
    /// When the value is not of the kind that this program keeps there: the chain runs another version of the market.
    pub fn say(&self, value: Option<&[u8]>) -> Result<String, CodecFault> {
        let Some(value) = value else { return Ok(format!("there is no {self}")) };
        Ok(match self {
            Self::Request(_) => format!("{self} {}", of_request(&RequestRecord::from_canonical(value)?)),
            Self::Contribution(_) => {
                format!("{self} {}", of_contribution(&ContributionRecord::from_canonical(value)?))
            }
            Self::Account(_) => format!("{self} {}", of_participant(&Participant::from_canonical(value)?)),
            Self::Note(_) => format!("{self} {}", of_note(&NoteRecord::from_canonical(value)?)),
            Self::Key(_) => format!("{self} has the value {}", hex::encode(value)),
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => write!(f, "request {id}"),
            Self::Contribution(id) => write!(f, "contribution {id}"),
            Self::Account(account) => write!(f, "participant with the account {account}"),
            Self::Note(position) => write!(f, "note {position}"),
            Self::Key(key) => write!(f, "entry at key {}", hex::encode(key)),
        }
    }
}

fn of_request(record: &RequestRecord) -> String {
    let phase = match record.phase {
        Phase::Open => "is open".to_owned(),
        Phase::Closing => "is past its deadline, with reservations left".to_owned(),
        Phase::Settled { height } => format!("was settled in block {height}"),
    };
    let asked = record.request.max_records;
    format!("{phase}: {} of {asked} records paid, {} contributions", record.paid, record.contributions)
}

fn of_contribution(record: &ContributionRecord) -> String {
    let status = match record.status {
        Status::Waiting => "waits for records to become free".to_owned(),
        Status::Reserved { until } => format!("may be opened until block {until}"),
        Status::Lapsed { height } => format!("was not opened in time, and lapsed in block {height}"),
        Status::Paid { height, note, .. } => format!("is paid by note {note}, in block {height}"),
        Status::Unserved { height } => format!("was not served: its request was settled in block {height}"),
    };
    let (released, request) = (record.totals.released, record.request);
    format!("{status}; {released} records for request {request}, accepted in block {}", record.height)
}

fn of_note(record: &NoteRecord) -> String {
    let from = match record.origin {
        Origin::Issued => "was issued by the treasury".to_owned(),
        Origin::Transferred => "was made by a transfer".to_owned(),
        Origin::Paid { contribution } => format!("pays for contribution {contribution}"),
        Origin::Refunded { request } => format!("is what was left of request {request}"),
    };
    let key = hex::encode(record.note.owner.key.as_bytes());
    format!("{from} in block {}, for the one-time key {key}; its amount is sealed", record.height)
}

fn of_participant(participant: &Participant) -> String {
    let role = match participant.role {
        Role::Hospital { .. } => "hospital",
        Role::Researcher => "researcher",
        Role::Auditor => "auditor",
    };
    let since = participant.since;
    let standing = if participant.suspended { "and suspended" } else { "and in good standing" };
    format!("is {:?}, accredited as a {role} since block {since}, {standing}", participant.name)
}
