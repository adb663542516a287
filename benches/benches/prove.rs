//! From circuit inputs to a proof, against arkworks: on the three circuits, and on a synthetic one of 60,000 constraints.

use galen_benches::proving;
use galen_circuits::{release, scan, seal};
use galen_prover::engine::synthetic::{SYNTHETIC_INPUTS, Synthetic};
use galen_tests::world::World;

fn main() {
    let plan = World::small().plan();
    proving::compare::<{ scan::PUBLIC_INPUTS }, _>("scan", 5, |_| plan.scans[0].clone());
    proving::compare::<{ release::PUBLIC_INPUTS }, _>("release", 5, |_| plan.releases[0].clone());
    proving::compare::<{ seal::PUBLIC_INPUTS }, _>("seal", 5, |_| plan.seal.clone());
    let synthetic = |seed| Synthetic::with_constraints(60_000, seed);
    proving::compare::<SYNTHETIC_INPUTS, _>("synthetic", 5, synthetic);
}
