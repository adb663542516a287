//! Blobs between members, each with a store of its own.

use std::{path::Path, sync::Arc, time::Duration};

use galen_ledger::{
    Application, BlobError, BlobHash, BlobStores, Blobs, Consortium, ConsortiumSettings, MemberIndex,
    MemberLinks, MemoryBlobs, Node, NodeSettings, Staging, StagingLimits, Submitted, TxHash,
    blobs::{Draft, Part},
    codec::Encode,
    consensus::{Message, Timing},
    node::MemoryLinks,
    types::Height,
};
use tokio::time::timeout;

use crate::{app::Registers, links::LONG, rules::world};

const TIMING: Timing = Timing { delta: Duration::from_millis(300), max_delta: Duration::from_secs(4) };

fn start(dir: &Path) -> Consortium {
    let mut settings = ConsortiumSettings::new(dir, b"config".to_vec());
    settings.timing = TIMING;
    settings.idle_interval = Duration::from_millis(20);
    settings.links = MemberLinks::Tls;
    settings.stores = BlobStores::Separate;
    Consortium::start(settings, |_, blobs| Registers::with_blobs(blobs)).expect("starts")
}

fn member(number: u16) -> MemberIndex {
    MemberIndex::new(number)
}

/// Bytes that no two chunks have in common.
fn ciphertext(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(b"ciphertext").finalize_xof().fill(&mut bytes);
    bytes
}

fn keep(blob: &BlobHash) -> Vec<u8> {
    format!("keep {blob}").into_bytes()
}

async fn submit(node: &Node, tx: Vec<u8>) -> Submitted {
    timeout(LONG, node.submit(tx)).await.expect("in time").expect("final")
}

