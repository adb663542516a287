//! T01, T02, T05, T17, T20, T23: where rows come from, which run was drawn, who sells.

use galen_circuits::dataset::{Dataset, run_commitment};
use galen_circuits::field::{F, to_bits};
use galen_circuits::poseidon::hash;
use galen_circuits::registry;
use galen_circuits::scan;
use galen_circuits::seal::{START, SealCircuit, draw};
use galen_circuits::state::State;
use galen_tests::forge::{SCAN_OUTPUTS, SEAL_OUTPUTS, stopped_by, violations_with};
use galen_tests::system::System;
use galen_tests::world::{honest, random_rows, row};

use ark_ff::{BigInteger, Field, PrimeField};

use crate::scanning::{scan, with_own_dataset};

fn honest_seal() -> SealCircuit {
    honest().1.seal.clone()
}

fn seal_is_stopped_by(seal: SealCircuit) -> Vec<&'static str> {
    stopped_by(System::seal(), seal, &SEAL_OUTPUTS)
}

#[test]
fn honest_starting_points_are_accepted() {
    let (world, plan) = honest();
    assert!(seal_is_stopped_by(plan.seal.clone()).is_empty());
    assert!(stopped_by(System::scan(), scan(world, 0, State::first()), &SCAN_OUTPUTS).is_empty());
    for circuit in &plan.scans {
        assert!(stopped_by(System::scan(), circuit.clone(), &[]).is_empty());
    }
    for circuit in &plan.releases {
        assert!(stopped_by(System::release(), circuit.clone(), &[]).is_empty());
    }
    assert!(stopped_by(System::seal(), plan.seal.clone(), &[]).is_empty());
}

#[test]
fn t01_rows_of_no_committed_dataset() {
    let (world, _) = honest();
    let invented: Vec<_> = (1..=10).map(|handle| Some(row(handle, &[(0, 20), (1, 5), (4, 1)]))).collect();
    // Under the committed root the path breaks …
    let mut under_the_root = scan(world, 0, State::first());
    let own = with_own_dataset(under_the_root.clone(), &invented);
    under_the_root.private.words = own.private.words.clone();
    assert_eq!(stopped_by(System::scan(), under_the_root, &SCAN_OUTPUTS), ["scan.path"]);
    // … and under a root of his own the scan holds, but the seal finds no such leaf in the anchor.
    assert!(stopped_by(System::scan(), own.clone(), &SCAN_OUTPUTS).is_empty());
    let mut seal = honest_seal();
    seal.private.run = own.private.run;
    assert_eq!(seal_is_stopped_by(seal), ["seal.anchor"]);
}

#[test]
fn t02_dataset_committed_after_the_request() {
    let (world, _) = honest();
    let later = Dataset::new(&random_rows(300, 99), 12).unwrap();
    let name = registry::seller(world.seller.secret);
    let mut datasets = world.datasets.clone();
    let leaf = registry::dataset_leaf(later.body(world.seller.salt), world.statement.terms.schema, name);
    datasets.set(4, leaf).unwrap();
    let mut seal = honest_seal();
    seal.private.run.root = later.root();
    seal.private.dataset_path = datasets.path(4).unwrap();
    assert_eq!(seal_is_stopped_by(seal.clone()), ["seal.anchor"]);
    // Under the later root it would have held: the anchor of the request is what refuses.
    seal.public.anchor = datasets.root();
    assert!(seal_is_stopped_by(seal).is_empty());
}

#[test]
fn t05_another_run_than_the_beacon_drew() {
    let (world, _) = honest();
    let drawn = honest_seal();
    for shift in 1..world.dataset.chunks().len() as u64 {
        let mut seal = drawn.clone();
        seal.private.run.start = (drawn.private.run.start + shift) % seal.private.run.chunks;
        assert_eq!(seal_is_stopped_by(seal), ["seal.draw.division"], "shift {shift}");
    }
    // A start for a smaller number of chunks than was committed.
    let mut seal = drawn.clone();
    let fewer = drawn.private.run.chunks - 1;
    let again = draw(drawn.public.beacon, drawn.public.nullifier, fewer);
    (seal.private.run.chunks, seal.private.run.start) = (fewer, again.start);
    seal.private.quotient = again.quotient;
    seal.public.min_chunks = fewer;
    assert_eq!(seal_is_stopped_by(seal), ["seal.anchor"]);
}

