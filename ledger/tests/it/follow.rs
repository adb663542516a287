//! A chain that is followed: what is believed, that nothing else is, and what a restart finds.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use galen_ledger::{
    Application, BlobHash, Blobs, BlockContext, Consortium, Event, FollowFault, Follower, Height,
    MemoryBlobs, Receipt, Refusal, StateRead, StateWrite, TxHash,
    application::AppError,
    chain::{Block, Certificate},
    execution::{MemoryStore, SledStore, Store, keys},
    follow::{Blame, Segment, SegmentDraft, SegmentFault, Stretch},
};

use crate::{
    app::Registers,
    consortium::{start, start_with},
};

type Certified = (Block, Option<Certificate>);

/// The blocks up to the newest, as a member has them.
async fn blocks(consortium: &Consortium) -> Vec<Certified> {
    let node = &consortium.nodes()[0];
    let mut blocks = Vec::new();
    for height in (1..=node.height().get()).map(Height::new) {
        let (block, record) = node.block(height).await.expect("reads").expect("is there");
        blocks.push((block, record.certificate));
    }
    blocks
}

fn segment(blocks: &[Certified]) -> Option<Vec<u8>> {
    let mut draft = SegmentDraft::new();
    blocks.iter().for_each(|(block, certificate)| draft.push(block, certificate.as_ref()));
    draft.finish()
}

fn open(consortium: &Consortium, store: Arc<dyn Store>, blobs: Arc<dyn Blobs>) -> Follower {
    let app = Registers::with_blobs(Arc::clone(&blobs));
    Follower::open(app, Arc::clone(consortium.genesis()), store, blobs).expect("opens")
}

fn fresh(consortium: &Consortium) -> Follower {
    open(consortium, Arc::new(MemoryStore::new()), Arc::clone(consortium.blobs()))
}

/// Follows a segment; gives the heights that became part of the chain.
fn follow(follower: &Follower, bytes: &[u8]) -> Result<Vec<u64>, FollowFault> {
    let mut heights = Vec::new();
    for stretch in Segment::decode(bytes)?.into_stretches() {
        let finals = follower.follow(&follower.vet(stretch)?)?;
        heights.extend(finals.iter().map(|block| block.height().get()));
    }
    Ok(heights)
}

async fn chain(dir: &Path) -> (Consortium, Vec<Certified>) {
    let consortium = start_with(dir, |settings| {
        settings.parameters.cycle_blocks = 6;
        settings.parameters.beacon_interval = 6;
    });
    let blob = consortium.blobs().store(b"ciphertext").expect("stores");
    for tx in ["set a 1".into(), "once a".into(), format!("keep {blob}"), "wait 12".into()] {
        consortium.submit(tx.into_bytes()).await.expect("final");
    }
    consortium.settled(Height::new(14)).await.expect("settles");
    let blocks = blocks(&consortium).await;
    (consortium, blocks)
}

