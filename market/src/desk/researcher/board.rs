//! All requests of the chain at a glance. What was read once is read again only when it changed: lists stay fast.

use std::collections::BTreeMap;

use galen_circuits::schema::Purpose;
use serde::Serialize;
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::fault::DeskFault;
use crate::codec::Canonical;
use crate::id::RequestId;
use crate::record::{Phase, RequestRecord};
use crate::state_key;

/// What was read of the requests, and when.
#[derive(Debug, Default)]
pub struct Board {
    height: Option<u64>,
    lines: BTreeMap<RequestId, ([u8; 32], RequestLine)>,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestLine {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The schema's id.
    pub schema: String,
    /// The purpose, by its short name.
    pub purpose: &'static str,
    /// Whether this desk's account posted it.
    pub own: bool,
    /// Where it stands.
    pub stage: Stage,
    /// The block that it was posted in.
    pub posted: u64,
    /// The last block that takes contributions.
    pub deadline: u64,
    /// Most records that are paid for.
    pub max_records: u32,
    /// Records paid.
    pub paid: u32,
    /// Records reserved.
    pub reserved: u32,
    /// Contributions accepted so far.
    pub contributions: u32,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The ledger draws its sample.
    Drawing,
    /// Hospitals contribute.
    Open,
    /// After the deadline, while reservations are open.
    Closing,
    /// The money that was left went back.
    Settled,
}

impl Stage {
    /// Where a record stands.
    pub fn of(record: &RequestRecord) -> Self {
        match record.phase {
            Phase::Open if record.drawn.is_none() => Self::Drawing,
            Phase::Open => Self::Open,
            Phase::Closing => Self::Closing,
            Phase::Settled { .. } => Self::Settled,
        }
    }

    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Drawing => "sample being drawn",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Settled => "settled",
        }
    }
}

/// A purpose's short name.
pub fn purpose_of(bit: u8) -> &'static str {
    Purpose::new(bit).map_or("", Purpose::short)
}

impl ResearcherDesk {
    /// The requests of the chain, the newest first: this desk's own only, or all.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn requests(&self, own: bool) -> Result<Vec<RequestLine>, DeskFault> {
        let mut board = self.board.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.chain.read(|state, position| {
            let height = position.height.get();
            if board.height == Some(height) {
                return;
            }
            board.height = Some(height);
            for (key, bytes) in state.prefix(&state_key::requests()) {
                let Some(id) = state_key::last_element(&key).map(RequestId::new) else { continue };
                let digest = *blake3::hash(&bytes).as_bytes();
                if board.lines.get(&id).is_some_and(|(known, _)| *known == digest) {
                    continue;
                }
                if let Ok(record) = RequestRecord::from_canonical(&bytes) {
                    board.lines.insert(id, (digest, self.line(&id, &record)));
                }
            }
        })?;
        let wanted = board.lines.values().map(|(_, line)| line).filter(|line| line.own || !own);
        let mut lines: Vec<RequestLine> = wanted.cloned().collect();
        lines.sort_by(|a, b| (b.posted, &b.id).cmp(&(a.posted, &a.id)));
        Ok(lines)
    }

    fn line(&self, id: &RequestId, record: &RequestRecord) -> RequestLine {
        let request = &record.request;
        RequestLine {
            id: id.to_string(),
            title: request.title.clone(),
            schema: request.schema().to_string(),
            purpose: purpose_of(request.terms.purpose),
            own: request.account == self.account(),
            stage: Stage::of(record),
            posted: record.posted,
            deadline: request.deadline.get(),
            max_records: request.max_records.get(),
            paid: record.paid.get(),
            reserved: record.reserved.get(),
            contributions: record.contributions,
        }
    }
}
