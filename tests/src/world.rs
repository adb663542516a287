//! A hospital, a request and their trees; an honest plan of a contribution.

use std::sync::OnceLock;

use galen_circuits::contribution::{Limits, Payout, Statement};
use galen_circuits::dataset::{Chunk, Dataset};
use galen_circuits::field::F;
use galen_circuits::jubjub::SecretKey;
use galen_circuits::merkle::Tree;
use galen_circuits::registry;
use galen_circuits::release::{BlockRow, Reach, ReleaseCircuit, ReleasePrivate, ReleasePublic};
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::{Condition, Predicate};
use galen_circuits::shape::{BLOCK_ROWS, CELLS, CONSENT_CELL};
use galen_circuits::state::State;
use galen_prover::plan::{Class, Grouping, Plan, Run, Seller, Standing, plan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Everything that an honest contribution needs.
pub struct World {
    /// The hospital's dataset.
    pub dataset: Dataset,
    /// The hospital.
    pub seller: Seller,
    /// The registry of datasets.
    pub datasets: Tree,
    /// The tree of standing.
    pub standing: Tree,
    /// The request and what the ledger fixes.
    pub statement: Statement,
    /// The buyer's secret.
    pub buyer: SecretKey,
    /// The audit authority's secret.
    pub auditor: SecretKey,
}

/// Position of the hospital's dataset in the registry.
pub const DATASET_PLACE: u64 = 3;
/// Position of the hospital in the tree of standing.
pub const STANDING_PLACE: u64 = 9;

/// The terms that the tests ask for.
pub fn terms() -> Terms {
    Terms {
        schema: F::from(99u64),
        predicate: Predicate {
            conditions: vec![Condition { column: 0, lo: 10, hi: 40 }, Condition { column: 1, lo: 1, hi: 30 }],
            clauses: vec![0b01, 0b10],
        },
        purpose: 1,
        released: vec![3, 4],
        quasi_identifiers: vec![
            QuasiIdentifier { column: 0, weight: 3 },
            QuasiIdentifier { column: 1, weight: 1 },
        ],
        sensitive: 4,
        k: 5,
        l: 2,
        alpha: 800,
    }
}

/// A row with these cells set and consent for every purpose.
pub fn row(handle: u64, cells: &[(usize, u16)]) -> Row {
    let mut all = [0u16; CELLS];
    all[CONSENT_CELL] = 0xffff;
    cells.iter().for_each(|(index, value)| all[*index] = *value);
    Row { handle: Handle::new(handle).unwrap(), cells: all }
}

/// Rows with random cells, consenting to purpose 1.
pub fn random_rows(count: u64, seed: u64) -> Vec<Row> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    (1..=count)
        .map(|i| {
            let mut cells = [0u16; CELLS];
            cells.iter_mut().for_each(|c| *c = rng.gen_range(1..50));
            cells[CONSENT_CELL] = 0b10;
            Row { handle: Handle::new(i * 1000).unwrap(), cells }
        })
        .collect()
}

impl World {
    /// The world of a dataset.
    pub fn of(dataset: Dataset, beacon: u64, sample: u32) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let seller = Seller { secret: F::from(5u64), salt: F::from(6u64), key_seed: [7; 32] };
        let name = registry::seller(seller.secret);
        let terms = terms();
        let mut datasets = registry::empty_tree();
        let body = dataset.body(seller.salt);
        datasets.set(DATASET_PLACE, registry::dataset_leaf(body, terms.schema, name)).unwrap();
        let mut standing = registry::empty_tree();
        standing.set(STANDING_PLACE, registry::standing_leaf(terms.schema, name)).unwrap();
        let (buyer, auditor) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
        let statement = Statement {
            chain_id: "test".into(),
            request_id: F::from(1234u64),
            terms,
            min_chunks: 12,
            anchor: datasets.root(),
            beacon: F::from(beacon),
            sample,
            buyer: buyer.public(),
            auditor: auditor.public(),
            limits: Limits { max_suppressed_per_mille: 100, max_loss_per_row: 1000 },
        };
        Self { dataset, seller, datasets, standing, statement, buyer, auditor }
    }

    /// 420 rows in 12 chunks, three of them sampled.
    pub fn small() -> Self {
        Self::of(Dataset::new(&random_rows(420, 7), 12).unwrap(), 77, 3)
    }

    /// The run that the ledger draws.
    pub fn run(&self) -> Run {
        Run::draw(&self.statement, &self.dataset, self.seller.secret, F::from(3u64))
    }

    /// The rows that are asked for.
    pub fn selected(&self) -> Vec<Row> {
        self.run().selected(&self.dataset, &self.statement.terms)
    }

    /// Where the ledger has the hospital.
    pub fn place(&self) -> Standing {
        Standing {
            dataset_path: self.datasets.path(DATASET_PLACE).unwrap(),
            recent: self.standing.root(),
            standing_path: self.standing.path(STANDING_PLACE).unwrap(),
        }
    }

    /// Classes of twenty, the first row and the rest suppressed.
    pub fn grouping(&self) -> Grouping {
        let count = self.selected().len();
        let all: Vec<usize> = (1..count).collect();
        let classes: Vec<Class> = all
            .chunks(20)
            .filter(|c| c.len() >= 5)
            .map(|rows| Class { bounds: vec![(1, 50), (0, 60)], rows: rows.to_vec() })
            .collect();
        let placed: usize = classes.iter().map(|c| c.rows.len()).sum();
        Grouping { classes, suppressed: std::iter::once(0).chain(placed + 1..count).collect() }
    }

    /// An honest plan, paid to this key.
    pub fn plan_paid_to(&self, payout: Payout) -> Plan {
        let run = self.run();
        plan(
            &self.statement,
            &self.dataset,
            &self.seller,
            &self.place(),
            &run,
            &self.grouping(),
            payout,
            &[9; 32],
        )
        .unwrap()
    }

    /// An honest plan.
    pub fn plan(&self) -> Plan {
        self.plan_paid_to(Payout { key: [1; 32], memo: [2; 32] })
    }
}

