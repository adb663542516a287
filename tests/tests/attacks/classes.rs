//! T07, T08, T09, T10, T21, T22: classes, boxes, totals.

use std::collections::BTreeMap;

use galen_circuits::contribution::{ContributionFault, Header};
use galen_circuits::field::F;
use galen_circuits::release::cipher::{decrypt, encrypt, plaintext};
use galen_circuits::release::{BlockRow, Reach, ReleaseFault, step};
use galen_circuits::shape::BLOCK_ROWS;
use galen_circuits::state::{OpenClass, State, Totals};
use galen_tests::forge::{RELEASE_OUTPUTS, stopped_by, violations_with};
use galen_tests::system::{System, assign};
use galen_tests::world::{class, gamma, honest, padded, release, released, row, terms};
use proptest::prelude::*;

const BEFORE_LAST: [usize; 3] = [5, 6, 7];

fn block_is_stopped_by(state: State, rows: Vec<BlockRow>, last: bool) -> Vec<&'static str> {
    stopped_by(System::release(), release(&terms(), state, rows, 0, last), &RELEASE_OUTPUTS)
}

/// One witness set by force; the sections that object, one entry a constraint.
fn with_one_lie(rows: Vec<BlockRow>, witness: usize, value: F) -> Vec<&'static str> {
    let system = System::release();
    let circuit = release(&terms(), State::first(), rows, 0, true);
    let violated = violations_with(system, circuit, &RELEASE_OUTPUTS, &[(witness, value)].into());
    violated.into_iter().map(|row| system.section(row)).collect()
}

#[test]
fn t07_a_class_of_k_minus_one() {
    let four = class(&terms(), 100, &[1, 1, 2, 2]);
    assert_eq!(
        step(&terms(), gamma(), &State::first(), &padded(four.clone()), true),
        Err(ReleaseFault::K(3))
    );
    assert_eq!(block_is_stopped_by(State::first(), padded(four.clone()), true), ["release.class.k"]);
    let mut five = four;
    five[3].ends_class = false;
    five.extend(class(&terms(), 104, &[3]));
    assert!(block_is_stopped_by(State::first(), padded(five), true).is_empty());
}

/// Thirteen classes of four or more fill the first block but two rows; the last class has two rows in each of two blocks.
#[test]
fn t07_a_short_class_split_over_blocks() {
    let terms = terms();
    let mut first: Vec<BlockRow> =
        (0..9).flat_map(|i| class(&terms, 100 + 6 * i, &[1, 1, 2, 2, 3, 3])).collect();
    let open = class(&terms, 900, &[1, 1, 2, 2]);
    first.extend_from_slice(&open[..2]);
    assert_eq!(first.len(), BLOCK_ROWS);
    let second = padded(open[2..].to_vec());
    let between = step(&terms, gamma(), &State::first(), &first, false).unwrap();
    assert!(block_is_stopped_by(State::first(), first, false).is_empty());
    assert_eq!(step(&terms, gamma(), &between, &second, true), Err(ReleaseFault::K(1)));
    assert_eq!(block_is_stopped_by(between, second.clone(), true), ["release.class.k"]);
    // To open the second block with other counters than the first ended with breaks the commitment between them.
    let mut lie = between;
    lie.class.rows = 3;
    let mut circuit = release(&terms, lie, second, 0, true);
    circuit.public.state_in = between.commit(circuit.private.blind_in);
    assert_eq!(stopped_by(System::release(), circuit, &RELEASE_OUTPUTS), ["release.state.in"]);
}

#[test]
fn t07_a_class_left_open_at_the_end() {
    let mut four = class(&terms(), 100, &[1, 1, 2, 2]);
    four[3].ends_class = false;
    assert_eq!(
        step(&terms(), gamma(), &State::first(), &padded(four.clone()), true),
        Err(ReleaseFault::Open)
    );
    assert_eq!(block_is_stopped_by(State::first(), padded(four), true), ["release.last_closes"]);
}

#[test]
fn t07_a_class_ended_by_a_row_that_is_not_released() {
    let mut rows = class(&terms(), 100, &[1, 1, 2, 2, 3]);
    rows[4].ends_class = false;
    rows.push(BlockRow { ends_class: true, ..BlockRow::suppressed(row(300, &[])) });
    assert_eq!(block_is_stopped_by(State::first(), padded(rows), true), ["release.flags"]);
}