/// Waits until a store has the very bytes.
async fn until_there(blobs: &dyn Blobs, expected: &[u8]) {
    let (hash, mut look) = (BlobHash::of(expected), tokio::time::interval(Duration::from_millis(20)));
    let there = async {
        while !blobs.has(&hash).expect("reads") {
            look.tick().await;
        }
    };
    timeout(LONG, there).await.expect("it comes");
    assert!(blobs.get(&hash).expect("reads").as_deref() == Some(expected), "the very bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_given_to_one_member_is_with_all_of_them_when_its_transaction_is_final() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let bytes = ciphertext(5 * 1024 * 1024 + 17);
    let blob = consortium.blobs_of(member(1)).expect("opens").store(&bytes).expect("stores");
    let submitted = submit(&consortium.node(member(1)).expect("runs"), keep(&blob)).await;
    assert!(submitted.receipt.accepted);
    for number in 0..4 {
        until_there(consortium.blobs_of(member(number)).expect("opens").as_ref(), &bytes).await;
        assert!(dir.path().join(format!("member-{number}/blobs/{blob}")).exists(), "in its own folder");
    }
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let audit = galen_ledger::verify_chain_file(&path, None, |_, blobs| Ok(Registers::with_blobs(blobs)));
    assert_eq!(audit.expect("verifies").report().blobs, 1);
    timeout(LONG, consortium.stop()).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_a_member_that_sends_other_bytes_is_passed_over() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let bytes = ciphertext(1024 * 1024);
    let blob = BlobHash::of(&bytes);
    for number in [0, 1] {
        consortium.blobs_of(member(number)).expect("opens").store(&bytes).expect("stores");
    }
    let path = dir.path().join(format!("member-0/blobs/{blob}"));
    let mut other = bytes.clone();
    other[700_000] ^= 1;
    std::fs::write(path, other).expect("writes");
    let submitted = submit(&consortium.node(member(0)).expect("runs"), keep(&blob)).await;
    assert!(submitted.receipt.accepted);
    for number in 1..4 {
        until_there(consortium.blobs_of(member(number)).expect("opens").as_ref(), &bytes).await;
    }
    timeout(LONG, consortium.stop()).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_away_gets_what_final_blocks_name_also_after_losing_it() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let away = member(3);
    timeout(LONG, consortium.stop_member(away)).await.expect("stops");
    let bytes = [ciphertext(700_000), ciphertext(10), Vec::new()];
    let node = consortium.node(member(0)).expect("runs");
    let mut last = Height::new(0);
    for bytes in &bytes {
        let blob = consortium.blobs().store(bytes).expect("stores");
        last = submit(&node, keep(&blob)).await.height;
    }
    for round in 0..2 {
        consortium.start_member(away).expect("starts again");
        timeout(LONG, consortium.node(away).expect("runs").reached(last))
            .await
            .expect("in time")
            .expect("runs");
        for bytes in &bytes {
            until_there(consortium.blobs_of(away).expect("opens").as_ref(), bytes).await;
        }
        let home = dir.path().join("member-3");
        // It writes down that it has all of them a little after the last has arrived.
        let remembered = async {
            let complete = || std::fs::read_to_string(home.join("blobs_complete")).unwrap_or_default();
            while complete().trim().parse::<u64>().map_or(true, |height| height < last.get()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, remembered).await.unwrap_or_else(|_| panic!("round {round}: it does not remember"));
        timeout(LONG, consortium.stop_member(away)).await.expect("stops");
        std::fs::remove_file(home.join("blobs_complete")).expect("removes");
        std::fs::remove_file(home.join("blobs").join(BlobHash::of(&bytes[0]).to_string())).expect("removes");
    }
    timeout(LONG, consortium.stop()).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_what_strangers_hand_in_is_kept_once_a_good_transaction_names_it_and_goes_otherwise() {
    let dir = tempfile::tempdir().expect("dir");
    // Whatever still waits at a sweep is removed.
    let limits = StagingLimits { bytes: 1 << 20, age: Duration::ZERO };
    let staging = Staging::open(dir.path().join("handed-in"), limits).expect("opens");
    let others: Vec<Arc<dyn Blobs>> =
        (1..4).map(|_| Arc::new(MemoryBlobs::new()) as Arc<dyn Blobs>).collect();
    let mut stores = vec![(staging.checks(), staging.node())];
    stores.extend(others.iter().map(|store| (Arc::clone(store), Arc::clone(store))));
    let (_links, nodes) = members_with(dir.path(), stores, 0);
    let gateway = staging.gateway();

    let unnamed = gateway.store(b"nobody names this").expect("room");
    assert!(nodes[0].check(&keep(&unnamed)).is_ok(), "it is here");
    assert_eq!(staging.waiting_bytes(), 17, "a check keeps nothing");
    staging.sweep();
    assert!(nodes[0].check(&keep(&unnamed)).is_err(), "it is not any more");

    let bytes = ciphertext(300_000);
    let blob = gateway.store(&bytes).expect("room");
    assert!(!gateway.has(&blob).expect("reads"), "nobody can fetch it yet");
    let submitted = submit(&nodes[0], keep(&blob)).await;
    assert!(submitted.receipt.accepted);
    assert_eq!(staging.waiting_bytes(), 0);
    staging.sweep();
    until_there(gateway.as_ref(), &bytes).await;
    for store in &others {
        until_there(store.as_ref(), &bytes).await;
    }
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}

/// Says that it has everything, and gives nothing.
struct Withholding;

impl Blobs for Withholding {
    fn put(&self, _: &BlobHash, _: &[u8]) -> Result<(), BlobError> {
        Ok(())
    }

    fn get(&self, _: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        Ok(None)
    }

    fn has(&self, _: &BlobHash) -> Result<bool, BlobError> {
        Ok(true)
    }

    fn read(&self, _: &BlobHash, _: u64, _: usize) -> Result<Option<Part>, BlobError> {
        Ok(None)
    }

    fn draft(&self) -> Result<Box<dyn Draft>, BlobError> {
        MemoryBlobs::new().draft()
    }
}

/// Members linked in memory, each with the store given. The first of them are left out.
fn members(dir: &Path, stores: Vec<Arc<dyn Blobs>>, first: u16) -> (MemoryLinks, Vec<Node>) {
    members_with(dir, stores.into_iter().map(|store| (Arc::clone(&store), store)), first)
}

/// The same, each with what its application sees of its store, and its node.
fn members_with(
    dir: &Path,
    stores: impl IntoIterator<Item = (Arc<dyn Blobs>, Arc<dyn Blobs>)>,
    first: u16,
) -> (MemoryLinks, Vec<Node>) {
    let ((genesis, keys), links) = (world(4), MemoryLinks::new());
    let nodes = (first..).zip(stores).map(|(number, (checks, store))| {
        let (me, home) = (member(number), dir.join(format!("member-{number}")));
        let mut settings = NodeSettings::new(home, Arc::clone(&genesis), me, keys[me.at()].clone());
        settings.timing = TIMING;
        let app: Arc<dyn Application> = Registers::with_blobs(checks);
        let node = Node::start(settings, app, store, Box::new(links.of(me))).expect("starts");
        links.connect(me, Some(node.inbox()));
        node
    });
    let nodes = nodes.collect();
    (links, nodes)
}

#[tokio::test(flavor = "multi_thread")]
async fn t50_a_leader_that_proposes_what_nobody_can_get_loses_its_views_and_the_chain_goes_on() {
    let dir = tempfile::tempdir().expect("dir");
    let mut stores: Vec<Arc<dyn Blobs>> = vec![Arc::new(Withholding)];
    stores.extend((1..4).map(|_| Arc::new(MemoryBlobs::new()) as Arc<dyn Blobs>));
    let (_links, nodes) = members(dir.path(), stores, 0);
    let blob = BlobHash::of(b"withheld");
    let withholder = nodes[0].clone();
    let withheld = tokio::spawn(async move { withholder.submit(keep(&blob)).await });
    for round in 0.. {
        let submitted = submit(&nodes[1], format!("set a {round}").into_bytes()).await;
        assert!(submitted.receipt.accepted);
        let position = nodes[1].position();
        // It authors itself what no other member can, and has lost two views over it.
        if position.view.get() > position.height.get() + 1 {
            break;
        }
    }
    for node in &nodes {
        assert!(node.receipt(&TxHash::of(&keep(&blob))).expect("reads").is_none());
    }
    assert!(!withheld.is_finished());
    withheld.abort();
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_a_member_that_names_blobs_which_nobody_has_delays_no_others() {
    let dir = tempfile::tempdir().expect("dir");
    let stores = (1..4).map(|_| Arc::new(MemoryBlobs::new()) as Arc<dyn Blobs>).collect::<Vec<_>>();
    let (links, nodes) = members(dir.path(), stores.clone(), 1);
    links.connect(member(0), None);
    for number in 0..2000u32 {
        let tx = keep(&BlobHash::of(&number.to_le_bytes()));
        for node in &nodes {
            node.inbox().deliver(member(0), &Message::Tx(tx.clone().into()).to_bytes().into());
        }
    }
    let bytes = ciphertext(2 * 1024 * 1024);
    let blob = stores[1].store(&bytes).expect("stores");
    let submitted = timeout(Duration::from_secs(25), submit(&nodes[1], keep(&blob))).await;
    assert!(submitted.expect("before the junk is given up").receipt.accepted);
    for store in &stores {
        until_there(store.as_ref(), &bytes).await;
    }
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}
