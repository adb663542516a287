//! Requests and contributions, with what happened and what comes next.

use galen_ledger::StateRead;
use serde::Serialize;

use crate::amount::Records;
use crate::id::{ContributionId, RequestId};
use crate::money;
use crate::record::{ContributionRecord, Phase, RequestRecord, Status};
use crate::state::list;
use crate::state_key;

/// Who acts next on a request, and by when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "next")]
pub enum NextStep {
    /// The ledger draws the sample, with the next blocks.
    LedgerDraws,
    /// Hospitals contribute.
    HospitalsContribute {
        /// Until this height.
        until: u64,
    },
    /// Hospitals open what is reserved for them.
    HospitalsOpen {
        /// The first reservation ends at this height.
        until: u64,
    },
    /// The researcher collects; nothing else will happen.
    ResearcherCollects,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// What, as a word.
    pub what: &'static str,
    /// In which block.
    pub height: u64,
    /// To which contribution.
    pub contribution: Option<ContributionId>,
}

/// A request, as interfaces show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// Its name.
    pub id: RequestId,
    /// What the ledger keeps of it.
    #[serde(flatten)]
    pub record: RequestRecord,
    /// Records neither paid nor reserved.
    pub left: Records,
    /// Records whose price is locked for it still.
    pub escrow: Records,
    /// Who acts next.
    #[serde(flatten)]
    pub next: NextStep,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
}

/// A contribution, as interfaces show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContributionView {
    /// Its name.
    pub id: ContributionId,
    /// What the ledger keeps of it.
    #[serde(flatten)]
    pub record: ContributionRecord,
}

/// A request.
pub fn request(state: &(impl StateRead + ?Sized), id: &RequestId) -> Option<RequestView> {
    RequestRecord::load(state, id).map(|record| view(state, *id, record))
}

/// All requests, in the order of their names.
pub fn requests(state: &(impl StateRead + ?Sized)) -> Vec<RequestView> {
    let all: Vec<(Vec<u8>, RequestRecord)> = list(state, &state_key::requests()).collect();
    let named =
        all.into_iter().filter_map(|(key, r)| Some((RequestId::new(state_key::last_element(&key)?), r)));
    named.map(|(id, record)| view(state, id, record)).collect()
}

/// A contribution.
pub fn contribution(state: &(impl StateRead + ?Sized), id: &ContributionId) -> Option<ContributionView> {
    ContributionRecord::load(state, id).map(|record| ContributionView { id: *id, record })
}

/// A request's contributions, in block order.
pub fn contributions_of(state: &(impl StateRead + ?Sized), request: &RequestId) -> Vec<ContributionView> {
    let ids = list::<ContributionId>(state, &state_key::contributions_of(request));
    ids.filter_map(|(_, id)| contribution(state, &id)).collect()
}

fn view(state: &(impl StateRead + ?Sized), id: RequestId, record: RequestRecord) -> RequestView {
    let contributions = contributions_of(state, &id);
    let escrow = money::escrow(state, &id).map_or(Records::ZERO, |escrow| escrow.records);
    RequestView {
        id,
        left: record.left(),
        escrow,
        next: next_step(&record, &contributions),
        timeline: timeline(&record, &contributions),
        record,
    }
}

fn next_step(record: &RequestRecord, contributions: &[ContributionView]) -> NextStep {
    let ends = contributions.iter().filter_map(|c| match c.record.status {
        Status::Reserved { until } => Some(until),
        _ => None,
    });
    match (record.phase, ends.min()) {
        (Phase::Settled { .. }, _) => NextStep::ResearcherCollects,
        (_, Some(until)) => NextStep::HospitalsOpen { until },
        (Phase::Closing, None) => NextStep::ResearcherCollects,
        (Phase::Open, None) if record.drawn.is_none() => NextStep::LedgerDraws,
        (Phase::Open, None) => NextStep::HospitalsContribute { until: record.request.deadline.get() },
    }
}

fn timeline(record: &RequestRecord, contributions: &[ContributionView]) -> Vec<Moment> {
    let of_request = |what, height| Moment { what, height, contribution: None };
    let mut moments = vec![of_request("posted", record.posted)];
    moments.extend(record.drawn.map(|drawn| of_request("drawn", drawn.height)));
    for ContributionView { id, record } in contributions {
        let moment = |what, height| Moment { what, height, contribution: Some(*id) };
        moments.push(moment("contributed", record.height));
        moments.extend(match record.status {
            Status::Waiting | Status::Reserved { .. } => None,
            Status::Lapsed { height } => Some(moment("lapsed", height)),
            Status::Paid { height, .. } => Some(moment("opened and paid", height)),
            Status::Unserved { height } => Some(moment("not served", height)),
        });
    }
    if record.phase != Phase::Open {
        moments.push(of_request("closed", record.request.deadline.get()));
    }
    if let Phase::Settled { height, .. } = record.phase {
        moments.retain(|moment| moment.what != "closed" || moment.height <= height);
        moments.push(of_request("settled", height));
    }
    moments.sort_by_key(|moment| moment.height);
    moments
}