/// Story: the twin kept the counters of a closed class beside rows that follow it, the circuit wipes them; a block of
/// released and then suppressed rows that was not the last could not be proven.
#[test]
fn t07_counters_of_a_closed_class_are_the_same_in_twin_and_circuit() {
    let terms = terms();
    let mut rows: Vec<BlockRow> =
        (0..9).flat_map(|i| class(&terms, 100 + 6 * i, &[1, 1, 2, 2, 3, 3])).collect();
    rows.extend((0..2).map(|i| BlockRow::suppressed(row(500 + i, &[(4, 9)]))));
    for state in [
        State::first(),
        State {
            class: OpenClass { sensitive: 5, rows: 7, distinct: 3, run: 2, longest: 3, open: false },
            ..State::first()
        },
    ] {
        let next = step(&terms, gamma(), &state, &rows, false).unwrap();
        let mut circuit = release(&terms, state, rows.clone(), 0, false);
        circuit.public.state_out = next.commit(circuit.private.blind_out);
        assert!(stopped_by(System::release(), circuit, &BEFORE_LAST).is_empty());
    }
}

#[test]
fn t08_a_cell_outside_its_class_box() {
    let terms = terms();
    let inside = |i: u64| row(100 + i, &[(0, 25), (1, 5), (4, i as u16)]);
    let mut rows: Vec<BlockRow> =
        (0..4).map(|i| released(&terms, inside(i), &[(20, 40), (1, 30)], false)).collect();
    // Cell 12 in the box 20–40: it lies 8 below, which is no number of 16 bits. The forger puts it into the first bit.
    let outside = row(104, &[(0, 12), (1, 5), (4, 4)]);
    let mut reach = released(&terms, outside, &[(12, 40), (1, 30)], true);
    reach.reach.below[0] = 0;
    rows.push(reach);
    assert_eq!(
        step(&terms, gamma(), &State::first(), &padded(rows.clone()), true),
        Err(ReleaseFault::Box(4))
    );
    assert_eq!(block_is_stopped_by(State::first(), padded(rows.clone()), true), ["release.class.box"]);
    let system = System::release();
    // 43 constraints a slot in this section: 11 to choose the cell, 16 bits below, 16 above.
    let first_bit = system.defined("release.box", (4 * 7) * 43 + 11);
    assert_eq!(with_one_lie(padded(rows), first_bit, -F::from(8u64)), ["release.box"]);
}

