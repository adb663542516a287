//! Snapshots: a node begins with one instead of the history, and everything that must not get in with one (T58).

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use galen_ledger::{
    Application, BlobHash, Blobs, Consortium, ConsortiumError, Height, LightFault, MemberIndex, MemberLinks,
    MemoryBlobs, Node, SnapshotFault,
    beacon::BeaconMessage,
    chain::{Genesis, Upkeep},
    codec::{Decode, Encode},
    consensus::{Committed, Message, Record},
    consortium::ConsortiumSettings,
    execution::{Executor, MemoryStore, Store, StoreError, store::StoreEntries},
    node::{ReadError, StartError, SubmitError},
    snapshot::{Chunk, Manifest, Shelf, Snapshot, read_file, write_file},
    state::overlay::Writes,
    storage::{FileStorage, FinalRecord, Journal, JournalError, SignFile},
};
use tokio::time::timeout;

use crate::{app::Registers, consortium::start_with};

/// Long enough for a round in which everybody's dealing finds a block.
const CYCLE: u64 = 12;
const LONG: Duration = Duration::from_secs(300);

fn short_cycles(settings: &mut ConsortiumSettings) {
    settings.parameters.cycle_blocks = CYCLE;
    settings.parameters.beacon_interval = CYCLE;
}

fn member(number: u16) -> MemberIndex {
    MemberIndex::new(number)
}

/// A snapshot that a running node will have written.
async fn written(home: &Path, height: Height) -> Snapshot {
    let (shelf, mut look) = (Shelf::at(home), tokio::time::interval(Duration::from_millis(20)));
    let there = async {
        while !shelf.heights().expect("reads").contains(&height) {
            look.tick().await;
        }
    };
    timeout(LONG, there).await.expect("it is written");
    shelf.load(height).expect("reads")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("makes");
    for entry in std::fs::read_dir(from).expect("lists") {
        let path = entry.expect("lists").path();
        std::fs::copy(&path, to.join(path.file_name().expect("named"))).expect("copies");
    }
}

/// Removes the chain from a member's home. What it has signed stays.
fn forget(home: &Path) {
    for entry in std::fs::read_dir(home.join("log")).expect("lists") {
        let path = entry.expect("lists").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-")) {
            std::fs::remove_file(path).expect("removes");
        }
    }
    for folder in ["state", "snapshots"] {
        std::fs::remove_dir_all(home.join(folder)).expect("removes");
    }
}

/// A snapshot in several chunks, of a chain with a few large values.
struct Taken {
    genesis: Genesis,
    manifest: Manifest,
    chunks: Vec<Vec<u8>>,
}

impl Taken {
    fn of(snapshot: &Snapshot, genesis: &Genesis) -> Self {
        let manifest = snapshot.manifest.clone();
        let chunks = (0..manifest.chunks.len()).map(|index| snapshot.chunk(index).expect("reads")).collect();
        Self { genesis: genesis.clone(), manifest, chunks }
    }

    /// A snapshot of other chunks, by their true names, or of another manifest.
    fn with(&self, chunks: &[Vec<u8>], change: impl FnOnce(&mut Manifest)) -> Snapshot {
        let blobs = MemoryBlobs::new();
        let names = chunks.iter().map(|chunk| blobs.store(chunk).expect("keeps")).collect();
        let mut manifest = Manifest { chunks: names, ..self.manifest.clone() };
        change(&mut manifest);
        Snapshot { manifest, chunks: Arc::new(blobs) }
    }

    fn verify(&self, chunks: &[Vec<u8>]) -> Result<(), SnapshotFault> {
        self.with(chunks, |_| {}).verify(&self.genesis)
    }

    /// With the entries of one chunk changed.
    fn edited(&self, index: usize, edit: impl FnOnce(&mut Chunk)) -> Vec<Vec<u8>> {
        let mut chunks = self.chunks.clone();
        let mut chunk = Chunk::from_bytes(&chunks[index]).expect("decodes");
        edit(&mut chunk);
        chunks[index] = chunk.to_bytes();
        chunks
    }
}

