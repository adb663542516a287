//! T03, T04, T06: which rows are counted and sold.

use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::release::{ReleaseFault, step};
use galen_circuits::row::Row;
use galen_circuits::scan::{self, ScanFault};
use galen_circuits::state::{State, Totals};
use galen_tests::forge::{RELEASE_OUTPUTS, SCAN_OUTPUTS, stopped_by, violations, violations_with};
use galen_tests::system::System;
use galen_tests::world::{World, class, dataset_of, gamma, honest, padded, release, row, terms};

use crate::scanning::{scan, with_own_dataset};

/// All but the state after: the last state of a contribution is a constant that the ledger computes.
const BEFORE_LAST: [usize; 3] = [5, 6, 7];

/// The state after scans that selected these rows.
fn scanned(rows: &[Row]) -> State {
    let acc = rows.iter().fold(F::from(1u64), |acc, row| acc * (gamma() - row.word()));
    State { acc, ..State::first() }
}

#[test]
fn t03_rows_repeated_to_reach_k() {
    let terms = terms();
    // Four patients, one of them sold twice to make a class of five.
    let mut five = class(&terms, 100, &[1, 1, 2, 2, 3]);
    five[1] = five[0];
    let four: Vec<Row> = [0, 2, 3, 4].iter().filter_map(|i| five[*i].row).collect();
    let state = scanned(&four);
    let next = step(&terms, gamma(), &state, &padded(five.clone()), true).unwrap();
    assert_ne!(next.acc, F::from(1u64));
    let mut circuit = release(&terms, state, padded(five.clone()), 0, true);
    // The ledger's last state has acc = 1 and no open class.
    circuit.public.state_out = State::last(next.totals).commit_in_the_clear();
    circuit.private.blind_out = F::from(0u64);
    assert_eq!(stopped_by(System::release(), circuit, &BEFORE_LAST), ["release.state.out"]);
    // The same class of five patients passes.
    let honest_five = class(&terms, 100, &[1, 1, 2, 2, 3]);
    let state = scanned(&honest_five.iter().filter_map(|r| r.row).collect::<Vec<_>>());
    let next = step(&terms, gamma(), &state, &padded(honest_five.clone()), true).unwrap();
    let mut circuit = release(&terms, state, padded(honest_five), 0, true);
    circuit.public.state_out = State::last(next.totals).commit_in_the_clear();
    circuit.private.blind_out = F::from(0u64);
    assert!(stopped_by(System::release(), circuit, &BEFORE_LAST).is_empty());
}

#[test]
fn t03_a_patient_twice_in_a_chunk_or_out_of_order() {
    let (world, _) = honest();
    let base = scan(world, 0, State::first());
    let rows = |handles: &[u64]| -> Vec<Option<Row>> {
        handles.iter().map(|h| Some(row(*h, &[(0, 20), (1, 5), (4, 1)]))).collect()
    };
    assert!(
        stopped_by(System::scan(), with_own_dataset(base.clone(), &rows(&[1, 2, 3])), &SCAN_OUTPUTS)
            .is_empty()
    );
    for handles in [&[1, 2, 2, 3][..], &[1, 3, 2], &[2, 1]] {
        let forged = with_own_dataset(base.clone(), &rows(handles));
        assert_eq!(stopped_by(System::scan(), forged, &SCAN_OUTPUTS), ["scan.order"], "{handles:?}");
    }
    // A gap of padding to hide the order behind.
    let mut gap = rows(&[5, 6]);
    gap.insert(1, None);
    assert_eq!(
        stopped_by(System::scan(), with_own_dataset(base.clone(), &gap), &SCAN_OUTPUTS),
        ["scan.present_first"]
    );
    // The chunk before ended above.
    let mut state = State::first();
    state.handles = galen_circuits::state::RunHandles { first: 1, last: 9, first_set: true, bounded: false };
    let mut circuit = with_own_dataset(scan(world, 0, state), &rows(&[9, 10]));
    assert_eq!(stopped_by(System::scan(), circuit.clone(), &SCAN_OUTPUTS), ["scan.order"]);
    // A present row without a handle, which would set the first handle to nothing.
    let none = galen_circuits::field::power_of_two(252);
    circuit = with_own_dataset(base, &[]);
    circuit.private.words[0] = none;
    circuit.private.run.root = circuit.private.path.root(
        galen_circuits::dataset::DATASET_NODE,
        galen_circuits::poseidon::hash(galen_circuits::dataset::CHUNK, &circuit.private.words),
    );
    assert_eq!(stopped_by(System::scan(), circuit, &SCAN_OUTPUTS), ["scan.order"]);
}

/// A run that wraps over a dataset whose first chunk repeats the patients of its last.
#[test]
fn t03_a_patient_twice_across_the_wrap() {
    let rows =
        |first: u64| -> Vec<Row> { (first..first + 5).map(|h| row(h, &[(0, 20), (1, 5), (4, 1)])).collect() };
    let mut chunks: Vec<Vec<Row>> = (0..12).map(|i| rows(1000 * (i + 1))).collect();
    chunks[0] = rows(12_000);
    let dataset: Dataset = dataset_of(chunks);
    let world = (0..)
        .map(|beacon| World::of(dataset.clone(), beacon, 3))
        .find(|world| world.run().opening.start == 11)
        .unwrap();
    let terms = &world.statement.terms;
    let after = scan::step(terms, gamma(), &State::first(), 11, world.dataset.chunks()[11].rows()).unwrap();
    let wrapped = scan::step(terms, gamma(), &after, 0, world.dataset.chunks()[0].rows());
    assert_eq!(wrapped, Err(ScanFault::Bound));
    let circuit = scan(&world, 1, after);
    assert_eq!(stopped_by(System::scan(), circuit.clone(), &SCAN_OUTPUTS), ["scan.bound"]);
    // Not to notice the wrap is no way out.
    let system = System::scan();
    let at_zero = system.alone_in_b("scan.wrap", 1);
    for value in [0u64, 2] {
        let changes = [(at_zero, F::from(value))].into();
        let violated = violations_with(system, circuit.clone(), &SCAN_OUTPUTS, &changes);
        assert!(system.sections_of(&violated).contains("scan.wrap"));
    }
}