fn certified(blocks: &[Certified]) -> usize {
    blocks.iter().rposition(|(_, certificate)| certificate.is_some()).expect("a certified block") + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_followed_in_segments_has_the_members_state_blocks_receipts_and_proofs() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, blocks) = chain(dir.path()).await;
    let follower = fresh(&consortium);
    let mut from = 0;
    for size in [1, 2, 3].into_iter().cycle() {
        let Some(bytes) = segment(&blocks[from..(from + size).min(blocks.len())]) else {
            // Not one certified block among so few.
            break;
        };
        from += follow(&follower, &bytes).expect("follows").len();
        if from >= certified(&blocks) {
            break;
        }
    }
    if from < certified(&blocks) {
        follow(&follower, &segment(&blocks[from..]).expect("certified")).expect("follows");
    }
    let tip = follower.position();
    let node = &consortium.nodes()[0];
    consortium.settled(tip.height).await.expect("settles");
    assert!(tip.height >= Height::new(12) && follower.committee().cycle().get() >= 2);
    let (there, _) = node.block(tip.height).await.expect("reads").expect("is there");
    assert_eq!(tip.block, there.hash());
    for (block, certificate) in &blocks[..tip.height.get() as usize] {
        let height = block.header.height;
        let (kept, proof) = follower.block(height).expect("reads").expect("kept");
        assert_eq!((&kept, &proof), (block, certificate));
        assert_eq!(follower.result(height).expect("reads"), node.result(height).expect("reads"));
    }
    assert!(follower.block(tip.height.next()).expect("reads").is_none());
    let tx = TxHash::of(b"once a");
    assert_eq!(follower.receipt(&tx).expect("reads"), node.receipt(&tx).expect("reads"));
    assert!(follower.receipt(&tx).expect("reads").is_some_and(|receipt| !receipt.receipt.accepted));
    assert_eq!(follower.read(|state, _| state.get(b"a")).expect("reads").as_deref(), Some(b"1".as_slice()));
    let proof = follower.query(b"a").expect("proves");
    assert_eq!(proof.verify(&tip.outcome.app_hash, b"a"), Ok(()));
    let light = follower.light_proof(&[b"a".to_vec()]).expect("reads").expect("certified");
    assert_eq!(light.anchor.header.height, tip.height);
    consortium.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_what_no_quorum_agreed_on_is_refused_by_its_fault_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, blocks) = chain(dir.path()).await;
    let follower = fresh(&consortium);
    let first = blocks.iter().position(|(_, certificate)| certificate.is_some()).expect("certified") + 1;
    follow(&follower, &segment(&blocks[..first]).expect("certified")).expect("follows");
    let (before, rest) = (follower.position(), &blocks[first..certified(&blocks)]);
    let refused = |change: &dyn Fn(&mut Vec<Certified>)| {
        let mut forged = rest.to_vec();
        change(&mut forged);
        let mut draft = Vec::new();
        (forged.len() as u64).to_le_bytes().iter().for_each(|byte| draft.push(*byte));
        for (block, certificate) in &forged {
            use galen_ledger::codec::Encode;
            let bytes = block.to_bytes();
            (bytes.len() as u32).encode(&mut draft);
            draft.extend(bytes);
            certificate.encode(&mut draft);
        }
        // Only what comes first: nothing before the forgery can become part of the chain.
        let fault = Segment::decode(&draft).map_err(FollowFault::from).and_then(|segment| {
            let stretch = segment.into_stretches().remove(0);
            follower.vet(stretch).map(|vetted| follower.follow(&vetted)).and_then(|followed| followed)
        });
        let fault = fault.expect_err("refused");
        assert_eq!(fault.blame(), Blame::Source, "{fault}");
        assert_eq!(follower.position(), before, "{fault}");
        assert!(follower.block(before.height.next()).expect("reads").is_none());
        fault
    };
    let ends = rest.iter().position(|(_, certificate)| certificate.is_some()).expect("certified");
    let changed = refused(&|blocks| blocks[0].0.txs.push(b"set a 3".to_vec()));
    assert!(matches!(changed, FollowFault::Block { .. }), "{changed}");
    let forged = refused(&|blocks| blocks[0].0.header.time_ms += 1);
    assert!(matches!(forged, FollowFault::Statement(_) | FollowFault::Link(_)), "{forged}");
    let reordered = refused(&|blocks| blocks.swap(0, 1));
    assert!(matches!(reordered, FollowFault::Link(_) | FollowFault::Block { .. }), "{reordered}");
    let skipped = refused(&|blocks| drop(blocks.remove(0)));
    assert!(matches!(skipped, FollowFault::Link(_) | FollowFault::Block { .. }), "{skipped}");
    let uncertified = refused(&|blocks| {
        blocks.truncate(ends + 1);
        blocks[ends].1 = None;
    });
    assert!(matches!(uncertified, FollowFault::Segment(SegmentFault::NotFinal(_))), "{uncertified}");
    let borrowed = refused(&|blocks| blocks[ends].1 = self::blocks_first(&rest[ends + 1..]));
    assert!(matches!(borrowed, FollowFault::Statement(_)), "{borrowed}");
    let thin = refused(&|blocks| {
        let whole = blocks[ends].1.take().expect("certified");
        let (turn, statement) = (whole.turn(), *whole.statement());
        let few = whole.into_signatures().into_iter().take(2);
        blocks[ends].1 = Some(Certificate::new(turn.cycle, statement, few));
    });
    assert!(matches!(thin, FollowFault::Certificate { .. }), "{thin}");
    let other = refused(&|blocks| {
        let whole = blocks[ends].1.take().expect("certified");
        let (turn, mut signatures) = (whole.turn(), whole.clone().into_signatures());
        let signature = signatures[0].1;
        signatures.iter_mut().for_each(|(_, of)| *of = signature);
        blocks[ends].1 = Some(Certificate::new(turn.cycle, *whole.statement(), signatures));
    });
    assert!(matches!(other, FollowFault::Certificate { .. }), "{other}");
    // Another chain's blocks, in order and well certified.
    let elsewhere = tempfile::tempdir().expect("dir");
    let another = start(elsewhere.path());
    another.submit(*b"set a 1").await.expect("final");
    let foreign = self::blocks(&another).await;
    let foreign = segment(&foreign).expect("certified");
    let genuine = fresh(&consortium);
    let fault = follow(&genuine, &foreign).expect_err("refused");
    assert!(matches!(fault, FollowFault::Block { .. }), "{fault}");
    // What was refused did not stay in the way of the truth.
    follow(&follower, &segment(rest).expect("certified")).expect("follows");
}

