//! Real members, with folders, threads and applications, over TLS on loopback.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use galen_ledger::{
    Consortium, ConsortiumError, ConsortiumSettings, Height, MemberIndex, MemberLinks,
    consensus::Timing,
    links::{Channel, LinksStatus},
};
use tokio::time::timeout;

use super::kit::LONG;
use crate::app::Registers;

fn start(dir: &Path) -> Result<Consortium, ConsortiumError> {
    let mut settings = ConsortiumSettings::new(dir, b"config".to_vec());
    settings.timing = Timing { delta: Duration::from_millis(300), max_delta: Duration::from_secs(4) };
    settings.idle_interval = Duration::from_millis(20);
    settings.links = MemberLinks::Tls;
    Consortium::start(settings, |_, blobs| Registers::with_blobs(blobs))
}

fn members() -> impl Iterator<Item = MemberIndex> {
    (0..4).map(MemberIndex::new)
}

#[tokio::test(flavor = "multi_thread")]
async fn t53_members_agree_over_tls_and_one_that_was_away_catches_up() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path()).expect("starts");
    let first = timeout(LONG, consortium.submit(*b"set a 1")).await.expect("in time").expect("final");
    consortium.settled(first.height).await.expect("all reach it");
    let away = MemberIndex::new(2);
    consortium.stop_member(away).await;
    let mut last = Height::new(0);
    for round in 0..6 {
        let submitted = timeout(LONG, consortium.submit(format!("set during {round}").into_bytes())).await;
        last = submitted.expect("in time").expect("goes on").height;
    }
    consortium.start_member(away).expect("starts again");
    let node = consortium.node(away).expect("runs");
    timeout(LONG, node.reached(last)).await.expect("catches up").expect("runs");
    let value = node.read(|state, _| state.get(b"during")).expect("reads");
    assert_eq!(value.as_deref(), Some(b"5".as_slice()));
    let again = timeout(LONG, consortium.submit(*b"set b 2")).await.expect("in time").expect("final");
    consortium.settled(again.height).await.expect("all reach it");
    let positions: Vec<_> = consortium.nodes().iter().map(|node| node.position()).collect();
    assert!(positions.iter().all(|position| *position == positions[0]), "{positions:?}");
    for member in members() {
        let links = consortium.links(member).expect("over TLS");
        let votes: u64 = links.peers.values().map(|peer| peer.received[Channel::Votes].frames).sum();
        assert!(links.linked() >= 2 && votes > 0, "member {member}: {links:#?}");
    }
    timeout(LONG, consortium.stop()).await.expect("stops in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_keys_are_private_apart_from_voting_keys_and_kept() {
    let dir = tempfile::tempdir().expect("dir");
    start(dir.path()).expect("starts").stop().await;
    let paths = members().flat_map(|member| {
        ["key", "node_key"].map(|file| dir.path().join(format!("member-{member}")).join(file))
    });
    let paths: Vec<_> = paths.collect();
    let read = || paths.iter().map(|path| std::fs::read(path).expect("there")).collect::<Vec<_>>();
    let keys = read();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 8, "all differ");
    for path in &paths {
        assert_eq!(std::fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    start(dir.path()).expect("starts").stop().await;
    assert_eq!(read(), keys);
    std::fs::set_permissions(&paths[1], std::fs::Permissions::from_mode(0o644)).expect("set");
    let Err(error) = start(dir.path()) else { panic!("others may read the key") };
    assert!(error.to_string().contains("has mode 0644: others may use this key"), "{error}");
}

#[test]
fn links_over_tls_need_a_runtime() {
    let dir = tempfile::tempdir().expect("dir");
    let Err(error) = start(dir.path()) else { panic!("there is none") };
    assert!(matches!(error, ConsortiumError::Links { .. }), "{error}");
}

/// Not a claim but a measurement: `cargo test -p galen-ledger --release -- --ignored --nocapture over_each`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn blocks_over_each_kind_of_link() {
    for links in [MemberLinks::Memory, MemberLinks::Tls] {
        let dir = tempfile::tempdir().expect("dir");
        let settings = ConsortiumSettings { links, ..ConsortiumSettings::new(dir.path(), Vec::new()) };
        let consortium =
            Consortium::start(settings, |_, blobs| Registers::with_blobs(blobs)).expect("starts");
        consortium.advance(20).await.expect("advances");
        let begun = std::time::Instant::now();
        consortium.advance(200).await.expect("advances");
        println!("{links:?}: an empty block takes {:?}", begun.elapsed() / 200);
        consortium.stop().await;
    }
}

/// A transaction that came while the others could not be reached was known to one member alone: the rest saw no work, and
/// nobody left the view of an absent leader.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_submitted_to_a_member_alone_is_final_once_others_are_back() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path()).expect("starts");
    for member in members().skip(1) {
        consortium.stop_member(member).await;
    }
    let node = consortium.node(MemberIndex::new(0)).expect("runs");
    let (submitted, ()) = tokio::join!(timeout(LONG, node.submit(*b"set a 1")), async {
        let lost = |links: LinksStatus| {
            // What it asked others to author, and then its own mini-block.
            let dropped =
                |channel| links.peers.values().map(move |peer| peer.sent[channel].dropped).sum::<u64>();
            dropped(Channel::Transactions) + dropped(Channel::Bodies)
        };
        while consortium.links(MemberIndex::new(0)).is_none_or(|links| lost(links) < 3) {
            tokio::task::yield_now().await;
        }
        for member in members().skip(1).take(2) {
            consortium.start_member(member).expect("starts again");
        }
    });
    let submitted = submitted.expect("in time").expect("final");
    assert!(submitted.receipt.accepted);
    consortium.stop().await;
}
