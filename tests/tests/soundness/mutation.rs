//! (b) Every witness is bound: changed alone, it violates a constraint.
//!
//! Complete for every variable of the three circuits: of each constraint only the change in its three products counts.

use ark_ff::{One, Zero};
use galen_circuits::field::F;
use galen_tests::system::{Circuit, System, assign};
use galen_tests::world::honest;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;

const SEED: u64 = 20_261_121;

struct Entry {
    row: usize,
    factors: [F; 3],
}

/// For each column its rows, with its coefficient in each of the three matrices.
fn columns(system: &System) -> Vec<Vec<Entry>> {
    let m = &system.matrices;
    let mut columns: Vec<Vec<Entry>> = (0..system.rows_of.len()).map(|_| Vec::new()).collect();
    for row in 0..system.constraints() {
        for (which, matrix) in [m.a(), m.b(), m.c()].into_iter().enumerate() {
            for (column, factor) in matrix.row(row) {
                let entries = &mut columns[column];
                if entries.last().is_none_or(|entry| entry.row != row) {
                    entries.push(Entry { row, factors: [F::zero(); 3] });
                }
                if let Some(entry) = entries.last_mut() {
                    entry.factors[which] = *factor;
                }
            }
        }
    }
    columns
}

/// The witnesses that can take another value while all others stay: (witness, value).
fn free(system: &System, circuit: &impl Circuit) -> Vec<(usize, F)> {
    let z = assign(circuit, BTreeMap::new()).z;
    let products: Vec<[F; 3]> = (0..system.constraints()).map(|row| system.products(row, &z)).collect();
    assert!(products.iter().all(|[a, b, c]| *a * b == *c));
    let mut rng = ChaCha20Rng::seed_from_u64(SEED);
    let mut free = Vec::new();
    let instance = system.matrices.instance_variables();
    for (column, entries) in columns(system).iter().enumerate().skip(instance) {
        let value = z[column];
        let random = <F as ark_ff::UniformRand>::rand(&mut rng);
        for other in [value + F::one(), value - F::one(), F::zero(), F::one(), random] {
            let step = other - value;
            let holds = |entry: &Entry| {
                let [a, b, c] = products[entry.row];
                let [da, db, dc] = entry.factors;
                (a + da * step) * (b + db * step) == c + dc * step
            };
            if !step.is_zero() && entries.iter().all(holds) {
                free.push((column - instance, other));
            }
        }
    }
    println!("{} witnesses, 5 changes each (seed {SEED}): {} unnoticed", columns_count(system), free.len());
    free
}

fn columns_count(system: &System) -> usize {
    system.matrices.witness_variables()
}

#[test]
fn every_witness_of_the_scan_is_bound() {
    assert_eq!(free(System::scan(), &honest().1.scans[1]), []);
}

#[test]
fn every_witness_of_the_release_is_bound() {
    let (_, plan) = honest();
    assert_eq!(free(System::release(), &plan.releases[0]), []);
    assert_eq!(free(System::release(), plan.releases.last().unwrap()), []);
}

#[test]
fn every_witness_of_the_seal_is_bound() {
    assert_eq!(free(System::seal(), &honest().1.seal), []);
}

/// The sweep can see: a circuit with a bit that nothing ties to anything.
#[test]
fn the_sweep_finds_a_free_witness() {
    let loose = |b: &mut galen_circuits::gadget::Builder| {
        let input = b.input(F::from(3u64));
        b.mul(&input, &input);
        b.bit(true);
        b.witness(F::from(9u64));
    };
    let system = System::of(&loose);
    let found: Vec<usize> = free(&system, &loose).iter().map(|(witness, _)| *witness).collect();
    assert!(found.contains(&1) && found.contains(&2) && !found.contains(&0));
}
