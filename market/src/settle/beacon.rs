//! The sampling beacon of a request: the first randomness that nobody knew when it was posted.
//!
//! It is the first output of a round of the ledger's beacon that began after the request was posted: no one could choose it,
//! or knew anything of it then. It decides where a seller's run of chunks starts, together with the seller's nullifier.

use galen_circuits::field::{F, from_wide};
use galen_ledger::{Beacon, Event, StateWrite};

use crate::action::Env;
use crate::id::RequestId;
use crate::record::{Drawn, RequestRecord};
use crate::state::{list, store};
use crate::state_key;

/// Samples that one beacon draws at most. What is left waits for the next, which nobody knew either.
const DRAWN_AT_ONCE: usize = 1024;

/// Draws the samples that a block's beacon may decide, up to a bound.
pub fn draw(state: &mut dyn StateWrite, env: Env) -> Vec<Event> {
    let Some(beacon) = env.block.beacon else { return Vec::new() };
    let undrawn: Vec<(Vec<u8>, u64)> = list(state, &state_key::all_undrawn()).collect();
    let mut events = Vec::new();
    let ready = undrawn.into_iter().filter(|(_, posted)| *posted <= beacon.after.get());
    for (key, _) in ready.take(DRAWN_AT_ONCE) {
        let Some(id) = state_key::last_element(&key).map(RequestId::new) else { continue };
        let Some(mut request) = RequestRecord::load(state, &id) else { continue };
        state.delete(&key);
        request.drawn = Some(Drawn { value: value(&beacon, &id), height: env.height() });
        store(state, &state_key::request(&id), &request);
        events.push(Event::new("request.drawn").with("request", id));
    }
    events
}

/// The beacon as circuits see it, its own for each request.
pub fn value(beacon: &Beacon, request: &RequestId) -> F {
    let mut wide = [0; 64];
    blake3::Hasher::new_derive_key("galen 2026 sampling beacon v1")
        .update(&beacon.value)
        .update(&beacon.after.get().to_le_bytes())
        .update(&request.to_bytes())
        .finalize_xof()
        .fill(&mut wide);
    from_wide(&wide)
}
