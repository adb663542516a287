//! What travels, how fast, and at whose expense.

use std::time::Duration;

use galen_ledger::links::{
    Channel, LinkState,
    control::{Control, Goodbye},
    quota::Rate,
    wire::encode_frame,
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    kit::{LONG, Node, Puppet, callers, frame, id, is_linked, name, peers, settings},
    net::Net,
};

async fn linked(net: &Net, count: u32) -> Vec<Node> {
    let nodes: Vec<_> = (0..count).map(|n| Node::start(net, settings(n), peers(count))).collect();
    for node in &nodes {
        let all = node.links.until(|status| status.linked() as u32 == count - 1);
        timeout(LONG, all).await.expect("all linked");
    }
    nodes
}

#[tokio::test(start_paused = true)]
async fn a_vote_overtakes_a_body_on_its_way() {
    let net = Net::new();
    let mut nodes = linked(&net, 2).await;
    net.limit(Some(1_000_000));
    let (body, vote, certificate) = (frame(6, 0, 2_000_000), frame(2, 0, 100), frame(3, 0, 6_000));
    let begun = Instant::now();
    nodes[0].send(1, &body);
    sleep(Duration::from_millis(500)).await;
    nodes[0].send(1, &vote);
    nodes[0].send(1, &certificate);
    assert_eq!(nodes[1].receive().await, (id(0), certificate));
    assert_eq!(nodes[1].receive().await, (id(0), vote));
    let waited = begun.elapsed() - Duration::from_millis(500);
    assert!(waited < Duration::from_millis(500), "{waited:?}: no more than the buffers hold");
    assert_eq!(nodes[1].receive().await, (id(0), body));
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn t57_a_peer_that_does_not_read_is_cut_off_and_the_others_notice_nothing() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), callers(3));
    let mut two = Node::start(&net, settings(2), peers(3));
    two.linked(0).await;
    let (host, _) = net.host("host-1");
    let mut puppet = Puppet::link(&host, 1, 0).await;
    zero.linked(1).await;
    let begun = Instant::now();
    for round in 0..10 {
        zero.send(1, &frame(6, round, 1_000_000));
        zero.send(2, &frame(2, round, 100));
        assert_eq!(two.receive().await, (id(0), frame(2, round, 100)));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits for the slow one");
    // It still says that it is there.
    while timeout(Duration::from_secs(4), zero.erred(1, "slow_reader")).await.is_err() {
        puppet.control(&Control::Ping(1)).await;
    }
    let status = zero.peer(1);
    assert_eq!(status.last_error.as_deref(), Some("the peer did not take 64 KiB in 10s"));
    assert_eq!((status.sent[Channel::Bodies].waiting_bytes, is_linked(&status)), (0, false));
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(zero.peer(2).links, 1);
}

#[tokio::test(start_paused = true)]
async fn t57_queues_are_bounded_under_a_flood() {
    let net = Net::new();
    let nodes = linked(&net, 2).await;
    net.sever(&name(0), &name(1));
    let limits = settings(0).limits;
    let small = |tag| frame(tag, 0, 100);
    let tags = [
        (2, Channel::Votes),
        (3, Channel::Certificates),
        (4, Channel::Sync),
        (7, Channel::Transactions),
        (17, Channel::Blobs),
    ];
    for _ in 0..20_000 {
        tags.iter().for_each(|(tag, _)| nodes[0].send(1, &small(*tag)));
    }
    for _ in 0..100 {
        nodes[0].send(1, &frame(1, 0, 2_000_000));
        nodes[0].send(1, &frame(6, 0, 2_000_000));
        nodes[0].send(1, &frame(17, 0, 200_000));
    }
    let sent = nodes[0].peer(1).sent;
    for channel in Channel::ALL {
        let (limit, sent) = (limits.queue[channel], sent[channel]);
        assert!(
            sent.waiting_frames <= limit.frames && sent.waiting_bytes <= limit.bytes,
            "{channel}: {sent:?}"
        );
        assert!(channel == Channel::Control || sent.dropped > 0, "{channel}: {sent:?}");
    }
    let fits = limits.queue[Channel::Votes].frames as u64;
    assert_eq!(sent[Channel::Votes].dropped, 20_000 - fits, "the rest is counted");
}

#[tokio::test(start_paused = true)]
async fn t57_a_flood_is_read_at_the_quota_and_others_do_not_wait() {
    let net = Net::new();
    let mut tight = settings(0);
    tight.limits.quota[Channel::Votes] = Rate { bytes: 1_000_000, burst: 1_000_000, frames: 100 };
    let mut zero = Node::start(&net, tight, peers(3));
    let nodes = [Node::start(&net, settings(1), peers(3)), Node::start(&net, settings(2), peers(3))];
    zero.links.until(|status| status.linked() == 2).await;
    let begun = Instant::now();
    (0..400).for_each(|_| nodes[0].send(0, &frame(2, 1, 50)));
    nodes[1].send(0, &frame(2, 2, 50));
    let mut of_one = 0;
    while zero.receive().await.0 == id(1) {
        of_one += 1;
    }
    assert!(begun.elapsed() < Duration::from_millis(50), "{:?} for the other's vote", begun.elapsed());
    while of_one < 400 {
        assert_eq!(zero.receive().await.0, id(1));
        of_one += 1;
    }
    let elapsed = begun.elapsed().as_secs_f64();
    assert!((2.9..3.2).contains(&elapsed), "100 at once and 100 a second: {elapsed}");
    assert!(zero.peer(1).paused_ms > 2000);
    assert_eq!((zero.peer(2).paused_ms, zero.peer(1).links), (0, 1), "slowed, not cut off");
}