async fn taken() -> Taken {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    for number in 0..14 {
        let value = number.to_string().repeat(200_000 / number.to_string().len());
        consortium.submit(format!("set large-{number} {value}").into_bytes()).await.expect("accepted");
    }
    consortium.submit(*b"set a 1").await.expect("accepted");
    let height = Height::new(consortium.height().get().div_ceil(CYCLE) * CYCLE);
    consortium.advance(2 * CYCLE).await.expect("advances");
    let snapshot = written(&dir.path().join("member-0"), height).await;
    let taken = Taken::of(&snapshot, consortium.genesis());
    let other = written(&dir.path().join("member-1"), height).await;
    assert_eq!(other.manifest.chunks, taken.manifest.chunks, "all members write the same chunks");
    consortium.stop().await;
    assert!(taken.chunks.len() >= 3, "{} chunks", taken.chunks.len());
    taken
}

/// The affairs of the beacon in a block that come from a member.
fn deals(node_block: &galen_ledger::chain::Block, of: MemberIndex) -> bool {
    node_block.upkeep.iter().any(|item| match item {
        Upkeep::Beacon(BeaconMessage::Commit(signed)) => signed.dealer == of,
        _ => false,
    })
}

/// All running members have the same block with the same outcome at a height.
async fn same_at(consortium: &Consortium, height: Height) {
    let mut seen = Vec::new();
    for node in consortium.nodes() {
        let (_, record) = node.block(height).await.expect("reads").expect("there");
        seen.push((record.block, record.outcome));
    }
    assert!(seen.len() >= 3 && seen.iter().all(|of| *of == seen[0]), "{seen:?}");
}

