//! Fuzzing. Every run replays the corpus of each target (`tests/fuzz/corpus`), and tries changes of it that are drawn from a
//! seed: the same on every machine, a minute in all. For more, see `hours` below and CONTRIBUTING.md.
//!
//! An input that brings a target down is written to `target/fuzz`, with the command that replays it. Once what it found is
//! mended it belongs into the corpus.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic is a failed test, and output is the report"
)]

mod allocations;
mod corpus;
mod search;

use std::time::{Duration, Instant};

use galen_tests::fuzz::{Target, targets};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn target(name: &str) -> Target {
    targets().into_iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target {name}"))
}

fn run(name: &str) {
    let target = target(name);
    let mut search = search::Search::new(&target, 1);
    let files = search.replay();
    search.is_fresh();
    let begun = Instant::now();
    let tried = search.go_on(|tried| tried < target.mutations);
    let seconds = begun.elapsed().as_secs_f32();
    println!("{name}: {files} files, {tried} changes in {seconds:.1} s, {}", search.report());
}

macro_rules! targets_are {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn no_target_and_no_corpus_is_forgotten() {
            let names: Vec<_> = targets().iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            assert_eq!(corpus::folders(), std::collections::BTreeSet::from_iter(names.iter().map(|name| name.to_string())));
        }
    };
}

targets_are! {
    message block vote certificate genesis committee change evidence beacon records state_proof hello frames
    mini_block lanes compact receipts
    log journal sign_file number_file export light_proof
    transaction config
    element points proof contribution verifying_key
    step
}

/// As long as it is told to: `GALEN_FUZZ_SECONDS` (60) for each of `GALEN_FUZZ_TARGETS` (all), from `GALEN_FUZZ_SEED` (the
/// time). Run it with `--release`.
#[test]
#[ignore = "runs as long as it is told to"]
fn hours() {
    let seconds = variable("GALEN_FUZZ_SECONDS").map_or(60, |seconds| seconds.parse().unwrap());
    let wanted = variable("GALEN_FUZZ_TARGETS");
    let seed = variable("GALEN_FUZZ_SEED").map_or_else(search::any_seed, |seed| seed.parse().unwrap());
    for target in targets() {
        if wanted.as_ref().is_some_and(|wanted| !wanted.split(',').any(|name| name == target.name)) {
            continue;
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut search = search::Search::new(&target, seed);
        search.replay();
        let tried = search.go_on(|_| Instant::now() < end);
        println!("{}: seed {seed}, {tried} inputs, {}", target.name, search.report());
    }
}

/// One input: `GALEN_FUZZ_TARGETS=step GALEN_FUZZ_INPUT=target/fuzz/step-…`.
#[test]
#[ignore = "takes its input from the environment"]
fn one() {
    let (name, path) = (variable("GALEN_FUZZ_TARGETS").unwrap(), variable("GALEN_FUZZ_INPUT").unwrap());
    let path = corpus::root().join("../../..").join(path);
    let way = search::Search::new(&target(&name), 0).run(&std::fs::read(&path).unwrap());
    println!("{name}: {way}");
}

/// Makes the corpora anew, but for `found-*`: after a change of an encoding.
#[test]
#[ignore = "changes the corpora"]
fn write_corpora() {
    let wanted = variable("GALEN_FUZZ_TARGETS");
    for target in targets() {
        if wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|name| name == target.name)) {
            println!("{}: {} files", target.name, search::Search::new(&target, 2).write_corpus());
        }
    }
}