#[tokio::test(start_paused = true)]
async fn t57_a_peer_holds_up_no_more_than_its_share_of_a_node_that_is_busy() {
    let net = Net::new();
    let mut narrow = settings(0);
    narrow.limits.undigested_frames = 16;
    let mut zero = Node::start(&net, narrow, peers(3));
    let nodes = [Node::start(&net, settings(1), peers(3)), Node::start(&net, settings(2), peers(3))];
    zero.links.until(|status| status.linked() == 2).await;
    (0..1000).for_each(|_| nodes[0].send(0, &frame(2, 1, 50)));
    sleep(Duration::from_secs(5)).await;
    (0..5).for_each(|_| nodes[1].send(0, &frame(2, 2, 50)));
    sleep(Duration::from_secs(5)).await;
    let mut undigested = Vec::new();
    while let Ok((from, _, held)) = zero.inbox.try_recv() {
        undigested.push((from, held));
    }
    let of = |peer| undigested.iter().filter(|(from, _)| *from == id(peer)).count();
    assert_eq!((of(1), of(2)), (8, 5));
    drop(undigested);
    for _ in 0..992 {
        assert_eq!(zero.receive().await.0, id(1));
    }
}

#[tokio::test(start_paused = true)]
async fn frames_wait_with_their_sender_until_the_node_takes_them() {
    let net = Net::new();
    let (host, door) = net.host(&name(0));
    let links = galen_ledger::links::Links::start(
        settings(0),
        std::sync::Arc::new(host),
        Some(Box::new(door)),
        peers(2),
    );
    let links = links.expect("starts");
    let one = Node::start(&net, settings(1), peers(2));
    one.linked(0).await;
    one.send(0, &frame(2, 1, 50));
    sleep(Duration::from_secs(60)).await;
    let mut zero = Node::of(links);
    assert_eq!(zero.receive().await, (id(1), frame(2, 1, 50)));
    assert_eq!(zero.peer(1).links, 1);
}

#[tokio::test(start_paused = true)]
async fn a_half_open_peer_is_found_out_by_pings_and_linked_again() {
    let net = Net::new();
    let nodes = linked(&net, 3).await;
    sleep(Duration::from_secs(100)).await;
    assert_eq!(nodes[0].peer(1).links, 1, "an idle link stays");
    net.sever(&name(0), &name(1));
    let begun = Instant::now();
    for (node, other) in [(0, 1), (1, 0)] {
        let error = nodes[node].erred(other, "silent").await;
        assert_eq!(error, "nothing was heard from the peer in 16s");
    }
    assert!(begun.elapsed() <= settings(0).timing.silence, "{:?}", begun.elapsed());
    let unreachable = nodes[0].erred(1, "timed_out").await;
    assert_eq!(unreachable, "no connection in time");
    net.heal(&name(0), &name(1));
    nodes[0].linked(1).await;
    nodes[1].linked(0).await;
    assert_eq!((nodes[0].peer(2).links, nodes[2].peer(1).links), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn t57_a_flood_of_pings_is_slowed_and_answered_within_bounds() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), callers(2));
    let (host, _) = net.host("host-1");
    let mut puppet = Puppet::link(&host, 1, 0).await;
    zero.linked(1).await;
    let mut flood = Vec::new();
    for number in 0..500u64 {
        let ping = galen_ledger::codec::Encode::to_bytes(&Control::Ping(number));
        flood.extend(encode_frame(Channel::Control, &ping));
    }
    puppet.raw(&flood).await;
    sleep(Duration::from_secs(8)).await;
    assert!(zero.peer(1).paused_ms > 5000, "{:?}", zero.peer(1).paused_ms);
    assert_eq!(zero.peer(1).state, zero.linked(1).await.state);
    zero.links.set_peers(Vec::new()).expect("consistent");
    let mut words = Vec::new();
    while let Some(word) = puppet.word().await {
        words.push(word);
    }
    assert_eq!(words.pop(), Some(Control::Goodbye(Goodbye::Removed)));
    assert!(words.contains(&Control::Pong(499)) && words.len() <= 500);
}

#[tokio::test(start_paused = true)]
async fn t57_a_peer_that_never_finishes_its_frames_holds_bounded_memory() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), callers(2));
    let (host, _) = net.host("host-1");
    let mut puppet = Puppet::link(&host, 1, 0).await;
    zero.linked(1).await;
    let piece = [&[0, 1, 0, 0, 0x80 | Channel::Bodies as u8][..], &[6; 65536]].concat();
    let most = settings(0).limits.frame[Channel::Bodies] / 65536;
    for _ in 0..most {
        puppet.raw(&piece).await;
    }
    puppet.raw(&piece[..5]).await;
    zero.until(1, |peer| peer.state == LinkState::CutOff).await;
}
