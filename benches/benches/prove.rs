//! From circuit inputs to a proof, against arkworks.

use galen_benches::proving;
use galen_prover::engine::synthetic::{SYNTHETIC_INPUTS, Synthetic};

fn main() {
    let circuit = |seed| Synthetic::with_constraints(60_000, seed);
    proving::compare::<SYNTHETIC_INPUTS, _>("synthetic", 7, circuit);
}
