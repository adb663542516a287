//! Who gets a link, and who does not, with the reason.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use galen_ledger::{
    codec::Encode,
    links::{
        Channel, LinkSettings, LinkState, Links, Network, Peer, PeerId, Tcp,
        control::{Control, Goodbye},
        network::BoxStream,
        wire::encode_frame,
    },
    types::{BlockHash, ChainId},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    kit::{LONG, Node, Puppet, callers, frame, id, is_linked, key, peers, settings},
    net::Net,
};

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Nodes on TCP that know each other.
fn on_tcp(all: impl IntoIterator<Item = LinkSettings>) -> Vec<Node> {
    let start = |settings| Node::of(Links::listen(settings, loopback(), Vec::new()).expect("listens"));
    let nodes: Vec<_> = all.into_iter().map(start).collect();
    let book: Vec<_> = nodes.iter().map(|node| entry(node, node.links.status().me)).collect();
    nodes.iter().for_each(|node| node.links.set_peers(book.clone()).expect("consistent"));
    nodes
}

fn entry(node: &Node, peer: PeerId) -> Peer {
    let address = node.links.address().map(|address| address.to_string());
    Peer { id: peer, key: key(peer.get()).public(), address }
}

#[tokio::test]
async fn listed_keys_link_and_know_who_speaks() {
    let mut nodes = on_tcp((0..3).map(settings));
    for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 1)] {
        nodes[from].linked(to as u32).await;
        let vote = frame(2, from as u8, 100);
        nodes[from].send(to as u32, &vote);
        assert_eq!(nodes[to].receive().await, (id(from as u32), vote));
    }
    let large = frame(6, 1, 1_500_000);
    nodes[0].send(1, &large);
    assert_eq!(nodes[1].receive().await, (id(0), large));
    let status = nodes[1].links.until(|status| status.peers[&id(0)].round_trip_us.is_some());
    timeout(LONG, status).await.expect("pings are answered");
    let json = serde_json::to_value(nodes[1].links.status()).expect("serialises");
    assert_eq!(json["peers"]["0"]["state"]["is"], "linked");
    assert_eq!(json["peers"]["0"]["received"]["bodies"]["frames"], 1);
    for node in &nodes {
        node.links.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unlisted_key_is_refused_and_both_sides_say_so() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), peers(1));
    let one = Node::start(&net, settings(1), peers(2));
    let error = one.erred(0, "refused").await;
    assert!(error.contains("is this node's key in its list of peers?"), "{error}");
    let status = zero.links.until(|status| status.strangers.errors.contains_key("not_listed")).await;
    let expected = format!("a node with key {} called, which is not in the list of peers", key(1).public());
    assert_eq!(status.strangers.last_error, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn a_key_listed_under_another_name_is_refused() {
    let net = Net::new();
    let _two = Node::start(&net, settings(2), peers(3));
    let zero = Node::start(&net, settings(0), peers(3));
    zero.linked(2).await;
    // The address of peer 1 leads to peer 2.
    let mut book = peers(3);
    book[1].address = book[2].address.clone();
    zero.links.set_peers(book).expect("consistent");
    let error = zero.erred(1, "wrong_key").await;
    let expected = format!(
        "the node at the address of peer 1 has key {}, which is that of peer 2, not the key {} listed for that peer",
        key(2).public(),
        key(1).public()
    );
    assert_eq!(error, expected);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_that_of_the_key_is_refused() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), callers(3));
    let mut impostor = settings(1);
    impostor.me = id(2);
    let mut book = peers(3);
    book.retain(|peer| peer.id == id(0));
    let (host, _) = net.host("impostor");
    let impostor = Links::start(impostor, Arc::new(host), None, book).expect("starts");
    let error = zero.erred(1, "hello").await;
    assert_eq!(error, "the peer calls itself 2, but its key is listed as that of peer 1");
    assert_eq!(zero.links.status().linked(), 0);
    impostor.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_named_on_both_sides() {
    let chain = ChainId::from_bytes([7; 32]);
    let genesis = BlockHash::from_bytes([8; 32]);
    let own = settings(0);
    let other_chain = LinkSettings { chain_id: chain, ..settings(1) };
    let other_genesis = LinkSettings { genesis, ..settings(1) };
    let chains = |ours, theirs| {
        format!(
            "the peer is on chain {theirs}, this node on {ours}: one of them was started with another genesis"
        )
    };
    let blocks = |ours, theirs| {
        format!("the peer's block at height 0 is {theirs}, this node's {ours}: their programs differ")
    };
    let cases = [
        (other_chain, chains(own.chain_id, chain), chains(chain, own.chain_id)),
        (other_genesis, blocks(own.genesis, genesis), blocks(genesis, own.genesis)),
    ];
    for (other, at_zero, at_one) in cases {
        let net = Net::new();
        let zero = Node::start(&net, settings(0), peers(2));
        let one = Node::start(&net, other, peers(2));
        assert_eq!(zero.erred(1, "hello").await, at_zero);
        assert_eq!(one.erred(0, "hello").await, at_one);
        let again = zero.until(1, |peer| peer.errors["hello"] >= 3).await;
        assert_eq!((again.links, is_linked(&again)), (0, false), "tried again, with the same result");
    }
}

