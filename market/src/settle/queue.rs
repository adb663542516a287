//! Reserving and waiting.

use galen_ledger::{Event, StateWrite};

use super::{Due, schedule};
use crate::amount::Records;
use crate::id::{ContributionId, RequestId};
use crate::record::{ContributionRecord, RequestRecord, Status};
use crate::state::{list, store};
use crate::state_key;

/// What a request has for a contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Its records are free.
    Now,
    /// They may become free.
    Later,
    /// Not even the queue takes it.
    None,
}

/// What a request has for so many records.
pub fn room(record: &RequestRecord, records: Records) -> Room {
    let queue = u64::from(record.waiting) + u64::from(records.get());
    if records <= record.left() {
        Room::Now
    } else if queue <= 2 * u64::from(record.request.max_records.get()) {
        Room::Later
    } else {
        Room::None
    }
}

/// Reserves a contribution's records, which fit. Both records are changed and the contribution's is written.
pub fn reserve(
    state: &mut (impl StateWrite + ?Sized),
    request: &mut RequestRecord,
    id: &ContributionId,
    contribution: &mut ContributionRecord,
    until: u64,
) -> Event {
    let records = contribution.records();
    request.reserved = request.reserved.plus(records).expect("the records fit into what is left");
    contribution.status = Status::Reserved { until };
    store(state, &state_key::contribution(id), contribution);
    schedule(state, until, Due::Lapse(*id));
    let event =
        Event::new("contribution.reserved").with("contribution", id).with("request", contribution.request);
    event.with("records", records).with("until", until)
}

/// Puts a contribution into the queue, which has room. Both records are changed and the contribution's is written.
pub fn wait(
    state: &mut (impl StateWrite + ?Sized),
    request: &mut RequestRecord,
    id: &ContributionId,
    contribution: &mut ContributionRecord,
) -> Event {
    request.waiting += contribution.totals.released;
    contribution.status = Status::Waiting;
    store(state, &state_key::contribution(id), contribution);
    store(state, &state_key::waiting(&contribution.request, contribution.number), id);
    let event =
        Event::new("contribution.waiting").with("contribution", id).with("request", contribution.request);
    event.with("records", contribution.totals.released)
}

/// Reserves, in the queue's order, whatever fits into what is left. The request's record is changed and not written.
pub fn promote(
    state: &mut (impl StateWrite + ?Sized),
    request_id: &RequestId,
    request: &mut RequestRecord,
    until: u64,
) -> Vec<Event> {
    let queue: Vec<(Vec<u8>, ContributionId)> = list(state, &state_key::queue(request_id)).collect();
    let mut events = Vec::new();
    for (key, id) in queue {
        if request.left() == Records::ZERO {
            break;
        }
        let mut contribution = ContributionRecord::load(state, &id).expect("what waits is a contribution");
        if contribution.records() <= request.left() {
            state.delete(&key);
            request.waiting -= contribution.totals.released;
            events.push(reserve(state, request, &id, &mut contribution, until));
        }
    }
    events
}
