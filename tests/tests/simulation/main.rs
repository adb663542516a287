//! A deterministic simulation of whole consortia: real cores, logs, execution, cycles, beacon, evidence and changes of
//! the membership, in virtual time, under faults of links and machines, with bad members of many kinds.
//!
//! A run is a function of its seed. A failure prints the seed and the command that runs it again. How many runs:
//! `GALEN_SIMULATION_RUNS=N`; which: `GALEN_SIMULATION_SEED=…` with the test `replay`.
//!
//! [`scenario`] says what a seed stands for, [`run`] what a run is, [`world`] lets things happen, [`invariants`] says
//! what must hold, [`byzantine`] who is bad and how, [`bugs`] what is broken on purpose to see it found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic is a failed test; seeds are printed"
)]

mod application;
mod bugs;
mod byzantine;
mod invariants;
mod network;
mod node;
mod report;
mod run;
mod scenario;
mod trace;
mod twins;
mod wire;
mod world;

use bugs::Bug;
use invariants::Watch;
use rayon::prelude::*;
use report::Report;
use scenario::Scenario;

/// Runs of the usual test.
const RUNS: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn no_run_breaks_an_invariant() {
    let runs = number("GALEN_SIMULATION_RUNS").unwrap_or(RUNS);
    let first = number("GALEN_SIMULATION_SEED").unwrap_or(0);
    let seeds = first..first + runs;
    println!("seeds {seeds:?}");
    let report =
        seeds.into_par_iter().map(|seed| Report::of(&run::run(seed))).reduce(Report::default, Report::and);
    println!("{report}");
    assert!(
        report.failures.is_empty(),
        "{} runs of {runs} failed:\n{}",
        report.failures.len(),
        report.worst()
    );
    report.has_tested_something();
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..12 {
        let (one, other) = (run::run(seed), run::run(seed));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert_ne!(one.trace, run::run(seed + 1000).trace);
    }
}

/// Runs the seed of a failure again, or any other.
#[test]
fn replay() {
    let outcome = run::run(number("GALEN_SIMULATION_SEED").unwrap_or(0));
    println!("{outcome:#?}");
    assert!(outcome.violation.is_none(), "{}", outcome.failure().unwrap_or_default());
}

/// The first seed that finds a bug by what begins with these words, within the runs of the usual test.
fn hunt(bug: Bug, watch: Watch, words: &str) -> Option<(u64, String)> {
    let runs = number("GALEN_SIMULATION_RUNS").unwrap_or(RUNS);
    (0..runs).into_par_iter().find_map_first(|seed| {
        let outcome = run::run_with(Scenario::draw(seed), Some(bug), watch);
        outcome.violation.filter(|violation| violation.starts_with(words)).map(|violation| (seed, violation))
    })
}

/// Each is found as what it is. (A core that does not know of the vote that its saboteur added may vote a second time:
/// that is found as well, and is not what is looked for.) A short quorum shows in many ways.
#[test]
fn bugs_made_on_purpose_are_found() {
    for (bug, rule) in Bug::ALL {
        let words = if bug == Bug::ShortQuorum { "" } else { rule };
        let (seed, violation) =
            hunt(bug, Watch::All, words).unwrap_or_else(|| panic!("{bug:?} is not found"));
        println!("{rule} {bug:?}: found in run {}: {violation}", seed + 1);
    }
}

/// A vote sent before it is durable is also found by what comes of it: a member that contradicts itself.
#[test]
fn a_member_that_forgets_its_votes_is_found_by_what_it_says() {
    let (seed, violation) = hunt(Bug::SentBeforeDurable, Watch::Wire, "").expect("found");
    println!("R6 {:?}: contradicts itself in run {}: {violation}", Bug::SentBeforeDurable, seed + 1);
}

/// How soon a bug becomes a fork when nobody looks at the votes. R3 is not needed for agreement, and some bugs need more
/// bad luck than the usual runs have.
#[test]
#[ignore = "takes minutes, and is for the record"]
fn bugs_made_on_purpose_fork_the_chain() {
    for (bug, rule) in Bug::ALL {
        match hunt(bug, Watch::Forks, "") {
            Some((seed, violation)) => println!("{rule} {bug:?}: forks in run {}: {violation}", seed + 1),
            None => println!("{rule} {bug:?}: no fork in the usual runs"),
        }
    }
}
