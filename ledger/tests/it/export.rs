//! The chain in one file: what is verified, and that nothing can be changed in it.

use std::{path::Path, sync::Arc};

use galen_ledger::{
    Application, BlobHash, BlockContext, ChainFault, Consortium, Event, ExportError, FollowFault, Height,
    Receipt, Refusal, StateRead, StateWrite, SubmitError,
    application::AppError,
    blobs::Blobs,
    chain::{Block, Certificate, Genesis},
    codec::{Decode, Encode, Reader},
    export::{verify_chain, verify_chain_file},
};

use crate::{
    app::Registers,
    consortium::{start, start_with},
};

fn audit(_: &Genesis, blobs: Arc<dyn Blobs>) -> Result<Arc<dyn Application>, AppError> {
    Ok(Registers::with_blobs(blobs))
}

async fn exported(dir: &Path) -> (Consortium, Vec<u8>) {
    let consortium = start(dir);
    let blob = consortium.blobs().store(b"ciphertext").expect("stores");
    for tx in ["set a 1".into(), "once a".into(), format!("keep {blob}"), "set b 2".into()] {
        consortium.submit(tx.into_bytes()).await.expect("final");
    }
    let path = dir.join("chain");
    consortium.export(&path).await.expect("exports");
    let bytes = std::fs::read(&path).expect("reads");
    (consortium, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_chain_verifies_from_genesis_and_gives_the_same_state() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, bytes) = exported(dir.path()).await;
    let expected = consortium.genesis().chain_id();
    let chain = verify_chain_file(&dir.path().join("chain"), Some(expected), audit).expect("verifies");
    let report = chain.report();
    assert_eq!((report.accepted, report.refused, report.blobs, report.quorum), (3, 1, 1, 3));
    assert!(report.height >= Height::new(4) && report.certificates >= 1);
    consortium.settled(report.height).await.expect("settles");
    let node = &consortium.nodes()[0];
    let there = node.result(report.height).expect("reads").expect("is there");
    assert_eq!(chain.blocks().last().expect("blocks").result, there);
    assert_eq!(chain.read(|state, _| state.get(b"b")).expect("reads").as_deref(), Some(b"2".as_slice()));
    let proof = chain.query(b"a").expect("proves");
    assert_eq!(proof.verify(&report.app_hash, b"a"), Ok(()));
    let other = verify_chain(&bytes, Some(galen_ledger::ChainId::from_bytes([0; 32])), audit);
    assert!(matches!(other.err(), Some(ChainFault::OtherChain { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_byte_and_every_cut_is_found() {
    let dir = tempfile::tempdir().expect("dir");
    let (_consortium, bytes) = exported(dir.path()).await;
    assert!(verify_chain(&bytes, None, audit).is_ok());
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(verify_chain(&damaged, None, audit).is_err(), "byte {place}");
    }
    for end in (0..bytes.len()).step_by(7) {
        assert!(verify_chain(&bytes[..end], None, audit).is_err(), "cut at {end}");
    }
    assert!(verify_chain(&[&bytes[..], &[0]].concat(), None, audit).is_err());
}

/// A forger can compute the digest too: what is flipped must be found by what the digest does not cover.
#[tokio::test(flavor = "multi_thread")]
async fn t58_every_flipped_byte_is_found_even_when_the_digest_is_made_to_match() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, bytes) = exported(dir.path()).await;
    let expected = consortium.genesis().chain_id();
    let content = bytes.len() - 32;
    for place in 10..content {
        let mut forged = bytes[..content].to_vec();
        forged[place] ^= 1;
        seal(&mut forged);
        assert!(verify_chain(&forged, Some(expected), audit).is_err(), "byte {place}");
    }
}

fn seal(content: &mut Vec<u8>) {
    let digest = blake3::derive_key("galen ledger v1 chain export", content);
    content.extend_from_slice(&digest);
}

struct Parts {
    before: Vec<u8>,
    blocks: Vec<(Block, Option<Certificate>)>,
}

fn take_apart(bytes: &[u8]) -> Parts {
    let content = &bytes[..bytes.len() - 32];
    let mut reader = Reader::new(&content[10..]);
    Genesis::decode(&mut reader).expect("genesis");
    for _ in 0..u32::decode(&mut reader).expect("blobs") {
        BlobHash::decode(&mut reader).expect("hash");
        reader.bytes(1 << 20, "blob").expect("blob");
    }
    let before = content[..content.len() - reader.left()].to_vec();
    let count = u64::decode(&mut reader).expect("count");
    let blocks = (0..count).map(|_| {
        let block = Block::from_bytes(reader.bytes(1 << 20, "block").expect("block")).expect("block");
        (block, Option::decode(&mut reader).expect("certificate"))
    });
    let blocks = blocks.collect();
    Parts { before, blocks }
}

fn put_together(parts: &Parts) -> Vec<u8> {
    let mut bytes = parts.before.clone();
    (parts.blocks.len() as u64).encode(&mut bytes);
    for (block, certificate) in &parts.blocks {
        let encoded = block.to_bytes();
        (encoded.len() as u32).encode(&mut bytes);
        bytes.extend(encoded);
        certificate.encode(&mut bytes);
    }
    seal(&mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn t58_history_cannot_be_shortened_reordered_or_changed_without_a_quorum() {
    let dir = tempfile::tempdir().expect("dir");
    let (_consortium, bytes) = exported(dir.path()).await;
    let fault = |change: &dyn Fn(&mut Parts)| {
        let mut parts = take_apart(&bytes);
        change(&mut parts);
        verify_chain(&put_together(&parts), None, audit).err()
    };
    assert!(fault(&|_| {}).is_none(), "taken apart and put together again");
    let swapped = fault(&|parts| parts.blocks.swap(1, 2));
    assert!(
        matches!(swapped, Some(ChainFault::Follow(FollowFault::Link(height))) if height == Height::new(2)),
        "{swapped:?}"
    );
    let missing = fault(&|parts| drop(parts.blocks.remove(0)));
    assert!(
        matches!(missing, Some(ChainFault::Follow(FollowFault::Link(height))) if height == Height::new(1)),
        "{missing:?}"
    );
    let uncertified = fault(&|parts| parts.blocks.last_mut().expect("blocks").1 = None);
    assert!(matches!(uncertified, Some(ChainFault::Follow(FollowFault::NotFinal(_)))), "{uncertified:?}");
    let borrowed = fault(&|parts| {
        let earlier = parts.blocks.iter().find_map(|(_, certificate)| certificate.clone());
        parts.blocks.last_mut().expect("blocks").1 = earlier;
    });
    assert!(matches!(borrowed, Some(ChainFault::Follow(FollowFault::Statement(_)))), "{borrowed:?}");
    let altered = fault(&|parts| parts.blocks[0].0.txs[0] = b"set a 2".to_vec());
    assert!(
        matches!(altered, Some(ChainFault::Follow(FollowFault::Block { height, .. })) if height == Height::new(1)),
        "{altered:?}"
    );
    let backdated = fault(&|parts| {
        for (block, certificate) in &mut parts.blocks {
            block.header.time_ms = 0;
            *certificate = None;
        }
    });
    assert!(backdated.is_some());
}

/// Every cycle's last block needs its own certificate, from its own committee; and what the ledger did for itself is
/// computed again.
#[tokio::test(flavor = "multi_thread")]
async fn t58_cycles_are_followed_and_nothing_of_their_ends_can_be_changed() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start_with(dir.path(), |settings| {
        settings.parameters.cycle_blocks = 6;
        settings.parameters.beacon_interval = 6;
    });
    consortium.submit(*b"wait 20").await.expect("accepted");
    consortium.settled(Height::new(20)).await.expect("settles");
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let bytes = std::fs::read(&path).expect("reads");
    let whole = verify_chain(&bytes, None, audit).expect("verifies");
    assert!(whole.report().cycle.get() >= 3 && whole.report().beacons >= 2, "{:?}", whole.report());
    let fault = |change: &dyn Fn(&mut Parts)| {
        let mut parts = take_apart(&bytes);
        change(&mut parts);
        verify_chain(&put_together(&parts), None, audit).err()
    };
    let uncertified = fault(&|parts| parts.blocks[5].1 = None);
    assert!(
        matches!(uncertified, Some(ChainFault::Follow(FollowFault::NotFinal(at))) if at == Height::new(6)),
        "{uncertified:?}"
    );
    let borrowed = fault(&|parts| parts.blocks[5].1 = parts.blocks[11].1.clone());
    assert!(matches!(borrowed, Some(ChainFault::Follow(FollowFault::Statement(_)))), "{borrowed:?}");
    let silenced = fault(&|parts| {
        let speaking =
            parts.blocks.iter_mut().find(|(block, _)| !block.upkeep.is_empty()).expect("a beacon message");
        speaking.0.upkeep.clear();
        speaking.0.header.upkeep_root = galen_ledger::chain::upkeep::upkeep_root(&[]);
        speaking.1 = None;
    });
    assert!(
        matches!(silenced, Some(ChainFault::Follow(FollowFault::Link(_) | FollowFault::NotFinal(_)))),
        "{silenced:?}"
    );
    let dropped = fault(&|parts| {
        parts.blocks.iter_mut().for_each(|(block, _)| block.upkeep.clear());
    });
    assert!(matches!(dropped, Some(ChainFault::Follow(FollowFault::Block { .. }))), "{dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_whose_blob_is_lost_is_not_exported_and_an_unknown_blob_not_admitted() {
    let dir = tempfile::tempdir().expect("dir");
    let (consortium, _) = exported(dir.path()).await;
    let unknown = format!("keep {}", BlobHash::of(b"nobody has it"));
    assert!(matches!(consortium.submit(unknown.into_bytes()).await, Err(SubmitError::Refused(_))));
    let blob = dir.path().join("blobs").join(BlobHash::of(b"ciphertext").to_string());
    std::fs::remove_file(&blob).expect("removes");
    let exported = consortium.export(&dir.path().join("again")).await;
    assert!(matches!(exported, Err(ExportError::BlobMissing { .. })));
    std::fs::write(&blob, b"something else").expect("writes");
    let exported = consortium.export(&dir.path().join("again")).await;
    assert!(matches!(exported, Err(ExportError::Blob(_))));
}

/// Registers, but for one block that it executes otherwise.
struct Otherwise {
    at: Height,
}

impl Application for Otherwise {
    fn genesis(&self, state: &mut dyn StateWrite, config: &[u8]) -> Result<(), AppError> {
        Registers { blobs: None }.genesis(state, config)
    }

    fn check(&self, _: &dyn StateRead, _: &BlockContext, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn execute(&self, state: &mut dyn StateWrite, context: &BlockContext, tx: &[u8]) -> Receipt {
        Registers { blobs: None }.execute(state, context, tx)
    }

    fn begin_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        Registers { blobs: None }.begin_block(state, context)
    }

    fn end_block(&self, state: &mut dyn StateWrite, context: &BlockContext) -> Vec<Event> {
        if context.height == self.at {
            state.put(b"profit", b"mine".to_vec());
        }
        Registers { blobs: None }.end_block(state, context)
    }

    fn attachments(&self, tx: &[u8]) -> Vec<BlobHash> {
        Registers { blobs: None }.attachments(tx)
    }
}

/// No header shows the state after the last block: the certificate does.
#[tokio::test(flavor = "multi_thread")]
async fn t58_the_state_after_the_last_block_is_what_a_quorum_signed() {
    let dir = tempfile::tempdir().expect("dir");
    let (_consortium, bytes) = exported(dir.path()).await;
    let last = verify_chain(&bytes, None, audit).expect("verifies").report().height;
    let otherwise = |at| verify_chain(&bytes, None, move |_, _| Ok(Arc::new(Otherwise { at }))).err();
    assert!(otherwise(Height::new(u64::MAX)).is_none());
    assert!(matches!(otherwise(last), Some(ChainFault::Follow(FollowFault::Outcome(at))) if at == last));
    assert!(otherwise(Height::new(1)).is_some());
}
