//! Orders: signatures, validity, replay, and who has a say; the rest is each action's own.

use galen_ledger::{Event, StateRead, StateWrite};

use crate::action::{Authority, Env};
use crate::fault::{Fault, TransactionFault};
use crate::id::AccountKey;
use crate::role::governors;
use crate::state::{store, up_to};
use crate::state_key;
use crate::transaction::SignedOrder;

/// Signatures, validity, and the action's own rules without the state.
pub(super) fn check_stateless(order: &SignedOrder, env: Env) -> Result<(), Fault> {
    let (height, until) = (env.height(), order.order.valid_until.get());
    if until < height {
        return Err(TransactionFault::Expired { until, height }.into());
    }
    let limit = height + env.config.windows.order_life;
    if until > limit {
        return Err(TransactionFault::FarAhead { until, limit }.into());
    }
    // First what is cheap: an action may have proofs to check.
    order.check_signatures(&env.block.chain_id)?;
    order.order.action.rules().check_stateless(env)
}

/// Replay, authority, and the action itself.
pub(super) fn check_and_execute(
    state: &mut dyn StateWrite,
    order: &SignedOrder,
    env: Env,
) -> Result<Vec<Event>, Fault> {
    let digest = order.order.digest(&env.block.chain_id).0;
    let executed = state_key::executed(&digest);
    if state.get(&executed).is_some() {
        return Err(TransactionFault::Replayed.into());
    }
    let rules = order.order.action.rules();
    check_authority(state, order, rules.authority(env))?;
    let events = rules.check_and_execute(state, env)?;
    // Remembered under what was signed, not under the bytes: other signatures of the same order are the same order.
    let until = order.order.valid_until.get();
    store(state, &executed, &until);
    store(state, &state_key::forget(until, &digest), &digest);
    Ok(events)
}

/// At the end of a block: orders that are no longer valid need not be remembered.
pub(super) fn forget(state: &mut dyn StateWrite, height: u64) {
    for (key, digest) in up_to(state, &state_key::all_forget(), height) {
        state.delete(&key);
        if let Ok(digest) = <[u8; 32]>::try_from(digest) {
            state.delete(&state_key::executed(&digest));
        }
    }
}

fn check_authority(
    state: &(impl StateRead + ?Sized),
    order: &SignedOrder,
    authority: Authority,
) -> Result<(), TransactionFault> {
    match authority {
        Authority::Account(account) => {
            check_account(order, &account)?;
            let stranger = order.signatures.iter().find(|approval| approval.key != account);
            stranger.map_or(Ok(()), |approval| Err(TransactionFault::Stranger(approval.key)))
        }
        Authority::Governance => check_quorum(state, order, None),
        Authority::GovernanceAnd(account) => {
            check_account(order, &account)?;
            check_quorum(state, order, Some(account))
        }
    }
}

fn check_account(order: &SignedOrder, account: &AccountKey) -> Result<(), TransactionFault> {
    let signed = order.signatures.iter().any(|approval| approval.key == *account);
    if signed { Ok(()) } else { Err(TransactionFault::Unsigned(*account)) }
}

fn check_quorum(
    state: &(impl StateRead + ?Sized),
    order: &SignedOrder,
    besides: Option<AccountKey>,
) -> Result<(), TransactionFault> {
    let governors = governors(state);
    let keys = || order.signatures.iter().map(|approval| approval.key);
    if let Some(stranger) = keys().find(|key| !governors.contains(key) && besides != Some(*key)) {
        return Err(TransactionFault::Stranger(stranger));
    }
    let found = keys().filter(|key| governors.contains(key)).count();
    let needed = governors.threshold;
    if found >= usize::from(needed) { Ok(()) } else { Err(TransactionFault::Quorum { needed, found }) }
}