#[test]
fn t05_a_run_chosen_by_trying_seller_secrets() {
    let drawn = honest_seal();
    // Another secret draws another run, and has no leaf.
    let mut seal = drawn.clone();
    seal.private.seller_secret = F::from(6u64);
    seal.public.nullifier = registry::nullifier(F::from(6u64), seal.public.request_id);
    let again = draw(seal.public.beacon, seal.public.nullifier, seal.private.run.chunks);
    seal.private.run.start = again.start;
    seal.private.quotient = again.quotient;
    seal.private.draw = again.bits;
    assert_eq!(seal_is_stopped_by(seal), ["seal.anchor", "seal.standing"]);
    // Another nullifier than the secret's.
    let mut seal = drawn;
    seal.public.nullifier = F::from(1u64);
    let again = draw(seal.public.beacon, seal.public.nullifier, seal.private.run.chunks);
    seal.private.run.start = again.start;
    seal.private.quotient = again.quotient;
    seal.private.draw = again.bits;
    assert_eq!(seal_is_stopped_by(seal), ["seal.seller"]);
}

#[test]
fn t05_a_run_over_fewer_chunks_than_the_schema_asks_for() {
    let mut seal = honest_seal();
    seal.public.min_chunks = seal.private.run.chunks + 1;
    assert_eq!(seal_is_stopped_by(seal), ["seal.chunks"]);
}

#[test]
fn t05_another_chunk_than_the_next_of_the_run() {
    let (world, _) = honest();
    let honest_scan = scan(world, 0, State::first());
    let other = scan(world, 1, State::first());
    // The next chunk in place of this one, with its own words and path.
    let mut skipped = honest_scan.clone();
    skipped.private.words = other.private.words;
    skipped.private.path = other.private.path;
    assert_eq!(stopped_by(System::scan(), skipped, &SCAN_OUTPUTS), ["scan.path"]);
    // Wrapped where the run has not wrapped.
    let mut wrapped = honest_scan;
    wrapped.private.wrapped = !wrapped.private.wrapped;
    assert!(stopped_by(System::scan(), wrapped, &SCAN_OUTPUTS).contains(&"scan.position"));
}

#[test]
fn t17_a_seller_never_accredited_or_suspended_since() {
    let (world, _) = honest();
    let mut standing = world.standing.clone();
    standing.set(galen_tests::world::STANDING_PLACE, F::from(0u64)).unwrap();
    let mut suspended = honest_seal();
    suspended.public.recent = standing.root();
    assert_eq!(seal_is_stopped_by(suspended), ["seal.standing"]);
    let mut withdrawn = honest_seal();
    let mut datasets = world.datasets.clone();
    datasets.set(galen_tests::world::DATASET_PLACE, F::from(0u64)).unwrap();
    withdrawn.public.anchor = datasets.root();
    assert_eq!(seal_is_stopped_by(withdrawn), ["seal.anchor"]);
}

#[test]
fn t20_a_dataset_of_another_schema() {
    let (world, _) = honest();
    let name = registry::seller(world.seller.secret);
    let other = F::from(98u64);
    let (mut datasets, mut standing) = (registry::empty_tree(), registry::empty_tree());
    datasets.set(0, registry::dataset_leaf(world.dataset.body(world.seller.salt), other, name)).unwrap();
    standing.set(0, registry::standing_leaf(other, name)).unwrap();
    let mut seal = honest_seal();
    seal.public.anchor = datasets.root();
    seal.public.recent = standing.root();
    seal.private.dataset_path = datasets.path(0).unwrap();
    seal.private.standing_path = standing.path(0).unwrap();
    assert_eq!(seal_is_stopped_by(seal.clone()), ["seal.anchor", "seal.standing"]);
    seal.public.schema = other;
    assert!(seal_is_stopped_by(seal).is_empty(), "under its own schema it would have held");
}

