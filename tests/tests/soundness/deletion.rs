//! (d) Every constraint is needed: without it, a lie that it alone stops would pass.
//!
//! A constraint is *killed* when some forgery, consistent everywhere else, violates it and no other: delete it, and that
//! forgery is accepted. For each constraint the witnesses that it touches are lied about, the latest first (the one it
//! defines, or the bits it ties), all that depends on them is recomputed, and what the seller publishes is set to fit.
//! Rules between rows (order, presence, classes) need lies about several values at once: those are written down below.

use std::collections::{BTreeMap, BTreeSet};

use galen_circuits::field::F;
use galen_circuits::gadget::Role;
use galen_circuits::release::BlockRow;
use galen_circuits::request::Terms;
use galen_circuits::row::{PRESENT_BIT, WORD_BITS};
use galen_circuits::seal::draw;
use galen_circuits::shape::BLOCK_ROWS;
use galen_circuits::state::{OpenClass, State};
use galen_tests::forge::{Forger, lies_about};
use galen_tests::full;
use galen_tests::system::{Assignment, Circuit, System, assign_with_inputs};
use galen_tests::world::{class, honest, padded, release, row, terms};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;

const SEED: u64 = 20_261_122;
/// Witnesses of a constraint that are lied about.
const WITNESSES: usize = 20;
/// Constraints looked at by default, of each circuit.
const SAMPLE: usize = 60;

/// Sections of rules between rows, whose lies are told for each row in the full sweep and for a few otherwise.
const RULES: [&str; 6] = [
    "scan.present_first",
    "release.order",
    "release.flags",
    "release.box.unused",
    "release.box.unreleased",
    "release.class.box",
];

/// The rows of a block or chunk that rules are broken at.
fn places(count: usize) -> Vec<usize> {
    if full() { (0..count).collect() } else { vec![0, 1, count / 2, count - 1] }
}

struct Sweep<'s> {
    system: &'s System,
    killed: BTreeSet<usize>,
}

impl<'s> Sweep<'s> {
    fn new(system: &'s System) -> Self {
        Self { system, killed: BTreeSet::new() }
    }

    /// A forgery made by hand: it kills where it violates one constraint.
    fn lie(&mut self, violated: Vec<usize>) {
        if let [only] = violated.as_slice() {
            self.killed.insert(*only);
        }
    }

    /// All published values of an assignment set to fit; then each of them alone changed.
    fn publish(&mut self, honest: &Assignment) {
        for (column, _) in &self.system.outputs {
            let mut z = honest.z.clone();
            z[*column] += F::from(1u64);
            self.lie(self.system.violated_since(&honest.z, &z));
        }
    }

    /// A circuit whose values tell the lie.
    fn tell(&mut self, circuit: impl Circuit) {
        let all: Vec<usize> = self.system.outputs.iter().map(|(column, _)| *column).collect();
        self.lie(galen_tests::forge::violations(self.system, circuit, &all));
    }

    /// A circuit whose values tell the lie, with some witnesses set by force.
    fn tell_with(&mut self, circuit: impl Circuit, changes: &BTreeMap<usize, F>) {
        let all: Vec<usize> = self.system.outputs.iter().map(|(column, _)| *column).collect();
        self.lie(galen_tests::forge::violations_with(self.system, circuit, &all, changes));
    }

    /// Lies about the witnesses of each target.
    fn search<C: Circuit>(&mut self, forger: &Forger<'s, C>, targets: &[usize]) {
        let found: Vec<usize> = targets
            .par_iter()
            .filter(|row| !self.killed.contains(row))
            .filter_map(|row| kills(forger, *row).then_some(*row))
            .collect();
        self.killed.extend(found);
    }

    fn report(&self, name: &str, targets: &[usize]) -> Vec<usize> {
        for rule in RULES.iter().filter(|rule| !self.system.rows_in(rule).is_empty()) {
            let killed = self.killed.iter().filter(|row| self.system.section(**row) == *rule).count();
            println!("{rule}: {killed} of {} killed by lies about rows", self.system.rows_in(rule).len());
            assert!(killed >= 3, "{rule}");
        }
        let mut sections: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for row in targets {
            let entry = sections.entry(self.system.section(*row)).or_default();
            entry.0 += usize::from(self.killed.contains(row));
            entry.1 += 1;
        }
        for (section, (killed, all)) in &sections {
            println!("{section}: {killed} of {all}");
        }
        let survivors: Vec<usize> =
            targets.iter().copied().filter(|row| !self.killed.contains(row)).collect();
        let rate = 100.0 * (targets.len() - survivors.len()) as f64 / targets.len() as f64;
        println!(
            "{name}: {} of {} killed, {rate:.2} % (seed {SEED})",
            targets.len() - survivors.len(),
            targets.len()
        );
        for row in survivors.iter().take(40) {
            let first = self.system.rows_in(self.system.section(*row))[0];
            println!("  survivor: constraint {row}, {} + {}", self.system.section(*row), row - first);
        }
        survivors
    }
}

