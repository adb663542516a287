//! Scans in a forger's hand.

use galen_circuits::dataset::CHUNK;
use galen_circuits::field::F;
use galen_circuits::poseidon::hash;
use galen_circuits::row::{Row, word_of};
use galen_circuits::scan::{ScanCircuit, ScanPrivate, ScanPublic};
use galen_circuits::shape::CHUNK_ROWS;
use galen_circuits::state::State;
use galen_tests::world::{World, gamma};

/// The i-th scan of a world's run from this state; the state after is not filled in.
pub fn scan(world: &World, index: u64, state: State) -> ScanCircuit {
    let run = world.run().opening;
    let (position, wrapped) = run.position(index);
    let terms = world.statement.terms.clone();
    ScanCircuit {
        public: ScanPublic {
            index,
            run: run.commitment(),
            request_digest: terms.digest(),
            gamma: gamma(),
            state_in: state.commit(F::from(21u64)),
            state_out: F::from(0u64),
        },
        private: ScanPrivate {
            terms,
            run,
            wrapped,
            words: world.dataset.chunks()[position as usize].words().to_vec(),
            path: world.dataset.path(position).unwrap(),
            state,
            blind_in: F::from(21u64),
            blind_out: F::from(22u64),
        },
    }
}

/// Puts other rows into a scan's chunk, under the root and the D that they lead to.
pub fn with_own_dataset(mut scan: ScanCircuit, rows: &[Option<Row>]) -> ScanCircuit {
    let mut words: Vec<F> = rows.iter().map(|row| word_of(row.as_ref())).collect();
    words.resize(CHUNK_ROWS, F::from(0u64));
    scan.private.run.root =
        scan.private.path.root(galen_circuits::dataset::DATASET_NODE, hash(CHUNK, &words));
    scan.private.words = words;
    scan.public.run = scan.private.run.commitment();
    scan
}
