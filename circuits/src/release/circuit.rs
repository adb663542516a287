//! The release circuit.

use ark_ff::{One, Zero};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};

use super::cipher::{BLOCK_ELEMENTS, CIPHERTEXT, KEY, KEYSTREAM};
use super::terms::ReleaseTerms;
use super::{BlockRow, LIMIT_BITS, LIMIT_OFFSET, ROWS, ReleasePrivate, ReleasePublic};
use crate::field::{F, power_of_two};
use crate::gadget::{Bit, Builder, RowWires, Wire};
use crate::request::Terms;
use crate::row::word_of;
use crate::schema::Predicate;
use crate::shape::{BLOCK_ROWS, CELL_BITS, QUASI_IDENTIFIERS};
use crate::state::{COUNTER_SPACING, OpenClass, STATE, State, TOTAL_SPACING};

/// Bits of a class's counter wherever one is opened or compared.
const COUNTER_BITS: usize = 16;
/// Bits of α · rows.
const SHARE_BITS: usize = 27;

/// The statement of one release, with its witness.
#[derive(Clone, Debug)]
pub struct ReleaseCircuit {
    /// What everybody knows.
    pub public: ReleasePublic,
    /// What only the seller knows.
    pub private: ReleasePrivate,
}

/// The state while rows go by.
struct Running {
    acc: Wire,
    open: Bit,
    bounds: Wire,
    sensitive: Wire,
    rows: Wire,
    distinct: Wire,
    run: Wire,
    longest: Wire,
    released: Wire,
    suppressed: Wire,
    loss: Wire,
}

/// A row with the prover's choices, opened.
struct BlockRowWires {
    row: RowWires,
    released: Bit,
    ends: Bit,
    /// The packed box.
    bounds: Wire,
    /// Σ weight · width.
    loss: Wire,
}

impl ReleaseCircuit {
    /// A circuit of the right shape whose witness satisfies nothing: for key generation.
    pub fn blank() -> Self {
        let zero = F::zero();
        let public = ReleasePublic {
            index: 0,
            last: false,
            request_digest: zero,
            gamma: zero,
            key_commitment: zero,
            rows: zero,
            ciphertext: zero,
            state_in: zero,
            state_out: zero,
        };
        let terms = Terms {
            schema: zero,
            predicate: Predicate { conditions: Vec::new(), clauses: Vec::new() },
            purpose: 0,
            released: Vec::new(),
            quasi_identifiers: Vec::new(),
            sensitive: 0,
            k: 0,
            l: 0,
            alpha: 0,
        };
        let private = ReleasePrivate {
            terms,
            key: zero,
            key_blind: zero,
            rows: vec![BlockRow::padding(); BLOCK_ROWS],
            rows_blind: zero,
            state: State::first(),
            blind_in: zero,
            blind_out: zero,
        };
        Self { public, private }
    }

    /// Writes the circuit.
    pub fn build(&self, b: &mut Builder) {
        let private = &self.private;
        let inputs = self.public.inputs().map(|value| b.input(value));
        let [
            index,
            last,
            digest,
            gamma,
            key_commitment,
            rows_commitment,
            ciphertext_hash,
            state_in,
            state_out,
        ] = inputs;
        b.section("release.last");
        let last = b.enforce_bit(&last);
        let terms = ReleaseTerms::open(b, &private.terms, &digest);
        let key = open_key(b, private, &key_commitment);

        b.section("release.state.in");
        let [_, handles, _, _, totals] = private.state.packed();
        let handles = b.witness(handles);
        let totals = b.witness(totals);
        let mut running = open_state(b, &private.state);
        let before = [running.acc.clone(), handles.clone(), running.bounds.clone(), running.packed_class()];
        let blind = b.witness(private.blind_in);
        enforce_state(b, &before, &totals, &blind, &state_in);

        let rows: Vec<BlockRowWires> = private.rows.iter().map(|row| open_row(b, &terms, row)).collect();
        enforce_order(b, &rows, &last);
        b.section("release.rows_commitment");
        let blind = b.witness(private.rows_blind);
        let words: Vec<Wire> =
            std::iter::once(blind).chain(rows.iter().map(|r| r.row.word.clone())).collect();
        let committed = b.hash(ROWS, &words);
        b.enforce_equal(&committed, &rows_commitment);

        for row in &rows {
            running.take(b, &terms, &gamma, row);
        }
        encrypt(b, &terms, &rows, &key, &index, &ciphertext_hash);

        b.section("release.last_closes");
        b.enforce_zero_when(&last, running.open.wire());
        b.section("release.state.out");
        let more = last.not();
        let handles = b.mul(more.wire(), &handles);
        let bounds = b.mul(more.wire(), &running.bounds);
        let class = b.mul(more.wire(), &running.packed_class());
        let totals = totals.add(&running.packed_totals());
        let blind = b.witness(private.blind_out);
        enforce_state(b, &[running.acc.clone(), handles, bounds, class], &totals, &blind, &state_out);
    }
}

