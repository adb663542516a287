//! The consortium in one process, with real threads, files and links.

use std::{sync::Arc, time::Duration};

use galen_ledger::{
    Consortium, ConsortiumError, ConsortiumSettings, MemberIndex, NodeStatus, SubmitError, TxHash,
    consensus::Timing, types::Height,
};

use crate::app::Registers;

pub fn start(dir: &std::path::Path) -> Consortium {
    start_with(dir, |_| {})
}

pub fn start_with(dir: &std::path::Path, adjust: impl FnOnce(&mut ConsortiumSettings)) -> Consortium {
    let mut settings = ConsortiumSettings::new(dir, b"config".to_vec());
    settings.timing = Timing { delta: Duration::from_millis(300), max_delta: Duration::from_secs(4) };
    settings.idle_interval = Duration::from_millis(20);
    adjust(&mut settings);
    Consortium::start(settings, |_, blobs| Registers::with_blobs(blobs)).expect("starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_final_at_every_member_with_the_same_state_and_proof() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let submitted = consortium.submit(*b"set a 1").await.expect("accepted");
    assert!(submitted.receipt.accepted);
    assert_eq!(submitted.tx, TxHash::of(b"set a 1"));
    consortium.settled(submitted.height).await.expect("all reach it");
    let positions: Vec<_> = consortium.nodes().iter().map(|node| node.position()).collect();
    assert!(positions.iter().all(|position| *position == positions[0]), "{positions:?}");
    let proof = consortium.query(b"a").expect("reads").expect("runs");
    assert_eq!(proof.value.as_deref(), Some(b"1".as_slice()));
    assert_eq!(proof.verify(&positions[0].outcome.app_hash, b"a"), Ok(()));
    assert!(proof.verify(&positions[0].outcome.app_hash, b"b").is_err());
    let absent = consortium.query(b"nothing").expect("reads").expect("runs");
    assert_eq!((absent.value.clone(), absent.verify(&proof.app_hash, b"nothing")), (None, Ok(())));
    assert!(absent.verify(&proof.app_hash, b"a").is_err());
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refused_transaction_shows_is_handed_in_by_the_node_that_refused_it() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let mut blocks = consortium.subscribe().expect("a member runs");
    for refused in [*b"lie", *b"bad"] {
        let answer = consortium.submit(refused).await;
        assert!(matches!(answer, Err(SubmitError::Refused(_))), "{answer:?}");
    }
    let told = async {
        while consortium.query(b"lie").expect("reads").expect("runs").value.as_deref() != Some(b"told") {
            blocks.recv().await.expect("a block");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("in a block");
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn submitting_again_gives_the_same_receipt_and_no_second_execution() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let first = consortium.submit(*b"once x").await.expect("accepted");
    for _ in 0..4 {
        assert_eq!(consortium.submit(*b"once x").await.expect("the same"), first);
    }
    let mut others = Vec::new();
    let consortium = Arc::new(consortium);
    for _ in 0..8 {
        let consortium = Arc::clone(&consortium);
        others.push(tokio::spawn(async move { consortium.submit(*b"once y").await.expect("accepted") }));
    }
    let mut receipts = Vec::new();
    for other in others {
        receipts.push(other.await.expect("joins"));
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_are_recorded_with_the_reason_and_junk_is_not_admitted() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    assert!(
        matches!(consortium.submit(*b"junk").await, Err(SubmitError::Refused(refusal)) if refusal.code == "junk")
    );
    let large = vec![b'x'; galen_ledger::MAX_TX_BYTES + 1];
    assert!(matches!(consortium.submit(large).await, Err(SubmitError::TooLarge { .. })));
    consortium.submit(*b"set taken 1").await.expect("accepted");
    let second = consortium.submit(*b"once taken").await.expect("final");
    assert_eq!((second.receipt.accepted, second.receipt.code.as_str()), (false, "taken"));
    let value = consortium.query(b"taken").expect("reads").expect("runs").value;
    assert_eq!(value.as_deref(), Some(b"1".as_slice()), "a refused transaction writes nothing");
    let big = consortium.submit(*b"big").await.expect("final");
    assert_eq!(big.receipt.code, galen_ledger::receipt_codes::OVERSIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn t52_the_consortium_goes_on_without_one_member_which_catches_up_later() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let away = MemberIndex::new(2);
    consortium.submit(*b"set before 1").await.expect("accepted");
    consortium.stop_member(away).await;
    let mut last = Height::new(0);
    for round in 0..6 {
        last = consortium.submit(format!("set during {round}").into_bytes()).await.expect("goes on").height;
    }
    consortium.start_member(away).expect("starts again");
    let node = consortium.node(away).expect("runs");
    tokio::time::timeout(Duration::from_secs(20), node.reached(last)).await.expect("in time").expect("runs");
    let value = node.read(|state, _| state.get(b"during")).expect("reads");
    assert_eq!(value.as_deref(), Some(b"5".as_slice()));
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t52_no_progress_without_a_quorum() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    consortium.stop_member(MemberIndex::new(0)).await;
    consortium.stop_member(MemberIndex::new(1)).await;
    let submission = tokio::time::timeout(Duration::from_secs(2), consortium.submit(*b"set a 1")).await;
    assert!(submission.is_err(), "two of four are no quorum");
    consortium.start_member(MemberIndex::new(0)).expect("starts");
    let submission = tokio::time::timeout(Duration::from_secs(30), consortium.submit(*b"set a 1")).await;
    assert!(submission.expect("in time").expect("final").receipt.accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_state_is_there_after_stopping_and_starting_and_is_rebuilt_when_it_is_lost() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    for round in 0..5 {
        consortium.submit(format!("set a {round}").into_bytes()).await.expect("accepted");
    }
    consortium.settled(consortium.height()).await.expect("settles");
    let before = consortium.nodes()[0].position();
    consortium.stop().await;
    drop(consortium);
    std::fs::remove_dir_all(dir.path().join("member-0/state")).expect("removes");
    let again = start(dir.path());
    for node in again.nodes() {
        assert_eq!(node.position(), before);
    }
    let receipt = again.nodes()[0].receipt(&TxHash::of(b"set a 3")).expect("reads").expect("known");
    assert_eq!(receipt.receipt.events[0].kind, "set");
    assert!(again.submit(*b"set a 99").await.expect("accepted").height > before.height);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_pass_on_demand_and_while_the_application_waits_and_rest_otherwise() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let reached = consortium.advance(20).await.expect("advances");
    assert!(reached >= Height::new(20));
    let mut blocks = consortium.subscribe().expect("runs");
    consortium.submit(*b"wait 10").await.expect("accepted");
    let lapsed = async {
        loop {
            let block = blocks.recv().await.expect("follows");
            if block.result.end.iter().any(|event| event.kind == "lapsed") {
                return block;
            }
        }
    };
    let block = tokio::time::timeout(Duration::from_secs(20), lapsed).await.expect("in time");
    assert!(block.height() >= Height::new(30));
    let beacon = consortium.query(b"beacon").expect("reads").expect("runs").value;
    assert!(beacon.is_some(), "rounds of the beacon took place");
}

fn short_cycles(settings: &mut ConsortiumSettings) {
    settings.parameters.cycle_blocks = 9;
    settings.parameters.beacon_interval = 9;
}

#[tokio::test(flavor = "multi_thread")]
async fn cycles_pass_and_survive_stopping_at_any_block() {
    let dir = tempfile::tempdir().expect("dir");
    let mut expected = 0;
    for _ in 0..5 {
        let consortium = start_with(dir.path(), short_cycles);
        let height = consortium.advance(5).await.expect("advances");
        expected = height.get();
        consortium.submit(format!("set h {height}").into_bytes()).await.expect("accepted");
        consortium.stop().await;
    }
    let consortium = start_with(dir.path(), short_cycles);
    let schedule = consortium.genesis().schedule();
    let node = &consortium.nodes()[0];
    assert!(node.height().get() >= expected);
    assert_eq!(node.committee().cycle(), schedule.cycle(node.height().next()));
    let path = dir.path().join("chain");
    let height = consortium.export(&path).await.expect("exports");
    let chain = galen_ledger::verify_chain_file(&path, Some(consortium.genesis().chain_id()), |_, _| {
        Ok(Registers::new())
    });
    let chain = chain.expect("verifies");
    assert_eq!(chain.report().cycle, schedule.cycle(height.next()));
    assert!(chain.report().cycle.get() >= 2);
    consortium.settled(height).await.expect("settles");
    // The receipts of a cycle's last block, which its certificate vouches for, name the next committee.
    for cycle in (1..chain.report().cycle.get()).map(galen_ledger::types::Cycle::new) {
        let last = schedule.last(galen_ledger::types::Cycle::new(cycle.get() - 1));
        let result = node.result(last).expect("reads").expect("is there");
        let event = result.begin.iter().find(|event| event.kind == "ledger.cycle").expect("a cycle begins");
        let committee = node.committee_of(cycle).expect("reads").expect("it has begun");
        assert_eq!(event.attributes["committee"], committee.hash().to_string());
    }
    let there = consortium.nodes().into_iter().find(|node| node.height() == height);
    if let Some(node) = there {
        assert_eq!(*chain.committee(), *node.committee(), "the election, recomputed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beacon_comes_soon_while_the_application_waits_and_export_recomputes_it() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    consortium.submit(*b"wait 40").await.expect("accepted");
    consortium.settled(Height::new(40)).await.expect("settles");
    let node = &consortium.nodes()[0];
    let output = node.beacon().expect("reads").expect("there was one");
    let rounds = 40 / consortium.genesis().parameters.beacon_interval;
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let chain = galen_ledger::verify_chain_file(&path, None, |_, _| Ok(Registers::new())).expect("verifies");
    println!("{} outputs in {rounds} rounds, the last in block {}", chain.report().beacons, output.height);
    assert!(chain.report().beacons as u64 + 2 >= rounds, "{} of {rounds}", chain.report().beacons);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_members_key_is_refused_and_what_to_do_is_said() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    consortium.stop().await;
    drop(consortium);
    let one = std::fs::read(dir.path().join("member-1/key")).expect("reads");
    std::fs::write(dir.path().join("member-2/key"), one).expect("writes");
    let error = Consortium::start(settings_of(dir.path()), |_, _| Registers::new()).err().expect("refused");
    assert!(error.to_string().contains("the key is not that of member 2 in cycle 0"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_admitted_while_the_consortium_runs_and_another_removed() {
    use galen_ledger::chain::{Action, Candidate, Change, SignedChange};
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    let chain_id = consortium.genesis().chain_id();
    let key = galen_ledger::crypto::SecretKey::from_bytes(&[99; 32]);
    consortium.advance(3).await.expect("advances");
    let joined = consortium.join(&key).expect("joins");
    let approve = |nonce, action, approvers: &[u16]| {
        let last = galen_ledger::types::Cycle::new(9);
        let change = Change { chain_id, last, nonce, action };
        let approvals = approvers.iter().map(|index| {
            let member = MemberIndex::new(*index);
            change.approve(member, &consortium.key(member).expect("of this process"))
        });
        SignedChange::new(change.clone(), approvals.collect::<Vec<_>>())
    };
    let candidate = Candidate::new("late", &key, Some(&chain_id));
    let admit = approve(1, Action::Admit { member: joined, candidate }, &[0, 1, 2]);
    let few = approve(1, Action::Remove(MemberIndex::new(0)), &[0, 1]);
    let nodes = consortium.nodes();
    assert!(nodes[0].change(few).await.is_err());
    nodes[0].change(admit).await.expect("approved");
    consortium.advance(10).await.expect("advances");
    assert!(nodes[0].committee().contains(joined), "{:?}", nodes[0].committee());
    let remove = approve(2, Action::Remove(MemberIndex::new(0)), &[1, 2, 3, 4]);
    nodes[1].change(remove).await.expect("approved");
    consortium.advance(10).await.expect("advances");
    assert_eq!(nodes[1].committee().members().map(MemberIndex::get).collect::<Vec<_>>(), [1, 2, 3, 4]);
    // The one that left still follows, and takes what its clients submit.
    let submitted = nodes[0].submit(*b"set from outside").await.expect("ordered by the others");
    assert!(submitted.receipt.accepted);
    consortium.stop().await;
    drop((nodes, consortium));
    let again = start_with(dir.path(), short_cycles);
    assert_eq!(again.nodes().len(), 5);
    again.submit(*b"set still here").await.expect("goes on");
}

fn settings_of(dir: &std::path::Path) -> ConsortiumSettings {
    ConsortiumSettings::new(dir, b"config".to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_a_folder() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let second =
        Consortium::start(ConsortiumSettings::new(dir.path(), b"config".to_vec()), |_, _| Registers::new());
    assert!(matches!(second, Err(ConsortiumError::Lock(_))));
    consortium.stop().await;
    drop(consortium);
    let other =
        Consortium::start(ConsortiumSettings::new(dir.path(), b"other".to_vec()), |_, _| Registers::new());
    assert!(matches!(other, Err(ConsortiumError::OtherGenesis { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_member_says_so() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let node = consortium.node(MemberIndex::new(1)).expect("runs");
    consortium.stop_member(MemberIndex::new(1)).await;
    assert!(matches!(&*node.status().borrow(), NodeStatus::Stopped(_)));
    assert!(matches!(node.submit(*b"set a 1").await, Err(SubmitError::Stopped(_))));
}

/// Not a claim but a measurement: `cargo test -p galen-ledger --release -- --ignored --nocapture throughput`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn throughput() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = Arc::new(start(dir.path()));
    let begun = std::time::Instant::now();
    consortium.advance(500).await.expect("advances");
    println!("empty blocks: {:?} each", begun.elapsed() / 500);
    let begun = std::time::Instant::now();
    let sequential = 200u32;
    for round in 0..sequential {
        consortium.submit(format!("set s {round}").into_bytes()).await.expect("accepted");
    }
    println!("submit to final, one at a time: {:?}", begun.elapsed() / sequential);
    let begun = std::time::Instant::now();
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let consortium = Arc::clone(&consortium);
            tokio::spawn(async move {
                for round in 0..50 {
                    let tx = format!("set c{client} {round}").into_bytes();
                    consortium.submit(tx).await.expect("accepted");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("joins");
    }
    println!("64 clients: {:.0} transactions a second", 3200.0 / begun.elapsed().as_secs_f64());
}