/// Whether some lie about a witness of this constraint violates it alone.
fn kills<C: Circuit>(forger: &Forger<'_, C>, target: usize) -> bool {
    let m = &forger.system.matrices;
    let instance = m.instance_variables();
    let columns: BTreeSet<usize> =
        [m.a(), m.b(), m.c()].iter().flat_map(|m| m.row(target).map(|(column, _)| column)).collect();
    let witnesses: Vec<usize> =
        columns.iter().rev().filter_map(|c| c.checked_sub(instance)).take(WITNESSES).collect();
    let alone = |changes: BTreeMap<usize, F>| forger.violated(&changes) == [target];
    witnesses.iter().any(|witness| {
        let role = forger.honest.roles[*witness];
        let value = forger.value(*witness);
        lies_about(role, value).into_iter().any(|lie| alone([(*witness, lie)].into()))
            // A bit that is none, made up for by its neighbour, so that their number stays.
            || (role == Role::Bit && neighbours(forger, *witness).into_iter().any(&alone))
            // A flag of equality and the inverse that belongs to it, both wrong.
            || (role == Role::Computed && alone(equality(witness.saturating_sub(1))))
            || (role == Role::Computed && witness + 1 < forger.honest.roles.len() && alone(equality(*witness)))
    })
}

/// A flag of equality that is set although the inverse beside it is none.
fn equality(flag: usize) -> BTreeMap<usize, F> {
    [(flag, F::from(1u64)), (flag + 1, F::from(0u64))].into()
}

/// The row at a place, which is padding, with these bits of its word set and a presence that is no bit, chosen so that
/// the word stays 0, as padding's must.
fn half_present(
    system: &System,
    section: &str,
    at: usize,
    set: impl IntoIterator<Item = usize>,
) -> BTreeMap<usize, F> {
    let bit = |index: usize| {
        // A row has a constraint for each bit, and one for padding.
        let (column, _) =
            system.matrices.a().row(system.rows_in(section)[(WORD_BITS + 1) * at + index]).last().unwrap();
        column - system.matrices.instance_variables()
    };
    let weight = |index: usize| ark_ff::Field::pow(&F::from(2u64), [index as u64]);
    let mut lie = BTreeMap::new();
    let mut rest = F::from(0u64);
    for index in set {
        lie.insert(bit(index), F::from(1u64));
        rest -= weight(index);
    }
    lie.insert(bit(PRESENT_BIT), rest * ark_ff::Field::inverse(&weight(PRESENT_BIT)).unwrap());
    lie
}

/// A bit set to what makes up for neighbours turned over: the number that they make stays, where the neighbour weighs
/// half or twice as much, or the sum of a choice, where all weigh the same.
fn neighbours<C: Circuit>(forger: &Forger<'_, C>, witness: usize) -> Vec<BTreeMap<usize, F>> {
    let (one, two) = (F::from(1u64), F::from(2u64));
    let half = ark_ff::Field::inverse(&two).unwrap_or(one);
    let with = |others: &[(isize, F)]| {
        let mut mine = forger.value(witness);
        let mut lie = BTreeMap::new();
        for (distance, weight) in others {
            let other = witness.checked_add_signed(*distance)?;
            if forger.honest.roles.get(other) != Some(&Role::Bit) {
                return None;
            }
            let turned = one - forger.value(other);
            mine += *weight * (forger.value(other) - turned);
            lie.insert(other, turned);
        }
        lie.insert(witness, mine);
        Some(lie)
    };
    let (after, before) = ([(1, two)], [(-1, half)]);
    let (same_after, same_before) = ([(1, one)], [(-1, one)]);
    let (two_after, two_before) = ([(1, one), (2, one)], [(-1, one), (-2, one)]);
    let lies: [&[(isize, F)]; 6] = [&after, &before, &same_after, &same_before, &two_after, &two_before];
    lies.into_iter().filter_map(with).collect()
}

