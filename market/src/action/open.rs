//! Opening: the encapsulation is shown and the payout key is paid, in one step, whoever posts it.
//!
//! Checked against the digest that the seal proved, so there is nothing to sign. A reserved contribution is paid from what
//! was kept for it; one that lapsed is still paid while the escrow holds its records free. One that waits is refused: its
//! key must not be shown before its records are kept for it.

use galen_ledger::{Event, StateRead, StateWrite};

use super::Env;
use crate::amount::Records;
use crate::fault::{Fault, MoneyFault, OpenFault};
use crate::money;
use crate::record::{ContributionRecord, Phase, RequestRecord, Status};
use crate::settle::{Due, schedule, unschedule};
use crate::state::store;
use crate::state_key;
use crate::transaction::Opening;

/// Checks an opening against the state; gives the records concerned.
fn check(
    state: &(impl StateRead + ?Sized),
    tx: &Opening,
) -> Result<(ContributionRecord, RequestRecord), OpenFault> {
    let unknown = OpenFault::Unknown(tx.contribution);
    let contribution = ContributionRecord::load(state, &tx.contribution).ok_or(unknown.clone())?;
    if tx.encapsulation.digest() != contribution.encapsulation {
        return Err(OpenFault::Encapsulation);
    }
    let request = RequestRecord::load(state, &contribution.request).ok_or(unknown)?;
    match contribution.status {
        Status::Reserved { .. } => Ok((contribution, request)),
        Status::Waiting => Err(OpenFault::Waiting),
        Status::Paid { .. } => Err(OpenFault::Opened),
        Status::Unserved { .. } => Err(OpenFault::Unserved),
        Status::Lapsed { .. } => {
            let settled = matches!(request.phase, Phase::Settled { .. });
            let fits = contribution.records() <= request.left();
            if settled || !fits { Err(OpenFault::Lapsed) } else { Ok((contribution, request)) }
        }
    }
}

/// Opens and pays.
///
/// # Errors
/// The first fault.
pub fn check_and_execute(state: &mut dyn StateWrite, tx: &Opening, env: Env) -> Result<Vec<Event>, Fault> {
    let (mut contribution, mut request) = check(state, tx)?;
    let (request_id, records) = (contribution.request, contribution.records());
    if let Status::Reserved { until } = contribution.status {
        request.reserved = minus(request.reserved, records)?;
        unschedule(state, until, Due::Lapse(tx.contribution));
    }
    request.paid = request.paid.plus(records).ok_or(MoneyFault::Exhausted)?;
    let price = &request.request.price;
    let note =
        money::pay(state, env, (&request_id, price), (&tx.contribution, &contribution.payee), records)?;
    let height = env.height();
    contribution.status = Status::Paid { height, note, encapsulation: tx.encapsulation };
    store(state, &state_key::contribution(&tx.contribution), &contribution);
    store(state, &state_key::request(&request_id), &request);
    // The refund waits for the end of the block: another opening may still come in it.
    schedule(state, height, Due::Settle(request_id));
    let event =
        Event::new("contribution.opened").with("contribution", tx.contribution).with("request", request_id);
    Ok(vec![event.with("records", records).with("note", note)])
}

fn minus(reserved: Records, records: Records) -> Result<Records, MoneyFault> {
    reserved.minus(records).ok_or(MoneyFault::Exhausted)
}
