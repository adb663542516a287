//! The scan circuit.

use ark_ff::Zero;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, SynthesisError};

use super::selection::Selection;
use super::{RunOpening, ScanPrivate, ScanPublic};
use crate::dataset::{CHUNK, DATASET_NODE, RUN};
use crate::field::{F, power_of_two};
use crate::gadget::{Bit, Builder, RowWires, Wire};
use crate::merkle::Path;
use crate::request::Terms;
use crate::schema::Predicate;
use crate::shape::{CHUNK_ROWS, DATASET_DEPTH, HANDLE_BITS};
use crate::state::{RunHandles, STATE, State};

/// The statement of one scan, with its witness.
#[derive(Clone, Debug)]
pub struct ScanCircuit {
    /// What everybody knows.
    pub public: ScanPublic,
    /// What only the seller knows.
    pub private: ScanPrivate,
}

struct PublicWires {
    index: Wire,
    run: Wire,
    request_digest: Wire,
    gamma: Wire,
    state_in: Wire,
    state_out: Wire,
}

/// The handles of a state, opened.
struct HandleWires {
    first: Wire,
    last: Wire,
    first_set: Bit,
    bounded: Bit,
}

impl ScanCircuit {
    /// A circuit of the right shape whose witness satisfies nothing: for key generation.
    pub fn blank() -> Self {
        let zero = F::zero();
        let public = ScanPublic {
            index: 0,
            run: zero,
            request_digest: zero,
            gamma: zero,
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
        let private = ScanPrivate {
            terms,
            run: RunOpening { root: zero, chunks: 1, start: 0, blind: zero },
            wrapped: false,
            words: vec![zero; CHUNK_ROWS],
            path: Path { position: 0, siblings: vec![zero; DATASET_DEPTH] },
            state: State::first(),
            blind_in: zero,
            blind_out: zero,
        };
        Self { public, private }
    }

    /// Writes the circuit.
    pub fn build(&self, b: &mut Builder) {
        let private = &self.private;
        let public = self.inputs(b);
        let selection = Selection::open(b, &private.terms, &public.request_digest);

        b.section("scan.state.in");
        let acc = b.witness(private.state.acc);
        let handles = open_handles(b, &private.state.handles);
        let [_, _, bounds, class, totals] = private.state.packed();
        let rest = [b.witness(bounds), b.witness(class), b.witness(totals)];
        let blind = b.witness(private.blind_in);
        enforce_state(b, &acc, &handles.packed(), &rest, &blind, &public.state_in);

        let rows = self.open_chunk(b, &public);
        b.section("scan.wrap");
        let at_zero = b.is_zero(&rows.position);
        let first_row = &rows.rows[0];
        let bounded = Bit::trusted(b.select(&at_zero, handles.first_set.wire(), handles.bounded.wire()));
        let last = b.mul(at_zero.not().wire(), &handles.last);

        let (acc, last) = scan_rows(b, &selection, &public.gamma, &rows.rows, acc, last);
        b.section("scan.bound");
        let checked = b.and(&bounded, &first_row.present);
        let room = handles.first.sub(&last).minus(F::from(1u64));
        b.enforce_product_in_range(checked.wire(), &room, HANDLE_BITS);
        b.section("scan.first");
        let newly = b.mul(handles.first_set.not().wire(), &first_row.handle);
        let first = handles.first.add(&newly);
        let first_set = b.or(&handles.first_set, &first_row.present);

        b.section("scan.state.out");
        let handles = HandleWires { first, last, first_set, bounded };
        let blind = b.witness(private.blind_out);
        enforce_state(b, &acc, &handles.packed(), &rest, &blind, &public.state_out);
    }

    fn inputs(&self, b: &mut Builder) -> PublicWires {
        let [index, run, request_digest, gamma, state_in, state_out] =
            self.public.inputs().map(|value| b.input(value));
        PublicWires { index, run, request_digest, gamma, state_in, state_out }
    }

    /// Opens D, works out the position, and opens the chunk there.
    fn open_chunk(&self, b: &mut Builder, public: &PublicWires) -> ChunkWires {
        let private = &self.private;
        b.section("scan.run");
        let root = b.witness(private.run.root);
        let chunks = b.witness(F::from(private.run.chunks));
        let start = b.witness(F::from(private.run.start));
        let blind = b.witness(private.run.blind);
        let run = b.hash(RUN, &[root.clone(), chunks.clone(), start.clone(), blind]);
        b.enforce_equal(&run, &public.run);

        b.section("scan.position");
        let wrapped = b.bit(private.wrapped);
        let back = b.mul(wrapped.wire(), &chunks);
        let position = start.add(&public.index).sub(&back);
        let bits = b.bits(&position, DATASET_DEPTH);
        enforce_below(b, &position, &chunks);
        b.bits(&start, DATASET_DEPTH);
        enforce_below(b, &start, &chunks);

        b.section("scan.rows");
        let rows: Vec<RowWires> = private.words.iter().map(|word| b.row(*word)).collect();
        b.section("scan.present_first");
        for pair in rows.windows(2) {
            b.enforce_implies(&pair[1].present, &pair[0].present);
        }
        b.section("scan.chunk");
        let words: Vec<Wire> = rows.iter().map(|row| row.word.clone()).collect();
        let leaf = b.hash(CHUNK, &words);
        b.section("scan.path");
        let found = b.merkle_root(DATASET_NODE, &leaf, &bits, &private.path.siblings);
        b.enforce_equal(&found, &root);
        ChunkWires { position, rows }
    }
}

struct ChunkWires {
    position: Wire,
    rows: Vec<RowWires>,
}

/// a < b for a, b in 0..=2^16, by the range of b − a − 1.
fn enforce_below(b: &mut Builder, low: &Wire, high: &Wire) {
    b.bits(&high.sub(low).minus(F::from(1u64)), DATASET_DEPTH);
}

/// Every row in order: handles increase, selected rows enter `acc`. Gives `acc` and the last handle.
fn scan_rows(
    b: &mut Builder,
    selection: &Selection,
    gamma: &Wire,
    rows: &[RowWires],
    mut acc: Wire,
    mut last: Wire,
) -> (Wire, Wire) {
    for row in rows {
        b.section("scan.order");
        let step = row.handle.sub(&last).minus(F::from(1u64));
        b.enforce_product_in_range(row.present.wire(), &step, HANDLE_BITS);
        last = b.select(&row.present, &row.handle, &last);
        let selected = selection.selects(b, row);
        b.section("scan.acc");
        let factor = b.mul(selected.wire(), &gamma.sub(&row.word).minus(F::from(1u64)));
        acc = b.mul(&acc, &factor.plus(F::from(1u64)));
    }
    (acc, last)
}

fn open_handles(b: &mut Builder, handles: &RunHandles) -> HandleWires {
    HandleWires {
        first: Bit::number(&b.low_bits(F::from(handles.first), HANDLE_BITS)),
        last: Bit::number(&b.low_bits(F::from(handles.last), HANDLE_BITS)),
        first_set: b.bit(handles.first_set),
        bounded: b.bit(handles.bounded),
    }
}

impl HandleWires {
    fn packed(&self) -> Wire {
        Wire::combination([
            (F::from(1u64), &self.first),
            (power_of_two(60), &self.last),
            (power_of_two(120), self.first_set.wire()),
            (power_of_two(121), self.bounded.wire()),
        ])
    }
}

fn enforce_state(
    b: &mut Builder,
    acc: &Wire,
    handles: &Wire,
    rest: &[Wire; 3],
    blind: &Wire,
    commitment: &Wire,
) {
    let [bounds, class, totals] = rest.clone();
    let state = b.hash(STATE, &[acc.clone(), handles.clone(), bounds, class, totals, blind.clone()]);
    b.enforce_equal(&state, commitment);
}

impl ConstraintSynthesizer<F> for ScanCircuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let mut builder = Builder::new(cs);
        self.build(&mut builder);
        builder.finish()
    }
}