#[test]
fn t08_two_boxes_in_one_class() {
    let terms = terms();
    let mut rows = class(&terms, 100, &[1, 1, 2, 2, 3]);
    for wide in 1..5 {
        let mut forged = rows.clone();
        forged[wide].reach.above[1] += 1;
        assert_eq!(block_is_stopped_by(State::first(), padded(forged), true), ["release.class.box"]);
    }
    // Nor across blocks, nor under the box that another state committed to.
    rows.iter_mut().for_each(|row| row.ends_class = false);
    let full: Vec<BlockRow> = (0..56)
        .map(|i| BlockRow { row: Some(row(1000 + i, &[(0, 12), (1, 5), (4, 1)])), ..rows[0] })
        .collect();
    let state = step(&terms, gamma(), &State::first(), &full, false).unwrap();
    let mut next = class(&terms, 100, &[1, 1, 2, 2, 3]);
    next[0].reach.above[1] += 1;
    assert_eq!(step(&terms, gamma(), &state, &padded(next.clone()), true), Err(ReleaseFault::Box(0)));
    assert!(block_is_stopped_by(state, padded(next), true).contains(&"release.class.box"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A packed box decodes to its own limits and no other: no carry from one limit into the next.
    #[test]
    fn t08_box_limits_decode_to_themselves(cells in proptest::array::uniform2(any::<u16>()),
                                           below in proptest::array::uniform2(any::<u16>()),
                                           above in proptest::array::uniform2(any::<u16>())) {
        let terms = terms();
        let row = row(1, &[(0, cells[0]), (1, cells[1])]);
        let mut reach = Reach::default();
        reach.below[..2].copy_from_slice(&below);
        reach.above[..2].copy_from_slice(&above);
        let block = padded(vec![BlockRow { row: Some(row), released: true, ends_class: true, reach }]);
        let key = F::from(5u64);
        let read = decrypt(&terms, key, 0, &encrypt(key, 0, &plaintext(&terms, &block))).unwrap();
        let expected: Vec<(u16, u16)> = (0..2)
            .map(|i| (cells[i].saturating_sub(below[i]), cells[i].saturating_add(above[i])))
            .collect();
        prop_assert_eq!(&read[0].bounds, &expected);
    }
}

#[test]
fn t09_distinct_values_met_by_missing_ones() {
    // Missing is one value however often it stands there; with it the class has one value, not five.
    let missing = class(&terms(), 100, &[0, 0, 0, 0, 0]);
    assert_eq!(
        step(&terms(), gamma(), &State::first(), &padded(missing.clone()), true),
        Err(ReleaseFault::L(4))
    );
    assert!(block_is_stopped_by(State::first(), padded(missing.clone()), true).contains(&"release.class.l"));
    let mut lenient = terms();
    lenient.alpha = 1000;
    let circuit = release(&lenient, State::first(), padded(missing.clone()), 0, true);
    assert_eq!(stopped_by(System::release(), circuit.clone(), &RELEASE_OUTPUTS), ["release.class.l"]);
    // To call two equal cells different: the flag of equality for the third row.
    let system = System::release();
    let violated = |witness: usize, value: u64| {
        violations_with(system, circuit.clone(), &RELEASE_OUTPUTS, &[(witness, F::from(value))].into())
            .into_iter()
            .map(|row| system.section(row))
            .collect::<Vec<_>>()
    };
    // A row has 11 + 17 + 3 + 1 + 1 constraints here; the equality is the product after is_zero.
    assert_eq!(
        violated(system.defined("release.class.sensitive", 33 * 2 + 31), 0),
        ["release.class.sensitive"]
    );
}

#[test]
fn t09_sensitive_cells_out_of_order_to_break_a_run() {
    let unsorted = class(&terms(), 100, &[1, 2, 1, 2, 1]);
    assert_eq!(
        step(&terms(), gamma(), &State::first(), &padded(unsorted.clone()), true),
        Err(ReleaseFault::Sensitive(2))
    );
    // A step back is no number of 16 bits; whatever bits are claimed, the product disagrees with them.
    let system = System::release();
    let circuit = release(&terms(), State::first(), padded(unsorted), 0, true);
    let rows = violations_with(system, circuit, &RELEASE_OUTPUTS, &BTreeMap::new());
    assert_eq!(system.sections_of(&rows).into_iter().collect::<Vec<_>>(), ["release.class.sensitive"]);
}

#[test]
fn t09_a_share_above_alpha_by_a_run_that_spans_blocks() {
    let terms = terms();
    // 54 rows of other classes, then a class of ten: nine of one value, two of them in the first block.
    let mut first: Vec<BlockRow> =
        (0..9).flat_map(|i| class(&terms, 100 + 6 * i, &[1, 1, 2, 2, 3, 3])).collect();
    let open = class(&terms, 900, &[4, 4, 4, 4, 4, 4, 4, 4, 4, 5]);
    first.extend_from_slice(&open[..2]);
    let between = step(&terms, gamma(), &State::first(), &first, false).unwrap();
    let second = padded(open[2..].to_vec());
    assert_eq!(step(&terms, gamma(), &between, &second, true), Err(ReleaseFault::Alpha(7)));
    assert_eq!(block_is_stopped_by(between, second.clone(), true), ["release.class.alpha"]);
    // In the second block alone seven of ten would be within α: the run is carried in the state.
    let mut lie = between;
    (lie.class.run, lie.class.longest) = (0, 1);
    assert!(step(&terms, gamma(), &lie, &second, true).is_ok());
    let mut circuit = release(&terms, lie, second, 0, true);
    circuit.public.state_in = between.commit(circuit.private.blind_in);
    assert!(stopped_by(System::release(), circuit, &RELEASE_OUTPUTS).contains(&"release.state.in"));
}

#[test]
fn t10_suppression_not_counted() {
    let mut rows = class(&terms(), 100, &[1, 1, 2, 2, 3]);
    rows.push(BlockRow::suppressed(row(300, &[(0, 20), (1, 5)])));
    let words = rows.iter().filter_map(|r| r.row).map(|r| gamma() - r.word()).product();
    let state = State { acc: words, ..State::first() };
    let next = step(&terms(), gamma(), &state, &padded(rows.clone()), true).unwrap();
    assert_eq!(next.totals.suppressed, 1);
    for (claimed, holds) in [
        (next.totals, true),
        (Totals { suppressed: 0, ..next.totals }, false),
        (Totals { released: 6, suppressed: 0, ..next.totals }, false),
        (Totals { loss: next.totals.loss - 1, ..next.totals }, false),
    ] {
        let mut circuit = release(&terms(), state, padded(rows.clone()), 0, true);
        circuit.private.blind_out = F::from(0u64);
        circuit.public.state_out = State::last(claimed).commit_in_the_clear();
        let stopped = stopped_by(System::release(), circuit, &BEFORE_LAST);
        assert_eq!(stopped, if holds { vec![] } else { vec!["release.state.out"] });
    }
    // To call a suppressed row padding, its word must be 0: it is not.
    let present = System::release().rows_in("release.row")[254 * 5 + 252];
    let witness = System::release().defined_by(present);
    let stopped = with_one_lie(padded(rows), witness, F::from(0u64));
    assert!(stopped.contains(&"release.row"), "{stopped:?}");
}

fn header_with(totals: Totals) -> Result<(), ContributionFault> {
    let (world, plan) = honest();
    let blocks = vec![plan.header.blocks[0]; Header::blocks_for(&totals)];
    Header { totals, blocks, ..plan.header.clone() }.check(&world.statement)
}

#[test]
fn t10_suppression_beyond_the_limit() {
    let totals = |suppressed| Totals { released: 900, suppressed, loss: 0 };
    assert_eq!(header_with(totals(100)), Ok(()));
    assert_eq!(
        header_with(totals(101)),
        Err(ContributionFault::Suppression { suppressed: 101, rows: 1001, limit: 100 })
    );
}

#[test]
fn t21_full_pay_for_nothing() {
    assert_eq!(header_with(Totals::default()), Err(ContributionFault::Empty));
    assert_eq!(header_with(Totals { released: 0, suppressed: 10, loss: 0 }), Err(ContributionFault::Empty));
    assert_eq!(header_with(Totals { released: 10, suppressed: 0, loss: 10_000 }), Ok(()));
    assert_eq!(
        header_with(Totals { released: 10, suppressed: 0, loss: 10_001 }),
        Err(ContributionFault::Loss { loss: 10_001, released: 10, limit: 1000 })
    );
    // The width of a box cannot be told smaller: the product of weight and width is one constraint.
    let rows = class(&terms(), 100, &[1, 1, 2, 2, 3]);
    let system = System::release();
    for slot in 0..2 {
        let weighted = system.defined("release.loss", slot);
        assert_eq!(with_one_lie(padded(rows.clone()), weighted, F::from(0u64)), ["release.loss"]);
    }
}

#[test]
fn t22_unused_slots_and_unreleased_rows_carry_no_box() {
    let terms = terms();
    let mut unused = class(&terms, 100, &[1, 1, 2, 2, 3]);
    unused.iter_mut().for_each(|row| row.reach.above[5] = 3);
    assert_eq!(
        step(&terms, gamma(), &State::first(), &padded(unused.clone()), true),
        Err(ReleaseFault::Slot(0))
    );
    assert_eq!(block_is_stopped_by(State::first(), padded(unused), true), ["release.box.unused"]);
    let mut hidden = class(&terms, 100, &[1, 1, 2, 2, 3]);
    let mut suppressed = BlockRow::suppressed(row(300, &[(0, 20), (1, 5)]));
    suppressed.reach.below[0] = 1;
    hidden.push(suppressed);
    assert_eq!(
        step(&terms, gamma(), &State::first(), &padded(hidden.clone()), true),
        Err(ReleaseFault::Unreleased(5))
    );
    assert_eq!(block_is_stopped_by(State::first(), padded(hidden), true), ["release.box.unreleased"]);
    let mut padding = padded(class(&terms, 100, &[1, 1, 2, 2, 3]));
    padding[40].reach.above[1] = 1;
    assert_eq!(block_is_stopped_by(State::first(), padding, true), ["release.box.unreleased"]);
}

#[test]
fn t22_suppressed_and_padding_rows_leak_no_cell() {
    let terms = terms();
    let mut rows = class(&terms, 100, &[1, 1, 2, 2, 3]);
    rows.push(BlockRow::suppressed(row(300, &[(0, 20), (3, 9), (4, 7)])));
    let rows = padded(rows);
    let plain = plaintext(&terms, &rows);
    assert!(plain[10..].iter().all(|element| *element == F::from(0u64)));
    let system = System::release();
    // 13 constraints a row: eleven cells under the mask, then cells and box under the row's flag.
    for row in [5, 6, 55] {
        for product in [11, 12] {
            let witness = system.defined("release.plaintext", 13 * row + product);
            assert_eq!(with_one_lie(rows.clone(), witness, F::from(9u64)), ["release.plaintext"]);
        }
    }
    // Nor is a cell released that the request does not ask for: column 7 under the mask.
    let witness = system.defined("release.plaintext", 7);
    assert_eq!(with_one_lie(rows.clone(), witness, F::from(9u64)), ["release.plaintext"]);
    let circuit = release(&terms, State::first(), rows, 0, true);
    assert_eq!(assign(&circuit, BTreeMap::new()).z.len(), system.rows_of.len());
}

#[test]
fn t22_a_quasi_identifier_is_never_released_raw() {
    let mut raw = terms();
    raw.released.push(0);
    let circuit = release(&raw, State::first(), padded(class(&raw, 100, &[1, 1, 2, 2, 3])), 0, true);
    assert!(raw.check().is_err());
    assert_eq!(stopped_by(System::release(), circuit, &RELEASE_OUTPUTS), ["release.request.columns"]);
}