fn open_key(b: &mut Builder, private: &ReleasePrivate, commitment: &Wire) -> Wire {
    b.section("release.key");
    let key = b.witness(private.key);
    let blind = b.witness(private.key_blind);
    let opened = b.hash(KEY, &[key.clone(), blind]);
    b.enforce_equal(&opened, commitment);
    key
}

fn open_state(b: &mut Builder, state: &State) -> Running {
    let OpenClass { open, sensitive, rows, distinct, run, longest } = state.class;
    let acc = b.witness(state.acc);
    let bounds = b.witness(state.bounds);
    let open = b.bit(open);
    let mut counter = |value: u32| Bit::number(&b.low_bits(F::from(value), COUNTER_BITS));
    Running {
        acc,
        open,
        bounds,
        sensitive: counter(u32::from(sensitive)),
        rows: counter(rows),
        distinct: counter(distinct),
        run: counter(run),
        longest: counter(longest),
        released: Wire::zero(),
        suppressed: Wire::zero(),
        loss: Wire::zero(),
    }
}

fn enforce_state(b: &mut Builder, parts: &[Wire; 4], totals: &Wire, blind: &Wire, commitment: &Wire) {
    let [acc, handles, bounds, class] = parts.clone();
    let state = b.hash(STATE, &[acc, handles, bounds, class, totals.clone(), blind.clone()]);
    b.enforce_equal(&state, commitment);
}

fn open_row(b: &mut Builder, terms: &ReleaseTerms, row: &BlockRow) -> BlockRowWires {
    b.section("release.row");
    let wires = b.row(word_of(row.row.as_ref()));
    b.section("release.flags");
    let released = b.bit(row.released);
    b.enforce_implies(&released, &wires.present);
    let ends = b.bit(row.ends_class);
    b.enforce_implies(&ends, &released);
    let (bounds, loss) = open_box(b, terms, row, &wires, &released);
    BlockRowWires { row: wires, released, ends, bounds, loss }
}

/// The box of a row: in each slot, lo = cell − below and hi = cell + above with both differences in 16 bits, for every
/// row. Unused slots and rows that are not released have no reach. Gives the packed box and Σ weight · width.
fn open_box(
    b: &mut Builder,
    terms: &ReleaseTerms,
    row: &BlockRow,
    wires: &RowWires,
    released: &Bit,
) -> (Wire, Wire) {
    let mut bounds = Wire::zero();
    let mut loss = Wire::zero();
    let mut reaches = Wire::zero();
    for (index, slot) in terms.slots.iter().enumerate() {
        b.section("release.box");
        let cell = b.chosen(&slot.column, &wires.cells);
        let below = Bit::number(&b.low_bits(F::from(row.reach.below[index]), CELL_BITS));
        let above = Bit::number(&b.low_bits(F::from(row.reach.above[index]), CELL_BITS));
        let mut reach = below.clone();
        reach.add_scaled(power_of_two(CELL_BITS), &above);
        b.section("release.box.unused");
        b.enforce_zero_when(&slot.column.used().not(), &reach);
        reaches.add_scaled(power_of_two(2 * CELL_BITS * index), &reach);
        b.section("release.loss");
        let weighted = b.mul(&slot.weight, &below.add(&above));
        loss.add_scaled(F::one(), &weighted);
        let offset = F::from(LIMIT_OFFSET.unsigned_abs());
        let shift = 2 * LIMIT_BITS * index;
        bounds.add_scaled(power_of_two(shift), &cell.sub(&below).plus(offset));
        bounds.add_scaled(power_of_two(shift + LIMIT_BITS), &cell.add(&above).plus(offset));
    }
    b.section("release.box.unreleased");
    b.enforce_zero_when(&released.not(), &reaches);
    (bounds, loss)
}

/// Released rows first, then suppressed, then padding; no padding but in the last block.
fn enforce_order(b: &mut Builder, rows: &[BlockRowWires], last: &Bit) {
    b.section("release.order");
    for pair in rows.windows(2) {
        b.enforce_implies(&pair[1].row.present, &pair[0].row.present);
        b.enforce_implies(&pair[1].released, &pair[0].released);
    }
    if let Some(end) = rows.last() {
        b.enforce_implies(&last.not(), &end.row.present);
    }
}

impl Running {
    fn packed_class(&self) -> Wire {
        let counters = [&self.sensitive, &self.rows, &self.distinct, &self.run, &self.longest];
        let mut sum = self.open.wire().clone();
        for (index, counter) in counters.into_iter().enumerate() {
            sum.add_scaled(power_of_two(1 + COUNTER_SPACING * index), counter);
        }
        sum
    }

    fn packed_totals(&self) -> Wire {
        Wire::combination([
            (F::one(), &self.released),
            (power_of_two(TOTAL_SPACING), &self.suppressed),
            (power_of_two(2 * TOTAL_SPACING), &self.loss),
        ])
    }

