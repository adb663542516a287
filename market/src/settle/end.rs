//! The end of a block: lapses, deadlines, refunds.

use galen_ledger::{Event, StateWrite};

use super::{Due, due, promote};
use crate::action::Env;
use crate::amount::Records;
use crate::id::{ContributionId, RequestId};
use crate::money;
use crate::record::{ContributionRecord, Lapse, Phase, RequestRecord, Status};
use crate::state::{list, store};
use crate::state_key;

/// Things of the calendar that one block does at most. Anybody can put many on one height: what is left waits for the next.
const DUE_A_BLOCK: usize = 256;

/// Does what is due at this height, the oldest first, up to a bound.
pub fn end_block(state: &mut dyn StateWrite, env: Env) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..DUE_A_BLOCK {
        let Some(due) = due::take(state, env.height()) else { break };
        match due {
            Due::Lapse(id) => lapse(state, env, &id, &mut events),
            Due::Deadline(id) => close(state, env, &id, &mut events),
            Due::Settle(id) => settle_if_done(state, env, &id, &mut events),
        }
    }
    events
}

fn lapse(state: &mut dyn StateWrite, env: Env, id: &ContributionId, events: &mut Vec<Event>) {
    let Some(mut contribution) = ContributionRecord::load(state, id) else { return };
    let Status::Reserved { .. } = contribution.status else { return };
    let request_id = contribution.request;
    let Some(mut request) = RequestRecord::load(state, &request_id) else { return };
    let height = env.height();
    contribution.status = Status::Lapsed { height };
    store(state, &state_key::contribution(id), &contribution);
    let record = Lapse { height, identity: contribution.identity };
    store(state, &state_key::lapse(&request_id, id), &record);
    events.push(Event::new("contribution.lapsed").with("contribution", id).with("request", request_id));
    request.reserved = request.reserved.minus(contribution.records()).expect("what lapses was reserved");
    let until = height + env.config.windows.open_window;
    events.extend(promote(state, &request_id, &mut request, until));
    store(state, &state_key::request(&request_id), &request);
    settle_if_done(state, env, &request_id, events);
}

fn close(state: &mut dyn StateWrite, env: Env, id: &RequestId, events: &mut Vec<Event>) {
    let Some(mut request) = RequestRecord::load(state, id) else { return };
    if request.phase == Phase::Open {
        request.phase = Phase::Closing;
        store(state, &state_key::request(id), &request);
        events.push(Event::new("request.closed").with("request", id));
    }
    settle_if_done(state, env, id, events);
}

/// Gives back what is left, when everything is paid, or the deadline has passed and nothing is reserved: what waits then
/// does not fit, and nothing will become free any more.
fn settle_if_done(state: &mut dyn StateWrite, env: Env, id: &RequestId, events: &mut Vec<Event>) {
    let Some(mut request) = RequestRecord::load(state, id) else { return };
    let done = match request.phase {
        Phase::Open => request.paid == request.request.max_records,
        Phase::Closing => request.reserved == Records::ZERO,
        Phase::Settled { .. } => false,
    };
    if !done {
        return;
    }
    let height = env.height();
    let (price, payee) = (&request.request.price, &request.request.refund);
    // An unsettled request has its escrow; and if ever there is no place for a note, it is settled never rather than falsely.
    let Ok(refunded) = money::refund(state, env, id, (price, payee)) else { return };
    request.phase = Phase::Settled { height };
    request.waiting = 0;
    end_queue(state, height, id, events);
    super::unschedule(state, request.request.deadline.get(), Due::Deadline(*id));
    state.delete(&state_key::undrawn(id));
    store(state, &state_key::request(id), &request);
    events.push(Event::new("request.settled").with("request", id).with("refunded", refunded));
}

fn end_queue(state: &mut dyn StateWrite, height: u64, id: &RequestId, events: &mut Vec<Event>) {
    let queue: Vec<(Vec<u8>, ContributionId)> = list(state, &state_key::queue(id)).collect();
    for (key, waiting) in queue {
        state.delete(&key);
        if let Some(mut contribution) = ContributionRecord::load(state, &waiting) {
            contribution.status = Status::Unserved { height };
            store(state, &state_key::contribution(&waiting), &contribution);
            events
                .push(Event::new("contribution.unserved").with("contribution", waiting).with("request", id));
        }
    }
}