/// The plan of [`World::small`], made once.
pub fn honest() -> &'static (World, Plan) {
    static HONEST: OnceLock<(World, Plan)> = OnceLock::new();
    HONEST.get_or_init(|| {
        let world = World::small();
        let plan = world.plan();
        (world, plan)
    })
}

/// A dataset of chunks given as they are.
pub fn dataset_of(chunks: Vec<Vec<Row>>) -> Dataset {
    Dataset::from_chunks(chunks.into_iter().map(|rows| Chunk::new(rows).unwrap()).collect()).unwrap()
}

/// The reach from a row's cells to a box.
pub fn reach(terms: &Terms, row: &Row, bounds: &[(u16, u16)]) -> Reach {
    let mut reach = Reach::default();
    for (slot, (quasi, (lo, hi))) in terms.quasi_identifiers.iter().zip(bounds).enumerate() {
        let cell = row.cells[usize::from(quasi.column)];
        reach.below[slot] = cell - lo;
        reach.above[slot] = hi - cell;
    }
    reach
}

/// A released row in a box.
pub fn released(terms: &Terms, row: Row, bounds: &[(u16, u16)], ends_class: bool) -> BlockRow {
    BlockRow { row: Some(row), released: true, ends_class, reach: reach(terms, &row, bounds) }
}

/// A released class of rows with these sensitive cells, all in the box (10..40, 1..30), handles from `first` on.
pub fn class(terms: &Terms, first: u64, sensitive: &[u16]) -> Vec<BlockRow> {
    let count = sensitive.len();
    (first..)
        .zip(sensitive)
        .enumerate()
        .map(|(index, (handle, value))| {
            let cells = [(0, 12 + (handle % 20) as u16), (1, 5), (3, 7), (4, *value)];
            released(terms, row(handle, &cells), &[(10, 40), (1, 30)], index + 1 == count)
        })
        .collect()
}

/// Fills a block with padding.
pub fn padded(mut rows: Vec<BlockRow>) -> Vec<BlockRow> {
    rows.resize(BLOCK_ROWS, BlockRow::padding());
    rows
}

/// A challenge for single circuits.
pub fn gamma() -> F {
    F::from(0x1234_5678_9abc_def0u64) * F::from(0x0fed_cba9_8765_4321u64) * F::from(0x1111_2222_3333_4447u64)
}

/// A release of these rows from this state. What the seller publishes (T_j, C_j, the state after) is not filled in.
pub fn release(terms: &Terms, state: State, rows: Vec<BlockRow>, index: u64, last: bool) -> ReleaseCircuit {
    let (key, blind) = (F::from(31u64), F::from(32u64));
    let zero = F::from(0u64);
    ReleaseCircuit {
        public: ReleasePublic {
            index,
            last,
            request_digest: terms.digest(),
            gamma: gamma(),
            key_commitment: galen_circuits::release::cipher::key_commitment(key, blind),
            rows: zero,
            ciphertext: zero,
            state_in: state.commit(F::from(21u64)),
            state_out: zero,
        },
        private: ReleasePrivate {
            terms: terms.clone(),
            key,
            key_blind: blind,
            rows,
            rows_blind: F::from(33u64),
            state,
            blind_in: F::from(21u64),
            blind_out: F::from(22u64),
        },
    }
}
