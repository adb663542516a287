//! The sellers that prices are sealed to: those accredited at the last boundary, or when somebody was suspended since. A list,
//! so that no buyer leaves one out.

use galen_ledger::{StateRead, StateWrite};

use crate::codec::canonical;
use crate::id::AccountKey;
use crate::notes::group::Point;
use crate::role::{Participant, Role};
use crate::state::{list, load, store};
use crate::state_key;

/// A seller with its key for prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceSeller {
    /// Who.
    pub account: AccountKey,
    /// Its key.
    pub key: Point,
}

canonical!(struct PriceSeller { account, key });

/// The sellers, in the order of their accounts.
pub fn sellers(state: &(impl StateRead + ?Sized)) -> Vec<PriceSeller> {
    load(state, &state_key::price_sellers()).unwrap_or_default()
}

/// Notes that a seller came or went.
pub fn note_change(state: &mut (impl StateWrite + ?Sized)) {
    store(state, &state_key::sellers_changed(), &true);
}

/// Takes the list anew, if somebody came or went.
pub fn take(state: &mut (impl StateWrite + ?Sized)) {
    if state.get(&state_key::sellers_changed()).is_none() {
        return;
    }
    state.delete(&state_key::sellers_changed());
    let all = list::<Participant>(state, &state_key::participants());
    let seller = |(key, participant): (Vec<u8>, Participant)| match participant.role {
        Role::Hospital { sealing, .. } if !participant.suspended => {
            Some(PriceSeller { account: AccountKey::from_bytes(*key.last_chunk::<32>()?), key: sealing })
        }
        _ => None,
    };
    let sellers: Vec<PriceSeller> = all.filter_map(seller).collect();
    store(state, &state_key::price_sellers(), &sellers);
}
