//! Links come, go, and come again.

use std::time::Duration;

use galen_ledger::{
    codec::Encode,
    consensus::{Message, Proposal},
    links::{Channel, LinkSettings, LinkState, Links},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tokio::time::{Instant, sleep, timeout};

use super::{
    kit::{LONG, Node, frame, id, is_linked, name, peers, settings},
    net::Net,
};

/// The settings of a node that was started again.
fn again(number: u32, incarnation: u8) -> LinkSettings {
    LinkSettings { seed: [100 + incarnation; 32], ..settings(number) }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_says_so_and_is_linked_again_when_it_is_back() {
    for stopping in [0, 1] {
        let net = Net::new();
        let mut nodes: Vec<_> = (0..2).map(|n| Node::start(&net, settings(n), peers(2))).collect();
        for round in 0..3 {
            let stays = 1 - stopping;
            nodes[stays].linked(stopping as u32).await;
            nodes[stopping].linked(stays as u32).await;
            nodes[stopping].links.close().await;
            let down = nodes[stays].until(stopping as u32, |peer| !is_linked(peer)).await;
            assert_eq!(down.last_error.as_deref(), Some("the peer closed the link: it shuts down"));
            // What is said meanwhile is said when it is back.
            let vote = frame(2, round, 100);
            nodes[stays].send(stopping as u32, &vote);
            nodes[stays].send(stopping as u32, &frame(6, round, 100));
            nodes[stopping] = Node::start(&net, again(stopping as u32, round), peers(2));
            assert_eq!(nodes[stopping].receive().await, (id(stays as u32), vote));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restarted_peer_takes_the_place_of_its_dead_connection() {
    for dead in [0, 1] {
        let stays = 1 - dead;
        let net = Net::new();
        let node = Node::start(&net, settings(stays), peers(2));
        let old = Node::start(&net, settings(dead), peers(2));
        node.linked(dead).await;
        old.linked(stays).await;
        // Its machine is gone without a word, and the connection with it.
        net.freeze();
        drop(old);
        let begun = Instant::now();
        sleep(Duration::from_secs(1)).await;
        let mut new = Node::start(&net, again(dead, 1), peers(2));
        let status = node.until(dead, |peer| peer.links == 2).await;
        assert!(is_linked(&status));
        assert_eq!(status.errors.get("replaced"), Some(&1));
        assert!(begun.elapsed() < Duration::from_secs(4), "before any ping is missed: {:?}", begun.elapsed());
        node.send(dead, &frame(2, 0, 10));
        assert_eq!(new.receive().await.0, id(stays));
    }
}

#[tokio::test(start_paused = true)]
async fn simultaneous_calls_give_one_link() {
    let mut crossed = 0;
    for seed in 0..40u8 {
        let net = Net::new();
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let mut nodes = Vec::new();
        for number in 0..2 {
            let mut settings = again(number, seed);
            // No courtesy: both dial at once, over a network that delays each handshake otherwise.
            settings.timing.courtesy = Duration::ZERO;
            nodes.push(Node::start(&net, settings, peers(2)));
            if rng.r#gen() {
                sleep(Duration::from_millis(rng.gen_range(0..20))).await;
            }
            net.limit(Some(rng.gen_range(20_000..200_000)));
        }
        sleep(Duration::from_secs(5)).await;
        net.limit(None);
        sleep(Duration::from_secs(5)).await;
        let links =
            |nodes: &[Node]| [nodes[0].peer(1), nodes[1].peer(0)].map(|peer| (peer.links, peer.state));
        let settled = links(&nodes);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(links(&nodes), settled, "seed {seed}: the link stays");
        let dialed = settled.map(|(_, state)| matches!(state, LinkState::Linked { dialed: true, .. }));
        assert!(
            settled.iter().all(|(_, state)| matches!(state, LinkState::Linked { .. })),
            "seed {seed}: {settled:?}"
        );
        assert_ne!(dialed[0], dialed[1], "seed {seed}: one connection, dialed by one of them");
        // The one that loses is dropped, and nothing is dialed again.
        assert!(settled.iter().all(|(links, _)| *links <= 2), "seed {seed}: {settled:?}");
        let errors = [nodes[0].peer(1).errors, nodes[1].peer(0).errors];
        let lost = |kind| errors.iter().any(|errors| errors.contains_key(kind));
        crossed += u32::from(lost("duplicate") || lost("replaced"));
        for (from, to) in [(0, 1), (1, 0)] {
            nodes[from].send(to as u32, &frame(2, seed, 10));
            assert_eq!(nodes[to].receive().await, (id(from as u32), frame(2, seed, 10)), "seed {seed}");
        }
    }
    assert!(crossed >= 10, "calls crossed {crossed} times in 40");
}

#[tokio::test(start_paused = true)]
async fn a_peer_taken_off_the_list_is_cut_off_at_once_and_the_others_are_not() {
    let net = Net::new();
    let mut nodes: Vec<_> = (0..3).map(|n| Node::start(&net, settings(n), peers(3))).collect();
    for node in &nodes {
        node.links.until(|status| status.linked() == 2).await;
    }
    let begun = Instant::now();
    nodes[0].links.set_peers(peers(2)).expect("consistent");
    // What it has sent by then, and goes on sending, counts for nothing.
    for _ in 0..1000 {
        nodes[2].send(0, &frame(2, 0, 10));
    }
    let error = nodes[2].erred(0, "goodbye").await;
    assert_eq!(error, "the peer closed the link: it has taken this node off its list");
    assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
    nodes[2].erred(0, "refused").await;
    assert!(nodes[0].inbox.try_recv().is_err());
    assert_eq!((nodes[0].peer(1).links, nodes[2].peer(1).links), (1, 1), "the others stay");
    nodes[0].links.set_peers(peers(3)).expect("consistent");
    nodes[0].linked(2).await;
    // Another key under the same name is another peer.
    let mut book = peers(3);
    book[2].key = super::kit::key(9).public();
    nodes[0].links.set_peers(book.clone()).expect("consistent");
    nodes[0].erred(2, "wrong_key").await;
    book[1].key = book[2].key;
    assert!(nodes[0].links.set_peers(book).is_err(), "one key, two names");
    assert!(is_linked(&nodes[0].peer(1)), "the list in force stays");
}

#[tokio::test(start_paused = true)]
async fn a_new_address_is_dialed_and_a_link_survives_it() {
    let net = Net::new();
    let mut book = peers(2);
    book[1].address = Some("nowhere".into());
    let zero = Node::start(&net, settings(0), book.clone());
    zero.erred(1, "connect").await;
    sleep(Duration::from_secs(60)).await;
    let (host, door) = net.host("elsewhere");
    let mut deaf = peers(2);
    deaf[0].address = None;
    let links = Links::start(settings(1), std::sync::Arc::new(host), Some(Box::new(door)), deaf);
    let one = Node::of(links.expect("starts"));
    book[1].address = Some("elsewhere".into());
    let begun = Instant::now();
    zero.links.set_peers(book.clone()).expect("consistent");
    zero.linked(1).await;
    one.linked(0).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    book[1].address = Some("somewhere".into());
    zero.links.set_peers(book).expect("consistent");
    sleep(Duration::from_secs(60)).await;
    assert_eq!((zero.peer(1).links, is_linked(&zero.peer(1))), (1, true));
}

#[tokio::test(start_paused = true)]
async fn links_close_in_bounded_time_although_a_peer_does_not_listen() {
    let net = Net::new();
    let nodes: Vec<_> = (0..2).map(|n| Node::start(&net, settings(n), peers(2))).collect();
    nodes[0].linked(1).await;
    net.sever(&name(0), &name(1));
    for _ in 0..10 {
        nodes[0].send(1, &frame(6, 0, 1_000_000));
    }
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    nodes[0].links.close().await;
    assert!(begun.elapsed() <= Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(nodes[0].links.status().linked(), 0);
    nodes[0].send(1, &frame(2, 0, 10));
}

#[tokio::test(start_paused = true)]
async fn t53_whatever_was_severed_all_are_linked_after_it_heals() {
    for seed in 0..6u8 {
        println!("seed {seed}");
        let net = Net::new();
        let mut rng = ChaCha20Rng::from_seed([seed; 32]);
        let mut nodes: Vec<_> = (0..4).map(|n| Node::start(&net, settings(n), peers(4))).collect();
        for round in 0..12 {
            let (a, b) = (rng.gen_range(0..4u32), rng.gen_range(0..4u32));
            match rng.gen_range(0..4) {
                0 | 1 => net.sever(&name(a), &name(b)),
                2 => net.heal(&name(a), &name(b)),
                _ => nodes[a as usize] = Node::start(&net, again(a, round), peers(4)),
            }
            sleep(Duration::from_millis(rng.gen_range(0..20_000))).await;
        }
        for (a, b) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
            net.heal(&name(a), &name(b));
        }
        let healed = Instant::now();
        for node in &nodes {
            let all = node.links.until(|status| status.linked() == 3);
            timeout(LONG, all).await.unwrap_or_else(|_| panic!("seed {seed}: {:#?}", node.links.status()));
        }
        println!("linked {:?} after it healed", healed.elapsed());
        for (from, to) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))).filter(|(a, b)| a != b) {
            let vote = frame(2, 200 + from as u8, 10);
            nodes[from].send(to as u32, &vote);
            while nodes[to].receive().await != (id(from as u32), vote.clone()) {}
        }
    }
}

/// When there is a new kind of message, it does not compile: say in [`Channel::of`] how urgent it is.
#[test]
fn every_message_has_a_channel() {
    let channel = |message: &Message| match message {
        Message::Propose(_) => Channel::Proposals,
        Message::Vote(_) | Message::Bundle(_) => Channel::Votes,
        Message::Certificate(_) => Channel::Certificates,
        Message::Status(_) | Message::Fetch(_) | Message::FetchBlob(_) | Message::NoBlob(_) => Channel::Sync,
        Message::FetchSnapshot(_) | Message::Snapshot(..) => Channel::Sync,
        Message::Block(_) | Message::Upkeep { .. } => Channel::Bodies,
        Message::Tx(_) => Channel::Transactions,
        Message::Compact(_) => Channel::Proposals,
        Message::MiniBlock(_) => Channel::Bodies,
        Message::FetchMinis(_) | Message::Receipts(_) => Channel::Sync,
        Message::BlobChunk(_) => Channel::Blobs,
    };
    let limits = settings(0).limits;
    for message in messages() {
        let frame = message.to_bytes();
        assert_eq!(Channel::of(&frame), Some(channel(&message)), "{message:?}");
        assert!(frame.len() <= limits.frame[channel(&message)], "{} bytes: {message:?}", frame.len());
    }
    assert_eq!((Channel::of(&[]), Channel::of(&[0]), Channel::of(&[99])), (None, None, None));
}

/// As much as a block can say of mini-blocks.
fn lanes(
    keys: &[galen_ledger::crypto::SecretKey],
    scope: &galen_ledger::crypto::Scope,
) -> Vec<galen_ledger::lanes::Lane> {
    use galen_ledger::{
        MemberIndex, TxHash,
        lanes::{Lane, LaneHeader, MAX_LANES, lane::Omitted},
    };
    let author = MemberIndex::new(99);
    let signature = LaneHeader { cycle: scope.cycle, group: 0, author, number: 1, txs: 5, root: [1; 32] }
        .sign(scope, &keys[99]);
    let lane = |number| Lane {
        header: LaneHeader { cycle: scope.cycle, group: 0, author, number, txs: 5, root: [1; 32] },
        signature,
        receipts: (66..100).map(|n| (MemberIndex::new(n), signature)).collect(),
        omitted: (0..4).map(|place| Omitted { place, tx: TxHash::of(b"tx") }).collect(),
    };
    (0..MAX_LANES as u64).map(lane).collect()
}

/// One of each kind, as long as they get.
fn messages() -> Vec<Message> {
    use galen_ledger::{
        MemberIndex, TxHash, View,
        blobs::{
            BlobChunk, BlobRequest, MAX_BLOB_BYTES,
            transfer::{CHUNK_BYTES, WINDOW},
        },
        chain::{Block, Certificate, Header, Statement, Upkeep, Vote, upkeep::upkeep_root},
        consensus::{
            Bundle, CompactProposal, Receipts,
            message::{MAX_MINIS_ASKED, Status},
        },
        lanes::MiniBlock,
        types::{BlockHash, Turn},
    };
    let (genesis, keys) = crate::rules::world(100);
    let scope = genesis.committee().scope();
    let outcome = crate::rules::outcome(1);
    let statement = Statement::Finalize {
        view: View::new(9),
        block: BlockHash::from_bytes([1; 32]),
        outcome: outcome.hash(),
    };
    let sign = |n: u16| Vote::sign(statement, MemberIndex::new(n), &scope, &keys[usize::from(n)]);
    let certificate =
        Certificate::new(scope.cycle, statement, (0..100).map(|n| (MemberIndex::new(n), sign(n).signature)));
    let most = genesis.parameters;
    let each = (most.block_bytes / most.block_txs) as usize;
    let txs: Vec<_> = (0..most.block_txs).map(|_| vec![7; each]).collect();
    let upkeep: Vec<Upkeep> = crate::codecs::BEACON.iter().cloned().map(Upkeep::Beacon).collect();
    let header = Header {
        chain_id: scope.chain_id,
        cycle: scope.cycle,
        height: galen_ledger::Height::new(4),
        view: View::new(9),
        proposer: MemberIndex::new(1),
        parent: BlockHash::from_bytes([1; 32]),
        parent_view: View::new(8),
        time_ms: 77,
        parent_outcome: outcome,
        tx_root: galen_ledger::chain::block::tx_root(&[TxHash::of(b"tx")]),
        upkeep_root: upkeep_root(&upkeep),
        lanes_root: galen_ledger::lanes::lanes_root(&[]),
    };
    let lanes = lanes(&keys, &scope);
    let block = std::sync::Arc::new(Block { header, upkeep, lanes: lanes.clone(), txs });
    let proposal = Proposal::sign(View::new(9), std::sync::Arc::clone(&block), &scope, &keys[1]);
    let body: std::sync::Arc<[u8]> = vec![1; each].into();
    let bodies = (0..most.block_txs / 4).map(|_| std::sync::Arc::clone(&body)).collect();
    let mini = MiniBlock::sign(&scope, (0, MemberIndex::new(2)), 7, bodies, &keys[2]);
    let blob = galen_ledger::BlobHash::of(b"blob");
    vec![
        Message::Compact(CompactProposal::of(&proposal)),
        Message::MiniBlock(std::sync::Arc::new(mini)),
        Message::FetchMinis(vec![lanes[0].hash(&scope.chain_id); MAX_MINIS_ASKED]),
        Message::Receipts(Receipts {
            cycle: scope.cycle,
            mini: lanes[0].hash(&scope.chain_id),
            signed: lanes[0].receipts.clone(),
        }),
        Message::Propose(Proposal::sign(View::new(9), std::sync::Arc::clone(&block), &scope, &keys[1])),
        Message::Vote(sign(3)),
        Message::Certificate(certificate),
        Message::Status(Status {
            turn: Turn { cycle: scope.cycle, view: View::new(3) },
            height: galen_ledger::Height::new(2),
            finalized: View::new(2),
            missing_from: View::new(3),
        }),
        Message::Fetch(block.hash()),
        Message::Block(block),
        Message::Upkeep { cycle: scope.cycle, item: Upkeep::Beacon(crate::codecs::BEACON[0].clone()) },
        Message::Tx(vec![1; galen_ledger::MAX_TX_BYTES].into()),
        Message::FetchBlob(BlobRequest { blob, first: 0, count: WINDOW }),
        Message::BlobChunk(BlobChunk {
            blob,
            size: MAX_BLOB_BYTES as u32,
            index: 3,
            bytes: vec![1; CHUNK_BYTES],
        }),
        Message::NoBlob(blob),
        Message::Bundle(Bundle::new(&(0..100).map(sign).collect::<Vec<_>>()).expect("for one statement")),
        Message::FetchSnapshot(galen_ledger::Height::new(u64::MAX)),
        Message::Snapshot(galen_ledger::Height::new(u64::MAX), blob),
    ]
}