/// The constraints to look at: a sample, one of each section at least. In the full sweep all, or with
/// `GALEN_SOUNDNESS_STRIDE=n` every n-th. Rules between rows are searched in the whole sweep only; otherwise the lies about
/// rows are all that is told, for every row in the full sweep, and what they kill is printed by itself.
/// `GALEN_SOUNDNESS_ROWS=a,b,…` looks at these alone, to try survivors again.
fn targets(system: &System) -> Vec<usize> {
    if let Ok(rows) = std::env::var("GALEN_SOUNDNESS_ROWS") {
        return rows.split(',').filter_map(|row| row.trim().parse().ok()).collect();
    }
    let mut all: Vec<usize> = (0..system.constraints()).collect();
    if full() {
        let stride = std::env::var("GALEN_SOUNDNESS_STRIDE").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
        let mut seen = BTreeSet::new();
        all.retain(|row| {
            let section = system.section(*row);
            if RULES.contains(&section) {
                return stride == 1;
            }
            seen.insert(section) || row % stride == 0
        });
        return all;
    }
    all.retain(|row| !RULES.contains(&system.section(*row)));
    all.shuffle(&mut ChaCha20Rng::seed_from_u64(SEED));
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|row| seen.insert(system.section(*row)));
    first.into_iter().chain(rest.into_iter().take(SAMPLE)).collect()
}