#[tokio::test(start_paused = true)]
async fn another_version_is_named() {
    let net = Net::new();
    let zero = Node::start(&net, settings(0), callers(2));
    let (host, _) = net.host("host-1");
    let stream = host.dial("host-0").await.expect("listens");
    let mut puppet = Puppet::call(stream, 1, 0).await.expect("shakes hands");
    let mut hello = Control::Hello(super::kit::hello(1)).to_bytes();
    hello[6] = 9;
    puppet.raw(&encode_frame(Channel::Control, &hello)).await;
    let error = zero.erred(1, "hello").await;
    let expected = "the peer speaks version 9 of the links' protocol, this node version 1: upgrade the older";
    assert_eq!(error, expected);
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_must_be_a_hello() {
    let net = Net::new();
    let mut zero = Node::start(&net, settings(0), callers(2));
    let (host, _) = net.host("host-1");
    let stream = host.dial("host-0").await.expect("listens");
    let mut puppet = Puppet::call(stream, 1, 0).await.expect("shakes hands");
    puppet.raw(&encode_frame(Channel::Votes, &frame(2, 0, 10))).await;
    zero.erred(1, "frame").await;
    assert!(zero.inbox.try_recv().is_err(), "nothing is delivered");
}

/// A client that offers TLS 1.2 and nothing newer, as the bytes that it sends.
fn tls_1_2_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([0x5a; 32]);
    body.push(0); // no session
    body.extend([0, 2, 0xc0, 0x2b]); // ECDHE-ECDSA with AES-128-GCM
    body.extend([1, 0]); // no compression
    let extensions = [
        &[0, 10, 0, 4, 0, 2, 0, 29][..], // X25519
        &[0, 13, 0, 4, 0, 2, 8, 7],      // Ed25519
        &[0, 11, 0, 2, 1, 0],            // uncompressed points
        &[0, 23, 0, 0],                  // extended master secret
        &[0, 19, 0, 2, 1, 2],            // the client's key is raw
        &[0, 20, 0, 2, 1, 2],            // and so should be the server's
    ]
    .concat();
    body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend(extensions);
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let handshake = [&[1], &length[1..], &body[..]].concat();
    let length = u16::try_from(handshake.len()).expect("short").to_be_bytes();
    [&[22, 3, 1], &length[..], &handshake[..]].concat()
}

#[tokio::test]
async fn a_client_of_tls_1_2_is_refused() {
    let nodes = on_tcp([settings(0)]);
    let address = nodes[0].links.address().expect("listens");
    let mut client = TcpStream::connect(address).await.expect("connects");
    client.write_all(&tls_1_2_hello()).await.expect("written");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.expect("read");
    // One record: an alert, fatal, protocol version.
    assert_eq!((answer[0], &answer[5..]), (21, &[2, 70][..]), "{answer:?}");
    nodes[0].links.until(|status| status.strangers.errors.contains_key("handshake")).await;
    nodes[0].links.close().await;
}

