//! What happens at which height.

use galen_ledger::{StateRead, StateWrite};

use crate::codec::{Canonical, canonical};
use crate::id::{ContributionId, RequestId};
use crate::state::{list, store};
use crate::state_key;

/// Something due at the end of a block. In one block lapses come before deadlines, and those before settlements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A reservation ends.
    Lapse(ContributionId),
    /// A request closes.
    Deadline(RequestId),
    /// A request may have nothing more to wait for.
    Settle(RequestId),
}

canonical!(enum Due { 0 => Lapse(id), 1 => Deadline(id), 2 => Settle(id) });

/// Puts something on the calendar.
pub fn schedule(state: &mut (impl StateWrite + ?Sized), height: u64, due: Due) {
    store(state, &state_key::due(height, &due.to_canonical()), &due);
}

/// Takes it off again.
pub fn unschedule(state: &mut (impl StateWrite + ?Sized), height: u64, due: Due) {
    state.delete(&state_key::due(height, &due.to_canonical()));
}

/// Whether anything is on the calendar: requests that are not settled, all of them.
pub fn waits(state: &(impl StateRead + ?Sized)) -> bool {
    state.prefix(&state_key::all_due()).next().is_some()
}

/// The requests that are open, the nearest deadline first. A deadline is put on the calendar when its request is posted, and
/// taken off when that closes or is settled; no other request is looked at.
pub fn open_requests(state: &(impl StateRead + ?Sized)) -> Vec<RequestId> {
    let open = list::<Due>(state, &state_key::all_due()).filter_map(|(_, due)| match due {
        Due::Deadline(id) => Some(id),
        Due::Lapse(_) | Due::Settle(_) => None,
    });
    open.collect()
}

/// Takes the first thing that is due.
pub(super) fn take(state: &mut (impl StateWrite + ?Sized), height: u64) -> Option<Due> {
    let prefix = state_key::all_due();
    let end = [prefix.as_slice(), &height.saturating_add(1).to_be_bytes()].concat();
    let (key, value) = state.scan(&prefix, Some(&end)).next()?;
    state.delete(&key);
    Some(Due::from_canonical(&value).expect("the calendar holds what was put there"))
}