async fn deals_between(node: &Node, from: Height, to: Height, of: MemberIndex) -> bool {
    for height in (from.get()..=to.get()).map(Height::new) {
        let (block, _) = node.block(height).await.expect("reads").expect("there");
        if deals(&block, of) {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_begins_with_a_snapshot_votes_deals_and_has_the_same_state_for_cycles() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    let (away, home) = (member(3), dir.path().join("member-3"));
    consortium.submit(*b"set a 1").await.expect("accepted");
    consortium.advance(2 * CYCLE).await.expect("advances");
    let height = Height::new(consortium.height().get() / CYCLE * CYCLE);
    written(&dir.path().join("member-0"), height).await;
    consortium.stop_member(away).await;
    forget(&home);
    let place = |home: &Path| home.join("snapshots").join(height.to_string());
    copy(&place(&dir.path().join("member-0")), &place(&home));
    Shelf::at(&home).mark(height).expect("writes");
    consortium.start_member(away).expect("starts");
    let node = consortium.node(away).expect("runs");
    assert!(node.height() >= height, "{}", node.height());
    assert_eq!(Shelf::at(&home).marked().expect("reads"), None, "it is done");
    let value = node.read(|state, _| state.get(b"a")).expect("reads");
    assert_eq!(value.as_deref(), Some(b"1".as_slice()));
    // It is needed now: three of four.
    consortium.stop_member(member(1)).await;
    let from = consortium.height().next();
    let to = consortium.advance(3 * CYCLE).await.expect("advances");
    same_at(&consortium, to).await;
    assert!(deals_between(&node, from, to, away).await, "it deals");
    let standing = node.standing(away).expect("reads").expect("a member");
    assert_eq!(Some(standing), consortium.nodes()[0].standing(away).expect("reads"));

    // What was before is not here, and it says so.
    let before = timeout(LONG, node.submit(*b"set a 1")).await.expect("answers");
    assert!(matches!(before, Err(SubmitError::BeforeBase { .. })), "{before:?}");
    let read = node.block(Height::new(1)).await;
    assert!(
        matches!(read, Err(ReadError::Journal(JournalError::BeforeBase { base, .. })) if base == height),
        "{read:?}"
    );
    let export =
        galen_ledger::export::export(&node, consortium.blobs().as_ref(), &dir.path().join("chain")).await;
    assert!(export.expect_err("refused").to_string().contains("went on with a snapshot"));
    // Its own snapshots and light proofs are as good as any.
    written(&home, Height::new(to.get() / CYCLE * CYCLE))
        .await
        .verify(consortium.genesis())
        .expect("verifies");
    let proof = node.light_proof(&[b"a".to_vec()]).expect("reads").expect("there");
    let trust = galen_ledger::light::Trust::Genesis(consortium.genesis());
    assert!(proof.verify(trust).is_ok());

    // Its state is lost: it is built again from the snapshot and the log; with the snapshots lost too it says what to do.
    drop(node);
    consortium.stop().await;
    std::fs::remove_dir_all(home.join("state")).expect("removes");
    consortium.start_member(away).expect("starts");
    let again = consortium.node(away).expect("runs");
    assert!(again.height() >= to, "{}", again.height());
    let value = again.read(|state, _| state.get(b"a")).expect("reads");
    assert_eq!(value.as_deref(), Some(b"1".as_slice()));
    drop(again);
    consortium.stop_member(away).await;
    for folder in ["state", "snapshots"] {
        std::fs::remove_dir_all(home.join(folder)).expect("removes");
    }
    let refused = consortium.start_member(away);
    let expected = |source: &StartError| matches!(source, StartError::NoSnapshot { base } if *base == height);
    assert!(
        matches!(&refused, Err(ConsortiumError::Member { source, .. }) if expected(source)),
        "{refused:?}"
    );
}

/// A crash may leave a node with a snapshot, its own or another's, that is newer than its log.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_leaves_its_history_for_no_snapshot_that_it_was_not_told_to_go_on_with() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), short_cycles);
    let (away, home) = (member(3), dir.path().join("member-3"));
    consortium.submit(*b"set a 1").await.expect("accepted");
    consortium.stop_member(away).await;
    consortium.advance(2 * CYCLE).await.expect("advances");
    let height = Height::new(consortium.height().get() / CYCLE * CYCLE);
    written(&dir.path().join("member-0"), height).await;
    copy(&shelf_of(dir.path(), 0, height), &shelf_of(dir.path(), 3, height));
    // Nor for one that was removed since.
    for told in [None, Some(Height::new(height.get() + CYCLE))] {
        told.into_iter().for_each(|height| Shelf::at(&home).mark(height).expect("writes"));
        consortium.start_member(away).expect("starts");
        let node = consortium.node(away).expect("runs");
        let there = consortium.height();
        timeout(LONG, node.reached(there)).await.expect("in time").expect("runs");
        for height in [Height::new(1), height] {
            assert!(matches!(node.block(height).await, Ok(Some(_))), "block {height}");
        }
        assert_eq!(Shelf::at(&home).marked().expect("reads"), None);
        drop(node);
        consortium.stop_member(away).await;
    }
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_a_chunk_that_does_not_belong_to_the_state_is_refused_with_its_number() {
    let taken = taken().await;
    taken.verify(&taken.chunks).expect("verifies");
    let last = taken.chunks.len() - 1;
    let chunk_fault = |result: Result<(), SnapshotFault>, expected: usize| {
        assert!(
            matches!(&result, Err(SnapshotFault::Chunk { index, .. }) if *index == expected),
            "{expected}: {result:?}"
        );
    };
    for index in 0..=last {
        let entries = Chunk::from_bytes(&taken.chunks[index]).expect("decodes").entries.len();
        for entry in [0, entries / 2, entries - 1] {
            chunk_fault(taken.verify(&taken.edited(index, |chunk| chunk.entries[entry].1.push(0))), index);
            chunk_fault(taken.verify(&taken.edited(index, |chunk| chunk.entries[entry].0.push(0))), index);
            chunk_fault(taken.verify(&taken.edited(index, |chunk| drop(chunk.entries.remove(entry)))), index);
        }
        if entries > 1 {
            chunk_fault(taken.verify(&taken.edited(index, |chunk| chunk.entries.swap(0, 1))), index);
        }
        chunk_fault(taken.verify(&taken.edited(index, |chunk| chunk.right.push(0))), index);
        let mut without = taken.chunks.clone();
        without.remove(index);
        if index < last {
            chunk_fault(taken.verify(&without), index);
        } else {
            let cut = taken.verify(&without);
            assert!(
                matches!(cut, Err(SnapshotFault::Incomplete { chunks, .. }) if chunks == last),
                "{cut:?}"
            );
        }
        let mut twice = taken.chunks.clone();
        twice.insert(index, taken.chunks[index].clone());
        chunk_fault(taken.verify(&twice), index + 1);
        // The bytes under a name are not those that the name stands for.
        let missing = taken.with(&taken.chunks, |manifest| manifest.chunks[index] = BlobHash::of(b"other"));
        let missing = missing.verify(&taken.genesis);
        assert!(
            matches!(missing, Err(SnapshotFault::Missing { index: of, .. }) if of == index),
            "{missing:?}"
        );
    }
    let none = taken.verify(&[]);
    assert!(matches!(none, Err(SnapshotFault::NoChunks)), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_a_forged_manifest_and_another_chain_are_refused() {
    let taken = taken().await;
    let verify = |change: &dyn Fn(&mut Manifest)| {
        taken.with(&taken.chunks, |manifest| change(manifest)).verify(&taken.genesis)
    };
    let light = |result: Result<(), SnapshotFault>| match result {
        Err(SnapshotFault::Light(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let other = Genesis { name: "other".into(), ..taken.genesis.clone() };
    let stranger = light(taken.with(&taken.chunks, |_| {}).verify(&other));
    assert!(matches!(stranger, LightFault::OtherChain { .. }), "{stranger:?}");
    // A root of one's own under a certificate that was not for it; an older state as the newest; a step left out.
    let steps = taken.manifest.steps.len();
    let state = light(verify(&|manifest| {
        manifest.steps[steps - 1].last.outcome.app_hash = galen_ledger::AppHash::from_bytes([7; 32]);
    }));
    assert!(matches!(state, LightFault::Statement(_)), "{state:?}");
    let older = verify(&|manifest| drop(manifest.steps.pop()));
    assert!(matches!(older, Err(SnapshotFault::Chunk { index: 0, .. })), "{older:?}");
    let skipped = light(verify(&|manifest| drop(manifest.steps.remove(0))));
    assert!(matches!(skipped, LightFault::Cycle { .. }), "{skipped:?}");
    let none = verify(&|manifest| manifest.steps.clear());
    assert!(matches!(none, Err(SnapshotFault::NotAtEnd(_))), "{none:?}");
    // Every byte, under a digest that is right.
    let file = taken.manifest.to_file();
    let length = file.len() - 32;
    let same = |bytes: &[u8]| {
        let manifest = Manifest::from_file(bytes)?;
        taken.with(&taken.chunks, |of| *of = manifest).verify(&taken.genesis)
    };
    assert!(same(&file).is_ok());
    for at in 0..length {
        let mut damaged = file.clone();
        damaged[at] ^= 1;
        assert!(same(&damaged).is_err(), "byte {at} under the old digest");
        let digest = blake3::derive_key("galen ledger v1 snapshot manifest", &damaged[..length]);
        damaged[length..].copy_from_slice(&digest);
        assert!(same(&damaged).is_err(), "byte {at} of {length}");
    }
}

/// A store that fails after so many batches.
struct Failing {
    inner: Arc<MemoryStore>,
    left: AtomicUsize,
}

impl Failing {
    fn may(&self) -> Result<(), StoreError> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| StoreError::Io("the disk is full".into()))
    }
}

impl Store for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }
    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        self.inner.scan(start, end)
    }
    fn apply(&self, batch: Writes) -> Result<(), StoreError> {
        self.may()?;
        self.inner.apply(batch)
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.may()?;
        self.inner.clear()
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.may()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_broken_off_while_it_was_restored_counts_for_nothing() {
    let taken = taken().await;
    let snapshot = taken.with(&taken.chunks, |_| {});
    let position = snapshot.manifest.position().expect("there");
    let genesis = Arc::new(taken.genesis.clone());
    let app = || Registers::new() as Arc<dyn Application>;
    let mut steps = 0;
    loop {
        let inner = Arc::new(MemoryStore::new());
        // The genesis takes a clearing and a batch.
        let store = Arc::new(Failing { inner: Arc::clone(&inner), left: AtomicUsize::new(2 + steps) });
        let executor = Executor::open(app(), Arc::clone(&genesis), store).expect("opens");
        let installed = executor.install(&snapshot);
        drop(executor);
        let again = Executor::open(app(), Arc::clone(&genesis), inner).expect("opens");
        if installed.is_ok() {
            assert_eq!(again.tip(), position);
            assert_eq!(
                again.read(|state, _| state.get(b"a")).expect("reads").as_deref(),
                Some(b"1".as_slice())
            );
            break;
        }
        assert!(matches!(installed, Err(SnapshotFault::Store(_))), "{installed:?}");
        let whole = again.tip() == position;
        assert!(whole || again.tip().height == Height::new(0), "step {steps}: {:?}", again.tip());
        if !whole {
            again.install(&snapshot).expect("begins again");
            assert_eq!(again.tip(), position);
        }
        let proof = again.prove(b"a").expect("proves");
        assert_eq!(proof.verify(&position.outcome.app_hash, b"a"), Ok(()));
        steps += 1;
    }
    assert!(steps > taken.chunks.len(), "{steps} steps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_there_is_not_written_again_and_one_that_cannot_be_read_is() {
    let taken = taken().await;
    let dir = tempfile::tempdir().expect("dir");
    let (app, genesis) = (Registers::new() as Arc<dyn Application>, Arc::new(taken.genesis.clone()));
    let executor = Executor::open(app, genesis, Arc::new(MemoryStore::new())).expect("opens");
    executor.install(&taken.with(&taken.chunks, |_| {})).expect("installs");
    let shelf = Shelf::open(dir.path()).expect("opens");
    let write = || {
        let capture = executor.capture().expect("reads").expect("a cycle has ended");
        shelf.write(capture, &std::sync::atomic::AtomicBool::new(false)).expect("writes")
    };
    let place = shelf.folder().join(write().to_string());
    std::fs::write(place.join("as it was"), b"").expect("writes");
    write();
    assert!(place.join("as it was").exists(), "it was replaced");
    std::fs::write(place.join("manifest"), b"damaged").expect("writes");
    let height = write();
    assert!(!place.join("as it was").exists());
    shelf.load(height).expect("reads").verify(&taken.genesis).expect("verifies");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_travels_in_a_file_no_byte_of_which_can_be_changed() {
    let taken = taken().await;
    let dir = tempfile::tempdir().expect("dir");
    let (path, damaged) = (dir.path().join("snapshot"), dir.path().join("damaged"));
    write_file(&taken.with(&taken.chunks, |_| {}), &path).expect("writes");
    let shelf = Shelf::open(&dir.path().join("home")).expect("opens");
    let height = taken.manifest.height().expect("there");
    let bytes = std::fs::read(&path).expect("reads");
    let manifest = taken.manifest.to_file().len();
    // All of the beginning and of the end, and what lies between in steps.
    let between = (manifest..bytes.len()).step_by(40_009);
    for at in (0..64).chain(between).chain(bytes.len() - 40..bytes.len()) {
        let mut copy = bytes.clone();
        copy[at] ^= 1;
        std::fs::write(&damaged, copy).expect("writes");
        assert!(read_file(&damaged, &taken.genesis, &shelf).is_err(), "byte {at}");
    }
    for length in [0, 7, 9, 20, manifest + 10, bytes.len() - 33, bytes.len() - 1] {
        std::fs::write(&damaged, &bytes[..length]).expect("writes");
        assert!(read_file(&damaged, &taken.genesis, &shelf).is_err(), "{length} bytes");
    }
    std::fs::write(&damaged, [&bytes[..], &[0]].concat()).expect("writes");
    assert!(matches!(read_file(&damaged, &taken.genesis, &shelf), Err(SnapshotFault::Digest)));
    assert_eq!(shelf.heights().expect("reads"), [], "nothing of it has stayed");
    assert_eq!(read_file(&path, &taken.genesis, &shelf).expect("reads"), height);
    shelf.load(height).expect("there").verify(&taken.genesis).expect("verifies");
}

/// A running consortium of which nobody has the history any more, only a snapshot; member 3 has nothing at all and is
/// stopped. Gives the snapshot's height.
async fn without_history(dir: &Path) -> (Consortium, Height) {
    println!("in {}", dir.display());
    let adjust = |settings: &mut ConsortiumSettings| {
        short_cycles(settings);
        settings.links = MemberLinks::Tls;
        settings.snapshot_lag = Some(CYCLE);
    };
    let consortium = start_with(dir, adjust);
    let value = "x".repeat(200_000);
    for number in 0..7 {
        consortium
            .submit(format!("set large-{number} {number}{value}").into_bytes())
            .await
            .expect("accepted");
    }
    let now = consortium.height().get();
    let height = consortium.advance((now / CYCLE + 2) * CYCLE - now).await.expect("advances");
    for index in 0..4 {
        written(&home_of(dir, index), height).await;
    }
    consortium.stop().await;
    for index in 0..3 {
        lose_history(&home_of(dir, index), consortium.genesis(), height);
    }
    forget(&home_of(dir, 3));
    for index in 0..3 {
        consortium.start_member(member(index)).expect("starts");
    }
    // So far that the one without anything must look for a snapshot.
    let next = height.get() + CYCLE;
    timeout(LONG, consortium.advance(CYCLE + 2)).await.expect("in time").expect("advances");
    for index in 0..3 {
        written(&home_of(dir, index), Height::new(next)).await;
    }
    (consortium, height)
}

/// A member has nothing before the end of a cycle any more. What it has said since stays.
fn lose_history(home: &Path, genesis: &Arc<Genesis>, height: Height) {
    let storage = || Box::new(FileStorage::open(home.join("log")).expect("opens"));
    let (_, signed) = SignFile::open(storage()).expect("opens");
    let app = Registers::new() as Arc<dyn Application>;
    let executor = Executor::open(app, Arc::clone(genesis), Arc::new(MemoryStore::new())).expect("opens");
    let outcome = executor.genesis_outcome().expect("genesis");
    let (mut journal, _) = Journal::open(storage(), genesis, outcome, signed).expect("opens");
    let mut later = Vec::new();
    for height in (height.get() + 1..=journal.height().get()).map(Height::new) {
        later.push(journal.block(height).expect("reads").expect("there"));
    }
    let snapshot = Shelf::at(home).load(height).expect("reads");
    journal.rebase(snapshot.manifest.anchor().expect("there").clone()).expect("writes");
    for (block, FinalRecord { outcome, certificate, .. }) in later {
        let block = Arc::new(block);
        journal.persist(&Record::Block(Arc::clone(&block))).expect("writes");
        journal.finalize(&Committed { block, outcome, certificate }).expect("follows");
    }
    journal.sync().expect("writes");
}

fn home_of(dir: &Path, index: u16) -> PathBuf {
    dir.join(format!("member-{index}"))
}

fn shelf_of(dir: &Path, index: u16, height: Height) -> PathBuf {
    home_of(dir, index).join("snapshots").join(height.to_string())
}

/// Member 3 comes, and is needed for going on.
async fn comes_and_votes(consortium: &Consortium) {
    consortium.start_member(member(3)).expect("starts");
    let node = consortium.node(member(3)).expect("runs");
    let there = consortium.height();
    timeout(LONG, node.reached(there)).await.expect("in time").expect("runs");
    let began = node.block(Height::new(1)).await;
    assert!(matches!(began, Err(ReadError::Journal(JournalError::BeforeBase { .. }))), "{began:?}");
    consortium.stop_member(member(1)).await;
    let from = consortium.height().next();
    let to = timeout(LONG, consortium.advance(2 * CYCLE)).await.expect("in time").expect("advances");
    same_at(consortium, to).await;
    assert!(deals_between(&node, from, to, member(3)).await, "it deals");
    // It has written down where it began: a restart goes on from there.
    drop(node);
    consortium.stop_member(member(3)).await;
    consortium.start_member(member(3)).expect("starts again");
    let again = consortium.node(member(3)).expect("runs");
    assert!(again.height() >= to, "{}", again.height());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_far_behind_takes_a_snapshot_of_the_others_over_links_votes_and_deals() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, height) = without_history(dir.path()).await;
    comes_and_votes(&consortium).await;
    // Whoever asks for the block that the history begins with gets nothing, and stops nobody.
    let node = consortium.node(member(0)).expect("runs");
    let (first, _) = node.block(height.next()).await.expect("reads").expect("is there");
    let base = Message::Fetch(first.header.parent).to_bytes().into();
    node.inbox().deliver(member(1), &base);
    timeout(LONG, consortium.advance(2)).await.expect("in time").expect("advances");
    let there = consortium.height();
    timeout(LONG, node.reached(there)).await.expect("in time").expect("still runs");
    drop(node);
    consortium.stop().await;
}

/// Member 0 offers a state of its own under the true walk, and sends a chunk that is not what its name stands for; member
/// 1 offers a state under a certificate that was not for it. Both come before the honest one.
#[tokio::test(flavor = "multi_thread")]
async fn t58_those_who_offer_forged_snapshots_are_found_out_and_others_are_asked() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, _) = without_history(dir.path()).await;
    for index in 0..2 {
        let shelf = Shelf::at(&home_of(dir.path(), index));
        for height in shelf.heights().expect("reads") {
            let (snapshot, folder) =
                (shelf.load(height).expect("reads"), shelf_of(dir.path(), index, height));
            let mut manifest = snapshot.manifest.clone();
            if index == 0 {
                let last = manifest.chunks.len() - 1;
                let mut chunk = Chunk::from_bytes(&snapshot.chunk(last).expect("reads")).expect("decodes");
                chunk.entries[0].1.push(1);
                let bytes = chunk.to_bytes();
                manifest.chunks[last] = BlobHash::of(&bytes);
                std::fs::write(folder.join(manifest.chunks[last].to_string()), bytes).expect("writes");
                let damaged = folder.join(manifest.chunks[0].to_string());
                let mut bytes = std::fs::read(&damaged).expect("reads");
                bytes[100] ^= 1;
                std::fs::write(damaged, bytes).expect("writes");
            } else if let Some(step) = manifest.steps.last_mut() {
                step.last.outcome.app_hash = galen_ledger::AppHash::from_bytes([7; 32]);
            }
            let bytes = manifest.to_file();
            std::fs::write(folder.join(BlobHash::of(&bytes).to_string()), &bytes).expect("writes");
            std::fs::write(folder.join("manifest"), bytes).expect("writes");
        }
    }
    comes_and_votes(&consortium).await;
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_come_of_a_snapshot_before_a_crash_is_not_fetched_again() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, _) = without_history(dir.path()).await;
    // The newest chunks are in the folder of the one that crashed, and all but one of the others' are gone.
    let incoming = home_of(dir.path(), 3).join("snapshots/incoming");
    std::fs::create_dir_all(&incoming).expect("makes");
    for index in 0..3 {
        let shelf = Shelf::at(&home_of(dir.path(), index));
        for height in shelf.heights().expect("reads") {
            let chunks = shelf.load(height).expect("reads").manifest.chunks;
            for chunk in chunks.iter().skip(1) {
                let path = shelf_of(dir.path(), index, height).join(chunk.to_string());
                std::fs::copy(&path, incoming.join(chunk.to_string())).expect("copies");
                std::fs::remove_file(path).expect("removes");
            }
        }
    }
    comes_and_votes(&consortium).await;
    consortium.stop().await;
}
