//! Twins: bad members as two machines with one key, and the links of the first views parted in every possible way.
//!
//! Two machines that keep the rules, each heard by others, can do most of what a bad member can: say two things, forget,
//! keep silent. That makes it possible to try all there is, instead of drawing some of it (Bano and others, "Twins: BFT
//! Systems Made Robust", 2020). A play says, for each of the first views, who leads and which machines hear each
//! other; after a while all hear each other again, and there must be agreement and progress.

mod play;

use galen_ledger::MemberIndex;
use play::{Play, Round};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

/// Views of which all is tried.
const VIEWS: usize = 3;
/// Members 0 to 2 are honest; 3 has the machines 3 and 4.
const MACHINES: usize = 5;
/// Ways to part five machines in two, or not at all.
const PARTITIONS: u32 = 1 << (MACHINES - 1);
/// Choices for a view: a leader of four, and a partition.
const CHOICES: u32 = 4 * PARTITIONS;

/// Of all plays, the usual tests perform one in so many, as signatures take their time: all of them, seven minutes of a
/// core. With `GALEN_SIMULATION_TWINS_FULL` none is left out.
const STRIDE: usize = 13;

fn is_full() -> bool {
    std::env::var_os("GALEN_SIMULATION_TWINS_FULL").is_some()
}

/// The machine that takes the place of each when honest members change names and the twins do.
type Renaming = [usize; MACHINES];

fn renamings() -> Vec<Renaming> {
    let honest = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let twins = [[3, 4], [4, 3]];
    let all = honest.iter().flat_map(|h| twins.iter().map(|t| [h[0], h[1], h[2], t[0], t[1]]));
    all.collect()
}

/// A choice after a change of names. Which part is called the first does not matter: machine 0 is in it.
fn renamed(choice: u32, to: &Renaming) -> u32 {
    let (leader, mask) = (choice / PARTITIONS, (choice % PARTITIONS) << 1);
    let moved = (0..MACHINES).fold(0, |moved, machine| moved | (mask >> machine & 1) << to[machine]);
    let parts = if moved & 1 == 1 { !moved } else { moved } >> 1 & (PARTITIONS - 1);
    // Names of members: those of machines, but both twins are member 3.
    let leader = u32::try_from(to[leader as usize].min(3)).expect("small");
    leader * PARTITIONS + parts
}

fn round(choice: u32) -> Round {
    let mask = (choice % PARTITIONS) << 1;
    let parts = (0..MACHINES).map(|machine| (mask >> machine & 1) as u8).collect();
    Round { leader: MemberIndex::new((choice / PARTITIONS) as u16), parts }
}

/// All plays that differ in more than names, and how many there are with all names.
fn all() -> (u64, Vec<[u32; VIEWS]>) {
    let renamings = renamings();
    let number = u64::from(CHOICES).pow(VIEWS as u32);
    let choices = |number: u64| {
        let choice = |view: u32| (number / u64::from(CHOICES).pow(view) % u64::from(CHOICES)) as u32;
        [choice(0), choice(1), choice(2)]
    };
    let is_first =
        |play: &[u32; VIEWS]| renamings.iter().all(|to| *play <= play.map(|choice| renamed(choice, to)));
    (number, (0..number).map(choices).filter(is_first).collect())
}

#[test]
fn twins_of_one_of_four_in_every_partition_and_under_every_leader_of_three_views() {
    let (number, plays) = all();
    println!("{number} plays, {} of them different in more than names", plays.len());
    let stride = if is_full() { 1 } else { STRIDE };
    let failures: Vec<_> = plays
        .par_iter()
        .step_by(stride)
        .filter_map(|choices| {
            let play = Play { members: 4, twins: 1, rounds: choices.iter().map(|c| round(*c)).collect() };
            play.perform().err().map(|failure| format!("{choices:?}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} of {}; the first: {}", failures.len(), plays.len(), failures[0]);
    // Burnside's count: the plays that each of the twelve renamings leaves as they are, cubed for three views.
    let fixed: u64 =
        [64, 32, 16, 16, 16, 8, 8, 8, 4, 4, 2, 2].iter().map(|choices: &u64| choices.pow(3)).sum();
    assert_eq!((number, plays.len() as u64), (262_144, fixed / 12));
}

#[test]
fn twins_of_two_of_seven_in_some_partitions() {
    let plays = if is_full() { 10_000 } else { 200 };
    (0..plays).into_par_iter().for_each(|seed| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut round = |_| {
            let most = rng.gen_range(2..4);
            let parts = (0..9).map(|_| rng.gen_range(0..most)).collect();
            Round { leader: MemberIndex::new(rng.gen_range(0..7)), parts }
        };
        let play = Play { members: 7, twins: 2, rounds: (0..5).map(&mut round).collect() };
        play.perform().unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
    });
    println!("seeds 0..{plays}");
}
