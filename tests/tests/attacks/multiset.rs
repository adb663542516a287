//! T12: words, or the choice of which are consumed, fixed after γ so that products meet.
//!
//! The forgery is run for real. Without the rule "consumed exactly when present", a prover who sees γ picks how many rows
//! of each block to consume. Each block holds one invented word 56 times; the products that he can reach are powers, and
//! to make them meet the scans' product is a sum of logarithms with small coefficients: 72 blocks are enough for lattice
//! reduction to find it in seconds, logarithms in F* being easy.

use std::collections::BTreeMap;

use ark_ff::{Field, One};
use galen_circuits::field::F;
use galen_circuits::gadget::{Bit, Builder, Wire};
use galen_circuits::poseidon::hash;
use galen_circuits::release::{BlockRow, ROWS, step};
use galen_circuits::row::Row;
use galen_circuits::shape::BLOCK_ROWS;
use galen_circuits::state::{State, Totals};
use galen_tests::forge::{RELEASE_OUTPUTS, violations_with};
use galen_tests::lattice::Solutions;
use galen_tests::logarithm::Logarithms;
use galen_tests::system::{Circuit, System, assign};
use galen_tests::world::{gamma, random_rows, release, row, terms};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

const BLOCKS: usize = 72;

/// What the release says of `acc`, with the rule broken: a row of the committed block leaves `acc` where the prover says
/// so, by a bit that is chosen after γ. The rows consumed come first; they are counted as suppressed.
struct BrokenRelease {
    gamma: F,
    words: Vec<F>,
    blind: F,
    consumed: usize,
    state: State,
}

impl BrokenRelease {
    fn committed(&self) -> F {
        let inputs: Vec<F> = std::iter::once(self.blind).chain(self.words.iter().copied()).collect();
        hash(ROWS, &inputs)
    }

    fn next(&self) -> State {
        let taken = self.words.iter().take(self.consumed).map(|word| self.gamma - word);
        let product: F = taken.product();
        let mut next = self.state;
        next.acc *= product.inverse().unwrap();
        next.totals.suppressed += self.consumed as u32;
        next
    }
}

impl Circuit for BrokenRelease {
    fn write(&self, b: &mut Builder) {
        let next = self.next();
        let [gamma, rows, acc_in, acc_out, count] = [
            self.gamma,
            self.committed(),
            self.state.acc,
            next.acc,
            F::from(u64::from(next.totals.suppressed - self.state.totals.suppressed)),
        ]
        .map(|value| b.input(value));
        let opened: Vec<_> = self.words.iter().map(|word| b.row(*word)).collect();
        let blind = b.witness(self.blind);
        let words: Vec<Wire> = std::iter::once(blind).chain(opened.iter().map(|r| r.word.clone())).collect();
        let committed = b.hash(ROWS, &words);
        b.enforce_equal(&committed, &rows);
        b.section("broken.acc");
        let mut acc = acc_in;
        let mut before: Option<Bit> = None;
        let mut taken = Wire::zero();
        for (index, row) in opened.iter().enumerate() {
            let consumed = b.bit(index < self.consumed);
            b.enforce_implies(&consumed, &row.present);
            if let Some(before) = &before {
                b.enforce_implies(&consumed, before);
            }
            let factor = b.mul(consumed.wire(), &gamma.sub(&row.word).minus(F::one())).plus(F::one());
            acc = b.quotient(&acc, &factor);
            taken = taken.add(consumed.wire());
            before = Some(consumed);
        }
        b.enforce_equal(&acc, &acc_out);
        b.enforce_equal(&taken, &count);
    }
}

struct Forgery {
    words: Vec<F>,
    consumed: Vec<usize>,
    product: F,
}

