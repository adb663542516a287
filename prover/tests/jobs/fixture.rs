//! A small contribution to prove, and keys that are made once for all tests.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use galen_circuits::contribution::{Limits, Payout, Statement, Verifier};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::groth16::{KeyStore, Trust};
use galen_circuits::jubjub::SecretKey;
use galen_circuits::keys::{Keys, VerifyingKeys};
use galen_circuits::registry;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::{Condition, Predicate};
use galen_prover::jobs::{JobId, JobSpec, Outcome, Progress, ProofQueue, ProvingKeys, Settings};
use galen_prover::plan::{Class, Grouping, Plan, Run, Seller, Standing, plan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// A value that is in every row, in the handle, and must be seen nowhere.
pub const TELLTALE: u64 = 987_654_321_012;

fn load() -> (Arc<ProvingKeys>, VerifyingKeys) {
    let default = || PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../galen-test-keys");
    let directory = std::env::var_os("GALEN_KEYS_DIR").map_or_else(default, PathBuf::from);
    let store = KeyStore::open(directory, Trust::Development).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let keys = Keys::load_or_setup_insecure_single_party(&store, &mut rng, |_, _| {}).unwrap();
    let verifying = keys.verifying();
    (Arc::new(ProvingKeys::new(keys)), verifying)
}

fn loaded() -> &'static (Arc<ProvingKeys>, VerifyingKeys) {
    static KEYS: OnceLock<(Arc<ProvingKeys>, VerifyingKeys)> = OnceLock::new();
    KEYS.get_or_init(load)
}

pub fn keys() -> Arc<ProvingKeys> {
    Arc::clone(&loaded().0)
}

/// The statement and plan of a contribution with `sample` scans. All randomness comes from `seed`.
pub fn contribution(sample: u32, seed: u64) -> (Statement, Plan) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let rows: Vec<Row> = (1..=600u64)
        .map(|i| {
            let mut cells = [0u16; 12];
            cells.iter_mut().for_each(|cell| *cell = rng.gen_range(1..50));
            cells[11] = 0b10;
            Row { handle: Handle::new(TELLTALE + i).unwrap(), cells }
        })
        .collect();
    let dataset = Dataset::new(&rows, 12).unwrap();
    let schema = F::from(99u64);
    let seller = Seller { secret: F::from(seed + 5), salt: F::from(6u64), key_seed: [7; 32] };
    let name = registry::seller(seller.secret);
    let mut datasets = registry::empty_tree();
    datasets.set(3, registry::dataset_leaf(dataset.body(seller.salt), schema, name)).unwrap();
    let mut standing = registry::empty_tree();
    standing.set(9, registry::standing_leaf(schema, name)).unwrap();
    let statement = Statement {
        chain_id: "test".into(),
        request_id: F::from(1234u64),
        terms: terms(schema),
        min_chunks: 12,
        anchor: datasets.root(),
        beacon: F::from(77u64),
        sample,
        buyer: SecretKey::generate(&mut rng).public(),
        auditor: SecretKey::generate(&mut rng).public(),
        limits: Limits { max_suppressed_per_mille: 500, max_loss_per_row: 1000 },
    };
    let run = Run::draw(&statement, &dataset, seller.secret, F::from(3u64));
    let grouping = group(run.selected(&dataset, &statement.terms).len());
    let standing = Standing {
        dataset_path: datasets.path(3).unwrap(),
        recent: standing.root(),
        standing_path: standing.path(9).unwrap(),
    };
    let payout = Payout { key: [1; 32], memo: [2; 32] };
    let plan = plan(&statement, &dataset, &seller, &standing, &run, &grouping, payout, &[9; 32]).unwrap();
    (statement, plan)
}

fn terms(schema: F) -> Terms {
    Terms {
        schema,
        predicate: Predicate { conditions: vec![Condition { column: 0, lo: 1, hi: 40 }], clauses: vec![0b1] },
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

/// Classes of twenty; what is left over is suppressed.
fn group(selected: usize) -> Grouping {
    let all: Vec<usize> = (0..selected).collect();
    let whole = all.chunks_exact(20);
    let suppressed = whole.remainder().to_vec();
    let class = |rows: &[usize]| Class { bounds: vec![(1, 50), (0, 60)], rows: rows.to_vec() };
    Grouping { classes: whole.map(class).collect(), suppressed }
}

pub fn spec(sample: u32, seed: u64) -> JobSpec {
    let (statement, plan) = contribution(sample, seed);
    JobSpec::new(&statement, &plan)
}

/// A job whose third scan does not follow from its rows: one patient's row was changed after planning.
pub fn broken(sample: u32, seed: u64) -> JobSpec {
    let (statement, mut plan) = contribution(sample, seed);
    let scan = plan.scans.last_mut().unwrap();
    scan.private.words[0] += F::from(1u64);
    JobSpec::new(&statement, &plan)
}

pub fn open(directory: &std::path::Path) -> ProofQueue {
    ProofQueue::open(directory, keys(), Settings::default()).unwrap()
}

/// Waits, for as long as a loaded machine may need, until the job's progress is as asked.
pub fn wait_for(queue: &ProofQueue, id: JobId, ready: impl Fn(&Progress) -> bool) -> Progress {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut progress = queue.progress(id).unwrap();
    runtime.block_on(async {
        let waited = tokio::time::timeout(Duration::from_secs(300), progress.wait_for(ready)).await;
        waited.expect("in time").expect("the job gets there").clone()
    })
}

/// Checks an outcome as the ledger and the buyer would.
pub fn check(statement: &Statement, outcome: &Outcome) {
    let verifier = Verifier::new(&loaded().1);
    verifier.verify(statement, &outcome.contribution).unwrap();
    outcome.contribution.header.check_blob(&outcome.blob).unwrap();
    assert_eq!(outcome.encapsulation.digest(), outcome.contribution.header.encapsulation);
}
