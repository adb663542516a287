//! [`Core::step`](galen_ledger::consensus::Core::step), fed with whatever the bytes say: four bytes are one event.
//!
//! Everybody's keys are at hand, so that quorums can say things that contradict each other, which no consortium within its
//! bounds ever does. What a member does for its own part must hold even then (`Play::check`): one vote of a
//! kind in a view (R1), none that exclude each other (R3, R4), nothing sent that is not durable (R6), final blocks one after
//! the other, and all of it across crashes.

mod event;
mod oath;
mod play;

use super::Target;
use event::{EVENT_BYTES, Event};
use play::Play;

/// Events beyond these are not looked at.
const LONGEST: usize = 96;

/// The core.
pub fn targets() -> Vec<Target> {
    vec![Target { memory: 16 * 1024, mutations: 2000, ..Target::new("step", step, scripts) }]
}

fn step(bytes: &[u8]) -> String {
    let mut play = Play::new();
    for event in bytes.chunks_exact(EVENT_BYTES).take(LONGEST) {
        play.happen(Event::new(event));
    }
    play.way()
}

/// What an honest consortium does, and what goes wrong in one.
fn scripts() -> Vec<Vec<u8>> {
    let block: &[[u8; 4]] = &[event::PROPOSE, event::EXECUTED, event::NOTARIZED, event::FINALIZED];
    let cycle = [block, block, block].concat();
    let voted: &[[u8; 4]] = &[
        event::PROPOSE,
        event::EXECUTED,
        event::vote(1, 0),
        event::vote(2, 0),
        event::vote(3, 0),
        event::vote(1, 2),
        event::vote(2, 2),
    ];
    let late: &[[u8; 4]] = &[event::NOTARIZED, event::FINALIZED, event::BODY, event::EXECUTED];
    let lost: &[[u8; 4]] = &[event::WORK, event::TIMER, event::TIMER, event::NULLIFIED, event::TIMER];
    let led: &[[u8; 4]] = &[event::WORK, event::BUILT, event::NOTARIZED, event::FINALIZED];
    let crashes: &[[u8; 4]] =
        &[event::PROPOSE, event::CRASH, event::EXECUTED, event::NOTARIZED, event::CRASH];
    let torn: &[[u8; 4]] =
        &[event::PROPOSE, event::TORN, event::EXECUTED, event::NOTARIZED, event::FINALIZED];
    let twice: &[[u8; 4]] =
        &[event::PROPOSE, event::EXECUTED, event::PROPOSE, event::vote(2, 0), event::vote(2, 1)];
    let ending: &[[u8; 4]] =
        &[event::PROPOSE, event::EXECUTED, event::NOTARIZED, event::NULLIFIED, event::AGAIN, event::EXECUTED];
    [
        cycle.clone(),
        [&cycle[..], block, voted].concat(),
        [block, lost, block].concat(),
        [lost, lost, late].concat(),
        [block, block, block, led, led].concat(),
        [crashes, block, torn].concat(),
        [block, block, ending, event::FINALIZED_AGAIN, block].concat(),
        [twice, block, &[event::STATUS, event::FETCH, event::SAID, event::CRASH][..]].concat(),
        [&cycle[..], &[event::CRASH][..], block, &[event::STATUS][..]].concat(),
    ]
    .into_iter()
    .map(|events| events.concat())
    .collect()
}