#[test]
fn t04_matching_rows_left_out_of_the_scan() {
    let (world, _) = honest();
    let circuit = scan(world, 0, State::first());
    let system = System::scan();
    let terms = &world.statement.terms;
    let position = world.run().opening.position(0).0 as usize;
    let rows = world.dataset.chunks()[position].rows();
    let matching = rows.iter().position(|row| terms.selects(row)).unwrap();
    // Two constraints a row: present and willing, selected.
    let selected = system.defined("scan.selected", 2 * matching + 1);
    let violated =
        violations_with(system, circuit.clone(), &SCAN_OUTPUTS, &[(selected, F::from(0u64))].into());
    assert_eq!(violated.len(), 1);
    assert_eq!(system.section(violated[0]), "scan.selected");
    // Hidden as padding: not the committed chunk any more.
    let mut hidden = circuit;
    hidden.private.words[matching] = F::from(0u64);
    assert!(stopped_by(system, hidden, &SCAN_OUTPUTS).contains(&"scan.path"));
}

#[test]
fn t04_matching_rows_left_out_of_the_release() {
    let terms = terms();
    let all = class(&terms, 100, &[1, 1, 2, 2, 3, 3]);
    let state = scanned(&all.iter().filter_map(|r| r.row).collect::<Vec<_>>());
    let mut five = all[..5].to_vec();
    five[4].ends_class = true;
    let mut circuit = release(&terms, state, padded(five), 0, true);
    circuit.public.state_out =
        State::last(Totals { released: 5, suppressed: 0, loss: 5 * (3 * 30 + 29) }).commit_in_the_clear();
    circuit.private.blind_out = F::from(0u64);
    assert_eq!(stopped_by(System::release(), circuit.clone(), &BEFORE_LAST), ["release.state.out"]);
    // To take the missing factor out of acc all the same breaks the division.
    let system = System::release();
    let quotient = system.alone_in_a("release.acc", 1);
    let word = all[5].row.map(|row| row.word()).unwrap();
    let honest_quotient = galen_tests::system::assign(&circuit, Default::default()).z
        [quotient + system.matrices.instance_variables()];
    let inverse = ark_ff::Field::inverse(&(gamma() - word)).unwrap();
    let changes = [(quotient, honest_quotient * inverse)].into();
    let violated = violations_with(system, circuit, &BEFORE_LAST, &changes);
    assert_eq!(violated.len(), 1);
    assert_eq!(system.section(violated[0]), "release.acc");
}

#[test]
fn t04_present_rows_hidden_in_an_unfilled_block() {
    let terms = terms();
    let five = class(&terms, 100, &[1, 1, 2, 2, 3]);
    let not_last = release(&terms, State::first(), padded(five.clone()), 0, false);
    assert_eq!(stopped_by(System::release(), not_last, &RELEASE_OUTPUTS), ["release.order"]);
    assert_eq!(step(&terms, gamma(), &State::first(), &padded(five), false), Err(ReleaseFault::Order(5)));
}

#[test]
fn t06_rows_that_do_not_match_or_do_not_consent() {
    let (world, _) = honest();
    let system = System::scan();
    let base = scan(world, 0, State::first());
    let purpose = u16::from(world.statement.terms.purpose);
    let no_match = row(1, &[(0, 50), (1, 40), (4, 1)]);
    let mut no_consent = row(1, &[(0, 20), (1, 5), (4, 1)]);
    no_consent.cells[11] = !(1 << purpose);
    let one = F::from(1u64);
    for (bad, section, place) in [
        // The result itself; the product of purpose and consent bit; what a clause makes of its conditions.
        (no_match, "scan.selected", 1),
        (no_consent, "scan.selected", 1),
        (no_consent, "scan.consent", usize::from(purpose)),
    ] {
        let circuit = with_own_dataset(base.clone(), &[Some(bad)]);
        // The row is looked at and left alone …
        assert!(violations(system, circuit.clone(), &SCAN_OUTPUTS).is_empty());
        // … and counting it all the same is one lie, with one constraint against it.
        let lie = [(system.defined(section, place), one)].into();
        let violated = violations_with(system, circuit, &SCAN_OUTPUTS, &lie);
        assert_eq!(violated.iter().map(|row| system.section(*row)).collect::<Vec<_>>(), [section]);
    }
    // A comparison turned round: its high bit is what remains of 17 bits, so that the low ones must lie.
    let circuit = with_own_dataset(base, &[Some(no_match)]);
    let rows = system.rows_in("scan.conditions");
    // Eleven constraints choose the cell, then 16 low bits and the high one: cell ≥ lo, for which 50 ≥ 10 holds; after
    // it 16 low bits of hi − cell + 2^16, for which 40 ≥ 50 does not hold.
    let low = system.defined_by(rows[11 + 17]);
    let honest_low = galen_tests::system::assign(&circuit, Default::default()).z
        [low + system.matrices.instance_variables()];
    let lie = [(low, honest_low - galen_circuits::field::power_of_two(16))].into();
    let violated = violations_with(system, circuit, &SCAN_OUTPUTS, &lie);
    assert_eq!(violated, [rows[11 + 17]], "the bit that is none");
}