/// The invented words are fixed first, then γ, then how many of each are consumed.
fn forge(seed: u64) -> Forgery {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let words: Vec<F> = (0..BLOCKS as u64)
        .map(|i| row(i + 1, &[(0, 20), (1, 5), (3, rng.r#gen()), (4, rng.r#gen())]).word())
        .collect();
    let selected: Vec<Row> = random_rows(150, seed);
    let product: F = selected.iter().map(|row| gamma() - row.word()).product();
    let tables = Logarithms::new();
    let logarithms: Vec<Vec<u64>> = words.iter().map(|word| tables.of(gamma() - word)).collect();
    let solutions = Solutions::of(&logarithms, &tables.of(product));
    let middle = BLOCK_ROWS as f64 / 2.0;
    let consumed = (0..100_000)
        .find_map(|_| {
            let centre: Vec<f64> = (0..BLOCKS).map(|_| middle + rng.gen_range(-6.0..6.0)).collect();
            let point = solutions.near(&centre);
            let counts: Option<Vec<usize>> = point.iter().map(|x| usize::try_from(*x).ok()).collect();
            counts.filter(|counts| counts.iter().all(|count| *count <= BLOCK_ROWS))
        })
        .expect("a short vector");
    Forgery { words, consumed, product }
}

#[test]
fn t12_consumption_chosen_after_gamma_forges_where_the_rule_is_missing_and_fails_here() {
    let forgery = forge(12);
    let sold: usize = forgery.consumed.iter().sum();
    println!("{sold} invented rows consumed in {BLOCKS} blocks for 150 that were scanned");
    assert!(sold > 1000);
    broken_release_is_fooled(&forgery);
    release_is_not_fooled(&forgery);
}

fn broken_release_is_fooled(forgery: &Forgery) {
    let mut state = State { acc: forgery.product, ..State::first() };
    let mut system = None;
    for (word, consumed) in forgery.words.iter().zip(&forgery.consumed) {
        let block = BrokenRelease {
            gamma: gamma(),
            words: vec![*word; BLOCK_ROWS],
            blind: F::from(5u64),
            consumed: *consumed,
            state,
        };
        let system = system.get_or_insert_with(|| System::of(&block));
        assert!(system.violated(&assign(&block, BTreeMap::new()).z).is_empty());
        state = block.next();
    }
    // Every proof holds, and the ledger's last state is met: rows that no scan has seen are sold.
    assert_eq!(state.acc, F::one());
}

/// The same blocks, the same γ, in the release itself: consumption is what the committed words say.
fn release_is_not_fooled(forgery: &Forgery) {
    let system = System::release();
    let terms = terms();
    let (index, consumed) =
        forgery.consumed.iter().enumerate().find(|(_, c)| (1..BLOCK_ROWS).contains(*c)).unwrap();
    let invented = row(index as u64 + 1, &[]);
    // The block as it is committed, all of its rows suppressed: boxes and classes have no say.
    let mut circuit =
        release(&terms, State::first(), vec![BlockRow::suppressed(invented); BLOCK_ROWS], 0, false);
    let taken_out = step(&terms, gamma(), &State::first(), &circuit.private.rows, false).unwrap();
    assert_eq!(taken_out.totals, Totals { suppressed: 56, ..Totals::default() });
    circuit.public.state_out = taken_out.commit(circuit.private.blind_out);
    assert!(violations_with(system, circuit.clone(), &[5, 6, 7], &BTreeMap::new()).is_empty());
    // To keep the rows after the prefix, their factor must be 1: `present · (γ − 1)` would have to be their word.
    let kept: BTreeMap<usize, F> = (*consumed..BLOCK_ROWS)
        .map(|row| (system.defined("release.acc", 2 * row), invented.word()))
        .collect();
    let violated = violations_with(system, circuit.clone(), &RELEASE_OUTPUTS, &kept);
    let expected: Vec<usize> =
        (*consumed..BLOCK_ROWS).map(|row| system.rows_in("release.acc")[2 * row]).collect();
    assert_eq!(violated, expected, "one constraint a row that should have stayed");
    // To make them padding, their words must be 0, and T_j is of other words.
    let mut padding = circuit;
    let committed =
        galen_circuits::release::rows_commitment(&padding.private.rows, padding.private.rows_blind);
    padding.public.rows = committed;
    padding.public.last = true;
    padding.private.rows[*consumed..].fill(BlockRow::padding());
    let violated = violations_with(system, padding, &[5, 7, 9], &BTreeMap::new());
    assert_eq!(system.sections_of(&violated).into_iter().collect::<Vec<_>>(), ["release.rows_commitment"]);
}

#[test]
fn t12_every_word_is_fixed_before_gamma() {
    let (world, plan) = galen_tests::world::honest();
    let draw = |header: &galen_circuits::contribution::Header| {
        galen_circuits::contribution::Challenge::draw(&world.statement, header).gamma
    };
    for block in 0..plan.header.blocks.len() {
        let mut header = plan.header.clone();
        header.blocks[block].rows += F::one();
        assert_ne!(draw(&header), plan.challenge.gamma, "T_{block}");
    }
    let mut header = plan.header.clone();
    header.run += F::one();
    assert_ne!(draw(&header), plan.challenge.gamma, "D");
}