    fn take(&mut self, b: &mut Builder, terms: &ReleaseTerms, gamma: &Wire, row: &BlockRowWires) {
        self.divide(b, gamma, row);
        self.join_class(b, terms, row);
        self.end_class(b, terms, row);
        b.section("release.totals");
        self.released.add_scaled(F::one(), row.released.wire());
        self.suppressed.add_scaled(F::one(), &row.row.present.wire().sub(row.released.wire()));
        let loss = b.mul(row.released.wire(), &row.loss);
        self.loss.add_scaled(F::one(), &loss);
    }

    /// A present row leaves `acc`: its factor is γ − word, else 1. Padding's word is 0.
    fn divide(&mut self, b: &mut Builder, gamma: &Wire, row: &BlockRowWires) {
        b.section("release.acc");
        let challenge = b.mul(row.row.present.wire(), &gamma.minus(F::one()));
        let factor = challenge.sub(&row.row.word).plus(F::one());
        self.acc = b.quotient(&self.acc, &factor);
    }

    fn join_class(&mut self, b: &mut Builder, terms: &ReleaseTerms, row: &BlockRowWires) {
        let released = &row.released;
        b.section("release.class.box");
        let continues = b.and(released, &self.open);
        b.enforce_zero_when(&continues, &row.bounds.sub(&self.bounds));
        self.bounds = b.select(released, &row.bounds, &self.bounds);
        b.section("release.class.sensitive");
        let sensitive = b.chosen(&terms.sensitive, &row.row.cells);
        let step = sensitive.sub(&self.sensitive);
        b.enforce_product_in_range(continues.wire(), &step, CELL_BITS);
        let still = b.is_zero(&step);
        let same = b.and(&continues, &still);
        self.sensitive = b.select(released, &sensitive, &self.sensitive);
        b.section("release.class.counters");
        self.rows = b.mul(self.open.wire(), &self.rows).add(released.wire());
        self.distinct = b.mul(self.open.wire(), &self.distinct).add(released.wire()).sub(same.wire());
        let goes_on = same.wire().add(released.not().wire());
        self.run = b.mul(&goes_on, &self.run).add(released.wire());
        let longest = b.mul(self.open.wire(), &self.longest);
        let record = b.is_zero(&self.run.sub(&longest).minus(F::one()));
        let record = b.and(&record, released);
        self.longest = longest.add(record.wire());
        self.open =
            Bit::trusted(self.open.wire().add(released.wire()).sub(continues.wire()).sub(row.ends.wire()));
    }

    fn end_class(&mut self, b: &mut Builder, terms: &ReleaseTerms, row: &BlockRowWires) {
        b.section("release.class.k");
        b.enforce_product_in_range(row.ends.wire(), &self.rows.sub(&terms.k), COUNTER_BITS);
        b.section("release.class.l");
        b.enforce_product_in_range(row.ends.wire(), &self.distinct.sub(&terms.l), COUNTER_BITS);
        b.section("release.class.alpha");
        let share = b.mul(&terms.alpha, &self.rows);
        let room = share.sub(&self.longest.scale(F::from(1000u64)));
        b.enforce_product_in_range(row.ends.wire(), &room, SHARE_BITS);
    }
}

/// C_j is the hash of the released rows' cells and boxes plus the keystream.
fn encrypt(
    b: &mut Builder,
    terms: &ReleaseTerms,
    rows: &[BlockRowWires],
    key: &Wire,
    index: &Wire,
    ciphertext_hash: &Wire,
) {
    b.section("release.keystream");
    let stream = b.keystream(KEYSTREAM, key, index, BLOCK_ELEMENTS);
    let mut ciphertext = Vec::with_capacity(BLOCK_ELEMENTS);
    for (row, pad) in rows.iter().zip(stream.chunks_exact(2)) {
        b.section("release.plaintext");
        let mut cells = Wire::zero();
        for (column, (mask, cell)) in terms.released.iter().zip(&row.row.cells).enumerate() {
            let shown = b.mul(mask.wire(), cell);
            cells.add_scaled(power_of_two(CELL_BITS * column), &shown);
        }
        let cells = b.mul(row.released.wire(), &cells);
        let bounds = b.mul(row.released.wire(), &row.bounds);
        ciphertext.extend([cells.add(&pad[0]), bounds.add(&pad[1])]);
    }
    b.section("release.ciphertext");
    let hashed = b.hash(CIPHERTEXT, &ciphertext);
    b.enforce_equal(&hashed, ciphertext_hash);
}

const _: () = assert!(2 * LIMIT_BITS * QUASI_IDENTIFIERS <= 253, "a packed box decodes uniquely");

impl ConstraintSynthesizer<F> for ReleaseCircuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let mut builder = Builder::new(cs);
        self.build(&mut builder);
        builder.finish()
    }
}
