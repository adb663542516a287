//! What one block does at most: anybody can put much on one height, and no block may become impossible by it.

use galen_circuits::field::F;
use galen_ledger::{Event, StateRead};

use super::actors::World;
use crate::application::bounded;
use crate::id::RequestId;
use crate::settle::{Due, schedule};
use crate::state_key;

#[test]
fn what_falls_on_one_height_is_done_over_several_blocks() {
    let mut world = World::new(61, 0);
    let height = world.chain.height + 1;
    for number in 0..600u64 {
        schedule(&mut world.chain.state, height, Due::Settle(RequestId::new(F::from(number))));
    }
    let left = |world: &World| world.chain.state.prefix(&state_key::all_due()).count();
    let mut seen = vec![left(&world)];
    for _ in 0..3 {
        world.chain.pass(1);
        seen.push(left(&world));
    }
    assert_eq!(seen, [600, 344, 88, 0]);
}

#[test]
fn more_events_than_a_block_may_have_are_counted_and_left_out() {
    let few: Vec<Event> = (0..2048).map(|_| Event::new("x")).collect();
    assert_eq!(bounded(few.clone()), few);
    let many = bounded((0..5000).map(|_| Event::new("x")).collect());
    assert_eq!((many.len(), many.last().unwrap().kind.as_str()), (2049, "events.left_out"));
    assert_eq!(many.last().unwrap().attributes["count"], "2952");
}
