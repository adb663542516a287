//! The state against a model, and its proofs.

use std::{collections::BTreeMap, sync::Arc};

use galen_ledger::{
    MemoryState, Overlay, StateRead, StateWrite,
    chain::Genesis,
    codec::{Decode, Encode},
    execution::{Executor, MemoryStore, SledStore, StateProof, Store},
    state::overlay::Writes,
};
use proptest::prelude::*;

use crate::{app::Registers, rules::world};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Change = (Vec<u8>, Option<Vec<u8>>);

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(0u8..3, 0..4), Just(vec![255, 255])]
}

fn writes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((key(), prop::option::of(prop::collection::vec(any::<u8>(), 0..4))), 0..24)
}

fn write(state: &mut dyn StateWrite, writes: &[Change]) {
    for (key, value) in writes {
        match value {
            Some(value) => state.put(key, value.clone()),
            None => state.delete(key),
        }
    }
}

fn model(all: &[&[Change]]) -> Model {
    let mut model = Model::new();
    for (key, value) in all.iter().flat_map(|writes| writes.iter()) {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
    model
}

fn same(state: &dyn StateRead, model: &Model, start: &[u8], end: Option<&[u8]>) {
    let expected: Vec<_> = model
        .iter()
        .filter(|(key, _)| key.as_slice() >= start && end.is_none_or(|end| key.as_slice() < end))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    assert_eq!(state.scan(start, end).collect::<Vec<_>>(), expected);
    let prefixed: Vec<_> = model.iter().filter(|(key, _)| key.starts_with(start)).collect();
    assert_eq!(state.prefix(start).count(), prefixed.len());
    for key in model.keys().map(Vec::as_slice).chain([start]) {
        assert_eq!(state.get(key), model.get(key).cloned());
    }
}

proptest! {
    #[test]
    fn overlays_read_as_if_their_writes_were_in_place(
        below in writes(), above in writes(), start in key(), end in prop::option::of(key()),
    ) {
        let mut base = MemoryState::new();
        write(&mut base, &below);
        let mut overlay = Overlay::new(&base);
        write(&mut overlay, &above);
        let nested = Overlay::new(&overlay);
        same(&nested, &model(&[&below, &above]), &start, end.as_deref());
        same(&base, &model(&[&below]), &start, end.as_deref());
    }

    #[test]
    fn stores_read_what_was_written(below in writes(), above in writes(), start in key(), end in key()) {
        let dir = tempfile::tempdir().expect("dir");
        let sled = SledStore::open(dir.path()).expect("opens");
        let memory = MemoryStore::new();
        let expected = model(&[&below, &above]);
        for store in [&sled as &dyn Store, &memory] {
            store.apply(below.iter().cloned().collect::<Writes>()).expect("applies");
            store.apply(above.iter().cloned().collect::<Writes>()).expect("applies");
            let found: Result<Vec<_>, _> = store.scan(&start, Some(&end)).collect();
            let between = |(key, _): &(&Vec<u8>, &Vec<u8>)| **key >= start && **key < end;
            let wanted: Vec<_> = expected.iter().filter(between).map(|(k, v)| (k.clone(), v.clone())).collect();
            prop_assert_eq!(found.expect("reads"), wanted);
            for key in expected.keys() {
                prop_assert_eq!(store.get(key).expect("reads"), expected.get(key).cloned());
            }
        }
    }
}

#[test]
fn a_long_scan_of_the_memory_store_sees_every_entry_once() {
    let store = MemoryStore::new();
    let batch: Writes = (0..1000u32).map(|number| (number.to_be_bytes().to_vec(), Some(vec![1]))).collect();
    store.apply(batch).expect("applies");
    let keys: Vec<_> = store.scan(&[], None).map(|entry| entry.expect("reads").0).collect();
    assert_eq!(keys, (0..1000u32).map(|number| number.to_be_bytes().to_vec()).collect::<Vec<_>>());
}

fn executor(genesis: &Arc<Genesis>) -> Executor {
    Executor::open(Registers::new(), Arc::clone(genesis), Arc::new(MemoryStore::new())).expect("opens")
}

/// Executes blocks of transactions on the tip; see [`crate::sim`] for the protocol around it.
fn extend(executor: &Executor, genesis: &Genesis, view: u64, txs: Vec<String>) {
    use galen_ledger::{
        View,
        consensus::{BuildOrder, Committed},
        execution::executor::{Candidates, Clock},
    };
    let (parent, height) = (executor.tip().block, executor.tip().height);
    let order = BuildOrder { view: View::new(view), parent, height };
    let proposer = genesis.committee().leader(View::new(view)).expect("somebody leads");
    let candidates = Candidates {
        proposer,
        now_ms: view,
        upkeep: vec![],
        lanes: vec![],
        txs: txs.into_iter().map(|tx| tx.into_bytes().into()).collect(),
    };
    let built = executor.build(&order, candidates).expect("builds").expect("on the tip");
    let clock = Clock { latest_ms: u64::MAX };
    let outcome = executor.execute(&built.block, Some(clock)).expect("runs").expect("good").outcome;
    executor.commit(vec![Committed { block: built.block, outcome, certificate: None }]).expect("commits");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_key_has_a_proof_of_its_value_or_of_its_absence(
        blocks in prop::collection::vec(prop::collection::vec(0u8..12, 0..5), 1..6),
    ) {
        let (genesis, _) = world(4);
        let executor = executor(&genesis);
        let mut view = 0;
        for block in blocks {
            view += 1;
            let txs = block.iter().enumerate().map(|(at, key)| format!("set k{key} {view}.{at}"));
            extend(&executor, &genesis, view, txs.collect());
        }
        let root = executor.tip().outcome.app_hash;
        for key in (0..14).map(|key| format!("k{key}")) {
            let proof = executor.prove(key.as_bytes()).expect("proves");
            let value = executor.read(|state, _| state.get(key.as_bytes())).expect("reads");
            prop_assert_eq!(&proof.value, &value);
            prop_assert_eq!(proof.verify(&root, key.as_bytes()), Ok(()));
            prop_assert!(proof.verify(&root, b"config").is_err(), "that key has a value of its own");
            let read = StateProof::from_bytes(&proof.to_bytes()).expect("own encoding");
            prop_assert_eq!(&read, &proof);
            let mut forged = proof.clone();
            forged.value = Some(b"forged".to_vec());
            prop_assert!(forged.verify(&root, key.as_bytes()).is_err());
            let mut hidden = proof.clone();
            hidden.value = if value.is_some() { None } else { Some(vec![]) };
            prop_assert!(hidden.verify(&root, key.as_bytes()).is_err());
        }
    }
}

#[test]
fn the_root_depends_on_the_state_and_the_history_alone() {
    let (genesis, _) = world(4);
    let (one, other) = (executor(&genesis), executor(&genesis));
    for executor in [&one, &other] {
        extend(executor, &genesis, 1, vec!["set a 1".into(), "set b 2".into()]);
    }
    assert_eq!(one.tip(), other.tip());
    extend(&one, &genesis, 2, vec!["set a 3".into()]);
    assert_ne!(one.tip().outcome.app_hash, other.tip().outcome.app_hash);
    assert!(one.prove(b"b").expect("proves").verify(&other.tip().outcome.app_hash, b"b").is_err());
}
