//! The plan of an honest contribution satisfies all three circuits.

use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
use galen_circuits::contribution::{Limits, Payout, Statement};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::jubjub::SecretKey;
use galen_circuits::registry;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::row::{Handle, Row};
use galen_circuits::schema::{Condition, Predicate};
use galen_circuits::shape::MAX_CONSTRAINTS;
use galen_prover::plan::{Class, Grouping, Plan, Run, Seller, Standing, plan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

fn scenario() -> Plan {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let rows: Vec<Row> = (1..=600u64)
        .map(|i| {
            let mut cells = [0u16; 12];
            cells.iter_mut().for_each(|c| *c = rng.gen_range(1..50));
            cells[11] = 0b10;
            Row { handle: Handle::new(i * 1000).unwrap(), cells }
        })
        .collect();
    let dataset = Dataset::new(&rows, 12).unwrap();
    let schema = F::from(99u64);
    let seller = Seller { secret: F::from(5u64), salt: F::from(6u64), key_seed: [7; 32] };
    let name = registry::seller(seller.secret);
    let mut datasets = registry::empty_tree();
    datasets.set(3, registry::dataset_leaf(dataset.body(seller.salt), schema, name)).unwrap();
    let mut standing = registry::empty_tree();
    standing.set(9, registry::standing_leaf(schema, name)).unwrap();
    let statement = Statement {
        chain_id: "test".into(),
        request_id: F::from(1234u64),
        terms: Terms {
            schema,
            predicate: Predicate {
                conditions: vec![
                    Condition { column: 0, lo: 10, hi: 40 },
                    Condition { column: 1, lo: 1, hi: 30 },
                ],
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
        },
        min_chunks: 12,
        anchor: datasets.root(),
        beacon: F::from(77u64),
        sample: 3,
        buyer: SecretKey::generate(&mut rng).public(),
        auditor: SecretKey::generate(&mut rng).public(),
        limits: Limits { max_suppressed_per_mille: 100, max_loss_per_row: 1000 },
    };
    let run = Run::draw(&statement, &dataset, seller.secret, F::from(3u64));
    let selected = run.selected(&dataset, &statement.terms);
    let suppressed = vec![0];
    let all: Vec<usize> = (1..selected.len()).collect();
    let classes = all
        .chunks(20)
        .filter(|c| c.len() >= 5)
        .map(|rows| Class { bounds: vec![(1, 50), (0, 60)], rows: rows.to_vec() })
        .collect::<Vec<_>>();
    let placed: usize = classes.iter().map(|c| c.rows.len()).sum();
    let suppressed = suppressed.into_iter().chain(placed + 1..selected.len()).collect();
    let standing = Standing {
        dataset_path: datasets.path(3).unwrap(),
        recent: standing.root(),
        standing_path: standing.path(9).unwrap(),
    };
    let payout = Payout { key: [1; 32], memo: [2; 32] };
    plan(&statement, &dataset, &seller, &standing, &run, &Grouping { classes, suppressed }, payout, &[9; 32])
        .unwrap()
}

fn check(name: &str, circuit: impl ConstraintSynthesizer<F>) {
    let cs = ConstraintSystem::<F>::new_ref();
    circuit.generate_constraints(cs.clone()).unwrap();
    cs.finalize();
    println!(
        "{name}: {} constraints, {} inputs, {} witnesses",
        cs.num_constraints(),
        cs.num_instance_variables(),
        cs.num_witness_variables()
    );
    assert!(cs.num_constraints() + cs.num_instance_variables() <= MAX_CONSTRAINTS);
    assert!(cs.is_satisfied().unwrap(), "{name}: {:?}", cs.which_is_unsatisfied());
}

#[test]
fn an_honest_plan_satisfies_every_circuit() {
    let plan = scenario();
    assert_eq!(plan.scans.len(), 3);
    assert!(plan.releases.len() >= 2);
    for scan in plan.scans {
        check("scan", scan);
    }
    for release in plan.releases {
        check("release", release);
    }
    check("seal", plan.seal);
}