fn blocks_first(blocks: &[Certified]) -> Option<Certificate> {
    blocks.iter().find_map(|(_, certificate)| certificate.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_byte_and_every_cut_of_a_segment_is_found() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    for tx in ["set a 1", "set b 2"] {
        consortium.submit(tx.as_bytes().to_vec()).await.expect("final");
    }
    let bytes = segment(&blocks(&consortium).await).expect("certified");
    let whole = fresh(&consortium);
    follow(&whole, &bytes).expect("follows");
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        let follower = fresh(&consortium);
        let fault = follow(&follower, &damaged).expect_err("refused");
        assert_eq!(fault.blame(), Blame::Source, "byte {place}: {fault}");
        let kept = follower.position();
        let (same, _) = whole.block(kept.height).expect("reads").map_or((None, None), |(b, c)| (Some(b), c));
        assert!(kept.height == Height::new(0) || same.is_some_and(|block| block.hash() == kept.block));
    }
    for end in (0..bytes.len()).step_by(5) {
        assert!(follow(&fresh(&consortium), &bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(follow(&fresh(&consortium), &[&bytes[..], &[0]].concat()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_waits_for_its_blobs_and_a_reopened_follower_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, blocks) = chain(dir.path()).await;
    let folder = dir.path().join("followed");
    let blobs: Arc<dyn Blobs> = Arc::new(MemoryBlobs::new());
    let blob = BlobHash::of(b"ciphertext");
    let reopened =
        || open(&consortium, Arc::new(SledStore::open(&folder).expect("opens")), Arc::clone(&blobs));
    let follower = reopened();
    let whole = segment(&blocks).expect("certified");
    let fault = follow(&follower, &whole).expect_err("the blob is not here");
    assert!(matches!(fault, FollowFault::BlobMissing { blob: named, .. } if named == blob), "{fault}");
    let reached = follower.position();
    drop(follower);
    let follower = reopened();
    assert_eq!(follower.position(), reached);
    let (next, _) = &blocks[reached.height.get() as usize];
    let wanted = follower.missing(next).expect("reads");
    blobs.store(b"ciphertext").expect("stores");
    assert!(wanted.is_empty() || wanted == [blob]);
    let rest = segment(&blocks[reached.height.get() as usize..]).expect("certified");
    follow(&follower, &rest).expect("follows");
    let (tip, committee) = (follower.position(), follower.committee());
    follower.flush().expect("flushes");
    drop(follower);
    let follower = reopened();
    assert_eq!((follower.position(), follower.committee()), (tip, committee));
    assert!(follower.light_proof(&[b"a".to_vec()]).expect("reads").is_some());
    let (last, _) = follower.block(tip.height).expect("reads").expect("kept");
    assert_eq!(last.hash(), tip.block);
    drop(follower);
    // Another chain's folder is left alone.
    let elsewhere = tempfile::tempdir().expect("dir");
    let another = start(elsewhere.path());
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&folder).expect("opens"));
    let app = Registers::with_blobs(Arc::clone(&blobs));
    let refused =
        Follower::open(app, Arc::clone(another.genesis()), Arc::clone(&store), Arc::clone(&blobs)).err();
    assert!(matches!(refused, Some(FollowFault::OtherChain { .. })), "{refused:?}");
    drop(store);
    assert_eq!(reopened().position(), tip);
}

/// Who reads for long sees one height all the while, and keeps nobody from following or reading.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_reading_sees_one_height_while_the_chain_is_followed_on() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, blocks) = chain(dir.path()).await;
    let follower = fresh(&consortium);
    let whole = segment(&blocks).expect("certified");
    let all = |state: &dyn StateRead| state.scan(&[], None).collect::<Vec<_>>();
    let before = follower.read(|state, _| all(state)).expect("reads");
    let seen = follower.read_long(|state, position| {
        // Would wait for ever if the reader held what writers need.
        follow(&follower, &whole).expect("follows");
        assert!(follower.position().height > position.height);
        assert!(follower.read(|newest, _| all(newest)).expect("reads") != before);
        (all(state), position.height)
    });
    assert_eq!(seen.expect("reads"), (before, Height::new(0)));
    let (now, height) = follower.read_long(|state, position| (all(state), position.height)).expect("reads");
    assert_eq!(
        (now, height),
        (follower.read(|state, _| all(state)).expect("reads"), follower.position().height)
    );
}

/// What is done to a store: its name, a key, and what lies there then.
type Damage = (&'static str, Vec<u8>, Option<Vec<u8>>);

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_what_it_says_is_emptied_and_followed_again() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, blocks) = chain(dir.path()).await;
    let whole = segment(&blocks).expect("certified");
    let tip = certified(&blocks) as u64;
    let damages: [Damage; 4] = [
        ("no newest block", keys::block(Height::new(tip)), None),
        ("junk for it", keys::block(Height::new(tip)), Some(vec![1, 2, 3])),
        ("another block", keys::block(Height::new(tip)), Some(frame_of(&blocks[0]))),
        ("no position", keys::POSITION.to_vec(), Some(vec![9])),
    ];
    for (what, key, value) in damages {
        let store = Arc::new(MemoryStore::new());
        let follower = open(&consortium, store.clone(), Arc::clone(consortium.blobs()));
        follow(&follower, &whole).expect("follows");
        assert_eq!(follower.position().height, Height::new(tip));
        drop(follower);
        store.apply([(key, value)].into_iter().collect()).expect("writes");
        let follower = open(&consortium, store, Arc::clone(consortium.blobs()));
        assert_eq!(follower.position().height, Height::new(0), "{what}");
        follow(&follower, &whole).unwrap_or_else(|fault| panic!("{what}: {fault}"));
    }
    // Nodes of the tree: some of them the root.
    let store = Arc::new(MemoryStore::new());
    let follower = open(&consortium, store.clone(), Arc::clone(consortium.blobs()));
    follow(&follower, &whole).expect("follows");
    drop(follower);
    let nodes: Vec<_> = store.scan(b"n", Some(b"o")).map(|entry| (entry.expect("reads").0, None)).collect();
    store.apply(nodes.into_iter().collect()).expect("writes");
    let follower = open(&consortium, store, Arc::clone(consortium.blobs()));
    assert_eq!(follower.position().height, Height::new(0));
    follow(&follower, &whole).expect("follows");
}

