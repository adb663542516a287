//! A run: a storm, then calm, in which everybody catches up and blocks become final again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    bugs::Bug,
    invariants::{Violation, Watch},
    node::DELTA,
    scenario::{Company, Scenario},
    world::{Counts, World},
};

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was run.
    pub scenario: Scenario,
    /// What must not have happened, if it did.
    pub violation: Option<Violation>,
    /// Digest of all that happened.
    pub trace: String,
    /// Blocks made final.
    pub height: u64,
    /// Most blocks, and most views, that a core held.
    pub most_held: (usize, usize),
    /// Numbers.
    pub counts: Counts,
    /// How long it took, in milliseconds of virtual time.
    pub took: u64,
}

impl Outcome {
    /// What to print of a failure.
    pub fn failure(&self) -> Option<String> {
        let (seed, violation) = (self.scenario.seed, self.violation.as_ref()?);
        Some(format!(
            "seed {seed}: {violation}\n  {}\n  replay: GALEN_SIMULATION_SEED={seed} cargo test -p galen-tests --test \
             simulation replay -- --nocapture",
            self.scenario
        ))
    }
}

/// Runs what a seed stands for.
pub fn run(seed: u64) -> Outcome {
    run_with(Scenario::draw(seed), None, Watch::All)
}

/// Runs a scenario, perhaps with a bug in every honest member. A panic is a violation.
pub fn run_with(scenario: Scenario, bug: Option<Bug>, watch: Watch) -> Outcome {
    let mut world = World::new(scenario, bug, watch);
    let done = catch_unwind(AssertUnwindSafe(|| pass(&mut world)));
    if let Err(panic) = done {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        world.invariants.violate(format!("panic: {}", text.unwrap_or("without a text")));
    }
    Outcome {
        violation: world.invariants.violation().cloned(),
        trace: world.trace.digest(),
        height: world.invariants.height(),
        most_held: world.invariants.most_held,
        counts: world.counts,
        took: world.now,
        scenario: world.scenario,
    }
}

fn pass(world: &mut World) {
    let Scenario { stormy, calm, company, .. } = world.scenario;
    world.want(stormy);
    let over = world.now + 60 * DELTA;
    until(world, |world| world.now > over || world.reached() >= Some(stormy));
    world.calm();
    if company == Company::TooManySilent {
        return nothing_is_final(world);
    }
    // What was late in the storm arrives; then all have what anybody has.
    let height = world.invariants.height();
    world.want(height);
    let arrived = world.now + 8 * DELTA;
    within(world, 800, |world| world.now > arrived && world.reached() >= Some(height));
    world.watch_liveness();
    world.want(height + calm);
    within(world, 800, |world| world.reached() >= Some(height + calm));
}

fn until(world: &mut World, done: impl Fn(&World) -> bool) {
    while !done(world) && world.step() {}
}

/// Fails if it takes more than so many Δ.
fn within(world: &mut World, deltas: u64, done: impl Fn(&World) -> bool) {
    let end = world.now + deltas * DELTA;
    until(world, |world| done(world) || world.now > end);
    if !done(world) {
        let places = world.places();
        world.invariants.note(Watch::All, Some(format!("no progress: {places:?}")));
    }
}

fn nothing_is_final(world: &mut World) {
    let end = world.now + 60 * DELTA;
    world.want(5);
    until(world, |world| world.now > end);
    if world.invariants.height() > 0 {
        world.invariants.violate("a block is final without a quorum");
    }
}