#[tokio::test]
async fn garbage_is_no_handshake() {
    let nodes = on_tcp((0..2).map(settings));
    let address = nodes[0].links.address().expect("listens");
    for garbage in [&b"GET / HTTP/1.1\r\nHost: galen\r\n\r\n"[..], &[0xff; 4096], &[0; 4096]] {
        let mut client = TcpStream::connect(address).await.expect("connects");
        client.write_all(garbage).await.expect("written");
        let mut answer = Vec::new();
        // Closed, in whatever way.
        let _ = timeout(LONG, client.read_to_end(&mut answer)).await.expect("closed");
        assert!(answer.len() <= 7, "an alert at most: {answer:?}");
    }
    let counted = nodes[0]
        .links
        .until(|status| status.strangers.errors.values().sum::<u64>() == 3 && status.strangers.now == 0);
    timeout(LONG, counted).await.expect("counted");
    nodes[0].linked(1).await;
    for node in nodes {
        node.links.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn t57_connections_that_say_nothing_are_few_and_do_not_last() {
    let net = Net::new();
    let mut few = settings(0);
    (few.limits.strangers, few.limits.strangers_per_address) = (4, 3);
    let zero = Node::start(&net, few, peers(3));
    let mut idle: Vec<BoxStream> = Vec::new();
    for attacker in ["attacker-a", "attacker-a", "attacker-a", "attacker-a", "attacker-b", "attacker-c"] {
        idle.push(net.host(attacker).0.dial("host-0").await.expect("listens"));
    }
    let full = zero.links.until(|status| status.strangers.turned_away == 2);
    assert_eq!(timeout(LONG, full).await.expect("counted").strangers.now, 4);
    // A drop at a time does not keep a place.
    let begun = tokio::time::Instant::now();
    for drop in [&[22u8][..], &[3], &[1]] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for stream in &mut idle {
            let _ = stream.write_all(drop).await;
        }
    }
    let gone = zero.links.until(|status| status.strangers.now == 0);
    let gone = timeout(LONG, gone).await.expect("closed");
    assert_eq!(gone.strangers.errors["timed_out"], 4);
    assert_eq!(begun.elapsed().as_secs(), settings(0).timing.handshake.as_secs());
    let one = Node::start(&net, settings(1), peers(2));
    one.linked(0).await;
}

#[tokio::test(start_paused = true)]
async fn t57_whoever_breaks_the_rules_is_cut_off_for_a_while() {
    let net = Net::new();
    let mut zero = Node::start(&net, settings(0), callers(3));
    let two = Node::start(&net, settings(2), peers(3));
    let (host, _) = net.host("host-1");
    let cases: [(&[u8], &str); 5] = [
        (&[0xff, 0xff, 0xff, 0xff, 5], "a piece of 4294967295 bytes on channel bodies, the last"),
        (&[0, 0, 0x80, 0, 2], "a frame of 32768 bytes or more on channel votes: the limit is 16384"),
        (&[0, 0, 0, 1, 99], "unknown channel 99"),
        (&[0, 0, 0, 1, 1, 7], "a frame with tag 7 on channel certificates"),
        (&[0, 0, 0, 1, 0, 1], "control frame: it does not decode"),
    ];
    for (bytes, reason) in cases {
        let mut puppet = Puppet::link(&host, 1, 0).await;
        zero.linked(1).await;
        puppet.raw(bytes).await;
        let cut_off = zero.until(1, |peer| peer.state == LinkState::CutOff).await;
        assert_eq!(cut_off.last_error, Some(format!("the peer broke the rules of the link: {reason}")));
        let mut again = Puppet::link(&host, 1, 0).await;
        assert_eq!(again.word().await, Some(Control::Goodbye(Goodbye::CutOff)));
        tokio::time::sleep(settings(0).timing.max_cut_off).await;
    }
    assert!(zero.inbox.try_recv().is_err());
    two.send(0, &frame(2, 1, 10));
    assert_eq!(zero.receive().await.0, id(2), "others notice nothing");
    assert_eq!(zero.peer(2).links, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_at_a_tcp_address_is_found_before_anything_is_said() {
    let nodes = on_tcp([settings(0)]);
    let address = nodes[0].links.address().expect("listens").to_string();
    let stream = Tcp.dial(&address).await.expect("connects");
    let Err(error) = Puppet::call(stream, 1, 2).await else { panic!("key 0 is not key 2") };
    assert!(error.to_string().contains("WrongKey"), "{error}");
    nodes[0].links.close().await;
}

#[tokio::test(start_paused = true)]
async fn t57_a_peer_that_calls_all_the_time_is_sent_away() {
    let net = Net::new();
    let mut zero = Node::start(&net, settings(0), callers(3));
    let two = Node::start(&net, settings(2), peers(3));
    zero.linked(2).await;
    let (host, _) = net.host("host-1");
    let mut puppets = Vec::new();
    for _ in 0..40 {
        puppets.push(Puppet::link(&host, 1, 0).await);
    }
    assert_eq!(puppets[39].word().await, Some(Control::Goodbye(Goodbye::CutOff)));
    assert_eq!(zero.peer(1).links, 16, "the newest that was not too much stays");
    assert!(is_linked(&zero.peer(1)));
    two.send(0, &frame(2, 1, 10));
    assert_eq!(zero.receive().await.0, id(2));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _later = Puppet::link(&host, 1, 0).await;
    zero.until(1, |peer| peer.links == 17).await;
}