/// value + r has 255 bits too for about a tenth of all draws, and another lowest 64 bits.
#[test]
fn t23_a_second_start_by_a_non_canonical_decomposition() {
    let mut seal = honest_seal();
    let modulus = F::MODULUS;
    let (beacon, bits) = (1u64..)
        .find_map(|beacon| {
            let mut alias = hash(START, &[F::from(beacon), seal.public.nullifier]).into_bigint();
            let carry = alias.add_with_carry(&modulus);
            let bits = alias.to_bits_le();
            (!carry && !bits[255]).then(|| (beacon, bits[..255].to_vec()))
        })
        .unwrap();
    println!("beacon {beacon}");
    let low = bits[..64].iter().rev().fold(0u64, |sum, bit| sum << 1 | u64::from(*bit));
    let chunks = seal.private.run.chunks;
    seal.public.beacon = F::from(beacon);
    seal.private.draw = bits;
    seal.private.quotient = low / chunks;
    seal.private.run.start = low % chunks;
    assert_eq!(seal_is_stopped_by(seal), ["seal.draw.canonical"]);
}

#[test]
fn t23_a_start_by_a_quotient_or_start_out_of_range() {
    let drawn = honest_seal();
    let (start, chunks) = (drawn.private.run.start, drawn.private.run.chunks);
    // start + chunks with the quotient one lower divides as well.
    let mut seal = drawn.clone();
    seal.private.run.start = start + chunks;
    seal.private.quotient -= 1;
    assert_eq!(seal_is_stopped_by(seal), ["seal.chunks"]);
    // The quotient of another start exists in the field; it does not have 64 bits.
    let mut seal = drawn;
    seal.private.run.start = (start + 1) % chunks;
    let low = to_bits(&hash(START, &[seal.public.beacon, seal.public.nullifier]), 64);
    let low = low.iter().rev().fold(F::from(0u64), |sum, bit| sum + sum + F::from(u64::from(*bit)));
    let quotient = (low - F::from(seal.private.run.start)) * F::from(chunks).inverse().unwrap();
    let lowest = F::from(seal.private.quotient & !1);
    // All of the difference into the lowest bit, which is the first of 64 that follow the canonical part.
    let system = System::seal();
    let bit = system.defined("seal.draw.canonical", seal_bits_before_quotient(system));
    let changes = [(bit, quotient - lowest)].into();
    let stopped = violations_with(system, seal, &SEAL_OUTPUTS, &changes);
    assert_eq!(stopped.len(), 1);
    assert_eq!(system.section(stopped[0]), "seal.draw.canonical");
}

/// In the section of the canonical bits the last 64 constraints are the quotient's bits.
fn seal_bits_before_quotient(system: &System) -> usize {
    system.rows_in("seal.draw.canonical").len() - 64
}

#[test]
fn t01_the_scan_opens_the_run_that_the_seal_sealed() {
    let (world, _) = honest();
    let mut other = scan(world, 0, State::first());
    let opening = scan::RunOpening { start: (other.private.run.start + 1) % 12, ..other.private.run };
    assert_ne!(run_commitment(opening.root, opening.chunks, opening.start, opening.blind), other.public.run);
    let (position, wrapped) = opening.position(0);
    other.private.run = opening;
    other.private.wrapped = wrapped;
    other.private.words = world.dataset.chunks()[position as usize].words().to_vec();
    other.private.path = world.dataset.path(position).unwrap();
    let published_after_gamma = [6];
    assert_eq!(stopped_by(System::scan(), other, &published_after_gamma), ["scan.run"]);
}
