//! The recent roots of standing: which of them a contribution may be proven against.
//!
//! At each boundary the current root joins the one of the boundary before; older ones are good no more. A suspension does
//! not wait for a boundary: at the end of its block the new root is the *only* good one. Keeping the one before as well
//! would let the suspended hospital sell once more. What honest sellers were proving at that moment must be proven again;
//! suspensions are rare and signed by a quorum.

use galen_circuits::field::F;
use galen_ledger::{Event, StateRead, StateWrite};
use serde::Serialize;

use super::{TreeName, root_at, sellers};
use crate::codec::canonical;
use crate::state::{load, store};
use crate::state_key;

/// A good root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RecentRoot {
    /// The root.
    #[serde(with = "galen_circuits::field::hex_serde")]
    pub root: F,
    /// The height after whose block the tree had it: paths are found there.
    pub height: u64,
}

canonical!(struct RecentRoot { root, height });

/// The good roots, the newest first.
pub fn roots(state: &(impl StateRead + ?Sized)) -> Vec<RecentRoot> {
    load(state, &state_key::recent()).unwrap_or_default()
}

/// Whether a root is good.
pub fn is_good(state: &(impl StateRead + ?Sized), root: F) -> bool {
    roots(state).iter().any(|recent| recent.root == root)
}

/// Notes that somebody was suspended in this block.
pub fn note_suspension(state: &mut (impl StateWrite + ?Sized)) {
    store(state, &state_key::suspended_now(), &true);
}

/// Sets the roots at genesis.
pub fn begin(state: &mut (impl StateWrite + ?Sized)) {
    let root = root_at(state, TreeName::Standing, 0);
    store(state, &state_key::recent(), &vec![RecentRoot { root, height: 0 }]);
}

/// At the end of the block at `height`: takes the root anew after a suspension, or at a boundary.
pub fn end_block(state: &mut (impl StateWrite + ?Sized), height: u64, interval: u64) -> Vec<Event> {
    let suspended = load(state, &state_key::suspended_now()).unwrap_or(false);
    let boundary = height.is_multiple_of(interval);
    if !suspended && !boundary {
        return Vec::new();
    }
    sellers::take(state);
    let now = RecentRoot { root: root_at(state, TreeName::Standing, height), height };
    let before = roots(state);
    let mut good = vec![now];
    if suspended {
        state.delete(&state_key::suspended_now());
    } else {
        good.extend(before.first().filter(|newest| newest.root != now.root));
    }
    let changed = good.iter().map(|r| r.root).ne(before.iter().map(|r| r.root));
    if !changed {
        return Vec::new();
    }
    store(state, &state_key::recent(), &good);
    vec![Event::new("registry.recent").with("height", height).with("good", good.len())]
}