fn frame_of((block, certificate): &Certified) -> Vec<u8> {
    let mut draft = SegmentDraft::new();
    draft.push(block, certificate.as_ref());
    draft.finish().map(|bytes| bytes[8..].to_vec()).unwrap_or_else(|| vec![0])
}

/// Registers, but for one block that it executes otherwise.
struct Otherwise(Mutex<Height>);

impl Application for Otherwise {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        Registers { blobs: None }.genesis(state, config)
    }

    fn check(&self, _: &dyn StateRead, _: &BlockContext, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        if *self.0.lock().expect("not poisoned") == context.height {
            state.put(b"profit", b"mine".to_vec());
        }
        Registers { blobs: None }.execute(state, context, tx)
    }

    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        Registers { blobs: None }.begin_block(state, context)
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        Registers { blobs: None }.end_block(state, context)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_without_a_certificate_become_part_of_the_chain_with_the_one_that_has_it_or_not_at_all() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    for index in 0..5 {
        consortium.submit(format!("set a {index}").into_bytes()).await.expect("final");
    }
    let blocks = blocks(&consortium).await;
    let last = certified(&blocks);
    // As after a time in which only the last block was certified.
    let before = blocks[..last - 1].iter().map(|(block, _)| Arc::new(block.clone())).collect();
    let (block, certificate) = blocks[last - 1].clone();
    let stretch = Stretch { before, last: Arc::new(block), certificate: certificate.expect("certified") };
    let app = Arc::new(Otherwise(Mutex::new(Height::new(2))));
    let (store, blobs) = (Arc::new(MemoryStore::new()), Arc::clone(consortium.blobs()));
    let genesis = Arc::clone(consortium.genesis());
    let follower = Follower::open(app.clone(), genesis, store, blobs).expect("opens");
    let vetted = follower.vet(stretch).expect("a quorum signed it");
    let fault = follower.follow(&vetted).expect_err("executed otherwise");
    assert!(matches!(fault, FollowFault::Outcome(height) if height == Height::new(2)), "{fault}");
    assert_eq!((fault.blame(), follower.position().height), (Blame::Rules, Height::new(0)));
    // What was executed wrongly is forgotten.
    *app.0.lock().expect("not poisoned") = Height::new(0);
    assert_eq!(follower.follow(&vetted).expect("follows").len(), last);
    assert!(matches!(follower.follow(&vetted), Err(FollowFault::Link(_))), "once only");
}