/// The unfilled outputs of a circuit, all of them repaired.
fn forger<C: Circuit>(system: &'static System, circuit: C) -> Forger<'static, C> {
    let outputs: Vec<usize> = system.outputs.iter().map(|(column, _)| *column).collect();
    Forger::new(system, circuit, &outputs)
}

#[test]
fn every_constraint_of_the_seal_is_needed() {
    let (_, plan) = honest();
    let mut sweep = Sweep::new(System::seal());
    let honest_seal = forger(System::seal(), plan.seal.clone());
    sweep.publish(&honest_seal.honest);
    // Another nullifier than the secret's, with the run that it draws.
    let mut seal = plan.seal.clone();
    seal.public.nullifier = F::from(1u64);
    let again = draw(seal.public.beacon, seal.public.nullifier, seal.private.run.chunks);
    (seal.private.run.start, seal.private.quotient, seal.private.draw) =
        (again.start, again.quotient, again.bits);
    sweep.tell(seal);
    let targets = targets(System::seal());
    sweep.search(&honest_seal, &targets);
    let survivors = sweep.report("seal", &targets);
    // A tie of canonical bits is reached only by draws whose alias agrees with r − 1 down to it: see docs/soundness.md.
    let unreachable = |row: &&usize| System::seal().section(**row) == "seal.draw.canonical";
    assert_eq!(survivors.iter().filter(|row| !unreachable(row)).count(), 0);
}

#[test]
fn every_constraint_of_the_scan_is_needed() {
    let (_, plan) = honest();
    let system = System::scan();
    let mut sweep = Sweep::new(system);
    let mut empty = plan.scans[0].clone();
    let rows: Vec<_> = (1..=64u64).map(|handle| row(handle * 10, &[(0, 20), (1, 5), (4, 1)])).collect();
    put_rows(&mut empty, &[]);
    let mut full_chunk = plan.scans[0].clone();
    put_rows(&mut full_chunk, &rows.iter().copied().map(Some).collect::<Vec<_>>());
    for hole in places(63) {
        let mut circuit = full_chunk.clone();
        let mut with_hole: Vec<_> = rows[..hole + 2].iter().copied().map(Some).collect();
        with_hole[hole] = None;
        put_rows(&mut circuit, &with_hole);
        sweep.tell(circuit);
    }
    for at in places(64) {
        let mut circuit = full_chunk.clone();
        put_rows(&mut circuit, &rows[..at].iter().copied().map(Some).collect::<Vec<_>>());
        // In the order, as its handle is the next.
        let handle = at as u64 * 10 + 1;
        let bits = (0..60).filter(|bit| handle >> bit & 1 == 1).map(|bit| PRESENT_BIT - 60 + bit);
        sweep.tell_with(circuit, &half_present(system, "scan.rows", at, bits));
    }
    let honest_scan = forger(system, plan.scans[1].clone());
    sweep.publish(&honest_scan.honest);
    let targets = targets(system);
    sweep.search(&honest_scan, &targets);
    let full_chunk = forger(system, full_chunk);
    sweep.search(&full_chunk, &targets);
    let empty = forger(system, empty);
    sweep.search(&empty, &targets);
    let mut bounded = plan.scans[1].clone();
    bounded.private.state.handles.bounded = true;
    bounded.private.state.handles.first_set = true;
    bounded.private.state.handles.first = (1 << 60) - 1;
    let bounded = forger(system, bounded);
    sweep.search(&bounded, &targets);
    // All conditions and clauses in use, each met by half of the rows; then by the other half.
    for half in 0..2 {
        let mut asked = plan.scans[1].clone();
        asked.private.terms = all_conditions();
        asked.public.request_digest = asked.private.terms.digest();
        let cell =
            |handle: u64, column: usize| (column, if handle >> (column / 2) & 1 == half { 20 } else { 90 });
        let varied = |handle: u64| row(handle * 10, &(0..8).map(|c| cell(handle, c)).collect::<Vec<_>>());
        put_rows(&mut asked, &(1..=64).map(|handle| Some(varied(handle))).collect::<Vec<_>>());
        sweep.search(&forger(system, asked), &targets);
    }
    // A "wrapped" that is no bit would put the run wherever its maker likes.
    let wrapped = system.rows_in("scan.position")[0];
    let (column, _) = system.matrices.a().row(wrapped).last().unwrap();
    let (run, index) = (&plan.scans[1].private.run, plan.scans[1].public.index);
    let elsewhere = (run.position(index).0 + 1) % run.chunks;
    let distance = F::from(run.start + index) - F::from(elsewhere);
    let chunks = ark_ff::Field::inverse(&F::from(run.chunks)).unwrap();
    let witness = column - system.matrices.instance_variables();
    sweep.lie(honest_scan.violated(&[(witness, distance * chunks)].into()));
    assert_eq!(sweep.report("scan", &targets), Vec::<usize>::new());
}

/// Eight conditions, two a clause.
fn all_conditions() -> Terms {
    let conditions =
        (0..8).map(|column| galen_circuits::schema::Condition { column, lo: 10, hi: 40 }).collect();
    let clauses = (0..4).map(|clause| 0b11 << (2 * clause)).collect();
    Terms { predicate: galen_circuits::schema::Predicate { conditions, clauses }, ..terms() }
}

fn put_rows(scan: &mut galen_circuits::scan::ScanCircuit, rows: &[Option<galen_circuits::row::Row>]) {
    use galen_circuits::dataset::{CHUNK, DATASET_NODE};
    scan.private.words =
        (0..64).map(|i| galen_circuits::row::word_of(rows.get(i).and_then(Option::as_ref))).collect();
    let leaf = galen_circuits::poseidon::hash(CHUNK, &scan.private.words);
    scan.private.run.root = scan.private.path.root(DATASET_NODE, leaf);
    scan.private.state.handles.last = 0;
}

/// k = 1, l = 1, α = 1: a class may have one row.
fn lenient() -> Terms {
    Terms { k: 1, l: 1, alpha: 1000, ..terms() }
}

fn single(terms: &Terms, handle: u64) -> BlockRow {
    class(terms, handle, &[1])[0]
}

#[test]
fn every_constraint_of_the_release_is_needed() {
    let (_, plan) = honest();
    let system = System::release();
    let mut sweep = Sweep::new(system);
    tell_lies_about_rows(&mut sweep);
    let honest_release = forger(system, plan.releases[0].clone());
    sweep.publish(&honest_release.honest);
    let targets = targets(system);
    sweep.search(&honest_release, &targets);
    let terms = lenient();
    let singles: Vec<BlockRow> = (0..56).map(|i| single(&terms, 100 + i)).collect();
    let singles = forger(system, release(&terms, State::first(), singles, 0, true));
    sweep.search(&singles, &targets);
    let suppressed = (0..56).map(|i| BlockRow::suppressed(row(100 + i, &[(0, 20), (1, 5), (4, 1)])));
    let suppressed: Vec<BlockRow> = suppressed.collect();
    // As the last block, and in the middle, where an "open" that is no bit meets no other rule.
    for last in [true, false] {
        let suppressed = forger(system, release(&terms, State::first(), suppressed.clone(), 0, last));
        sweep.search(&suppressed, &targets);
    }
    // Every other column released, no slot used: a choice can then borrow one column and lend another.
    for first in 0..2 {
        let released: Vec<u8> = (first..11).step_by(2).collect();
        let columns = Terms { released, quasi_identifiers: vec![], ..lenient() };
        let rows = vec![BlockRow::suppressed(row(500, &[(4, 1)]))];
        let columns = forger(system, release(&columns, State::first(), padded(rows), 0, true));
        sweep.search(&columns, &targets);
    }
    assert_eq!(sweep.report("release", &targets), Vec::<usize>::new());
}

/// For each row the lies about order, presence, flags and boxes.
fn tell_lies_about_rows(sweep: &mut Sweep<'_>) {
    let terms = lenient();
    let tell = |sweep: &mut Sweep<'_>, state: State, rows: Vec<BlockRow>, last: bool| {
        sweep.tell(release(&terms, state, padded(rows), 0, last));
    };
    let suppressed = |i: u64| BlockRow::suppressed(row(500 + i, &[(0, 20), (1, 5), (4, 1)]));
    let mut open = State::first();
    open.class = OpenClass { open: true, sensitive: 0, rows: 9, distinct: 3, run: 1, longest: 4 };
    open.bounds = F::from(1u64);
    for at in places(BLOCK_ROWS) {
        let singles: Vec<BlockRow> = (0..at as u64).map(|i| single(&terms, 100 + i)).collect();
        let before: Vec<BlockRow> = (0..at as u64).map(suppressed).collect();
        // Padding that is released, as a class of its own.
        let mut padding_released = singles.clone();
        padding_released.push(BlockRow { released: true, ends_class: true, ..BlockRow::padding() });
        tell(sweep, State::first(), padding_released, true);
        // A suppressed row that ends an open class.
        let mut ended = before.clone();
        ended.push(BlockRow { ends_class: true, ..suppressed(99) });
        tell(sweep, open, ended, true);
        // Padding before a suppressed row; a suppressed row before a released one.
        let mut hole = before.clone();
        hole.extend([BlockRow::padding(), suppressed(99)]);
        hole.truncate(BLOCK_ROWS);
        tell(sweep, State::first(), hole, true);
        let mut late = singles.clone();
        late.extend([suppressed(99), single(&terms, 300)]);
        late.truncate(BLOCK_ROWS);
        tell(sweep, State::first(), late, true);
        // Another box from this row of a class on.
        let mut boxes: Vec<BlockRow> = class(&terms, 100, &[1; BLOCK_ROWS]);
        boxes[at..].iter_mut().for_each(|row| row.reach.above[1] += 1);
        tell(sweep, if at == 0 { open } else { State::first() }, boxes, true);
        // A box in a slot that is not used, each of the five.
        for slot in 2..7 {
            let mut unused = singles.clone();
            let mut wide = single(&terms, 300);
            wide.reach.below[slot] = 1;
            unused.push(wide);
            tell(sweep, State::first(), unused, true);
        }
        // Padding that is present by a number that is no bit, and so takes what it likes out of acc.
        let half = half_present(sweep.system, "release.row", at, [0]);
        sweep.tell_with(release(&terms, State::first(), padded(before.clone()), 0, true), &half);
        // A box on a suppressed row.
        let mut boxed = before;
        let mut wide = suppressed(99);
        wide.reach.below[0] = 1;
        boxed.push(wide);
        tell(sweep, State::first(), boxed, true);
    }
    // An open class at the end; padding in a block that is not the last; a flag that is none.
    let mut left_open = vec![single(&terms, 100)];
    left_open[0].ends_class = false;
    tell(sweep, State::first(), left_open, true);
    tell(sweep, State::first(), vec![single(&terms, 100)], false);
    let all: Vec<BlockRow> = (0..56).map(|i| single(&terms, 100 + i)).collect();
    let system = sweep.system;
    let mut forged = assign_with_inputs(
        &release(&terms, State::first(), all, 0, true),
        [(1, F::from(2u64))].into(),
        BTreeMap::new(),
    );
    for (column, row) in &system.outputs {
        let factor = System::coefficient(system.matrices.a(), *row, *column);
        let rest = system.matrices.a().row_product(*row, &forged.z);
        forged.z[*column] -= rest * ark_ff::Field::inverse(&factor).unwrap();
    }
    sweep.lie(system.violated(&forged.z));
    // A column that two slots name, or that is released and a quasi-identifier.
    for column in 0..11u8 {
        let mut twice = Terms { sensitive: 4, ..lenient() };
        twice.released = vec![column];
        twice.quasi_identifiers = vec![galen_circuits::request::QuasiIdentifier { column, weight: 1 }];
        sweep.tell(release(&twice, State::first(), padded(vec![suppressed(1)]), 0, true));
    }
}
