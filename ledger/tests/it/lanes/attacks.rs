//! T51: members that withhold mini-blocks, make two of one number, or fill them with rubbish.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use galen_ledger::{
    BlobHash, MemberIndex, MemoryBlobs, Node, NodeSettings, View,
    chain::{Block, Evidence, Parameters, Upkeep},
    codec::{Decode, Encode},
    consensus::{CompactProposal, Message, Proposal},
    lanes::{MiniBlock, Receipt, route},
    node::{Frame, MemoryLinks, Transport, transport::MemoryLink},
    types::{Height, TxHash},
};
use tokio::time::timeout;

use super::{
    Counting, World, member,
    network::{TIMING, blocks},
};
use crate::{links::LONG, rules::world_with};

/// The member that leads view 1, played by the test.
const BAD: MemberIndex = MemberIndex::new(1);

/// A link of which the test hears what is said to the bad member.
struct Tapped(MemoryLink, mpsc::Sender<Message>);

impl Transport for Tapped {
    fn send(&self, to: MemberIndex, frame: &Frame) {
        match Message::from_bytes(frame) {
            Ok(message) if to == BAD => drop(self.1.send(message)),
            _ => self.0.send(to, frame),
        }
    }
}

/// Members 0, 2 and 3 of four.
fn honest(dir: &Path) -> Vec<Node> {
    honest_heard(dir).0
}

fn honest_heard(dir: &Path) -> (Vec<Node>, mpsc::Receiver<Message>) {
    let (tap, heard) = mpsc::channel();
    let ((genesis, keys), links) = (world_with(4, Parameters::default()), MemoryLinks::new());
    let nodes = [0, 2, 3].map(|index| {
        let (me, home) = (member(index), dir.join(format!("member-{index}")));
        let mut settings = NodeSettings::new(home, Arc::clone(&genesis), me, keys[me.at()].clone());
        settings.timing = TIMING;
        let link = Box::new(Tapped(links.of(me), tap.clone()));
        let node =
            Node::start(settings, Counting::new(), Arc::new(MemoryBlobs::new()), link).expect("starts");
        links.connect(me, Some(node.inbox()));
        node
    });
    (nodes.into(), heard)
}

fn say(node: &Node, message: &Message) {
    let frame: Frame = message.to_bytes().into();
    assert!(node.inbox().deliver(BAD, &frame));
}

/// The bad leader's proposal of view 1 with one mini-block of its own.
fn proposal(world: &World, mini: &Arc<MiniBlock>) -> (Arc<Block>, Message) {
    let block = world.build(vec![world.offer(mini, &[1])], &[]);
    assert_eq!((block.header.proposer, block.lanes.len()), (BAD, 1));
    let scope = world.committee().scope();
    let proposal = Proposal::sign(View::new(1), Arc::clone(&block), &scope, &world.keys[BAD.at()]);
    (block, Message::Compact(CompactProposal::of(&proposal)))
}

async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t51_a_mini_block_that_its_proposer_withholds_is_pulled_from_the_others() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, nodes) = (World::new(4, 1), honest(dir.path()));
    let mini = world.mini(BAD.get(), 0, &["set a 1", "set b 2"]);
    let (block, compact) = proposal(&world, &mini);
    say(&nodes[1], &Message::MiniBlock(mini));
    nodes.iter().for_each(|node| say(node, &compact));
    for node in &nodes {
        timeout(LONG, node.reached(Height::new(1))).await.expect("in time").expect("runs");
        let found = blocks(node, Height::new(1)).await.remove(0);
        assert_eq!(found.hash(), block.hash(), "the block of view 1 is final");
    }
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mini_block_that_nobody_has_costs_its_proposer_the_view_and_the_chain_goes_on() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, nodes) = (World::new(4, 1), honest(dir.path()));
    let (block, compact) = proposal(&world, &world.mini(BAD.get(), 0, &["set a 1"]));
    nodes.iter().for_each(|node| say(node, &compact));
    let submitted = timeout(LONG, nodes[0].submit(*b"set c 3")).await.expect("in time").expect("final");
    assert!(submitted.receipt.accepted);
    let chain = blocks(&nodes[0], submitted.height).await;
    assert!(chain.iter().all(|found| found.hash() != block.hash() && found.header.view > View::new(1)));
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_mini_block_is_not_what_its_block_says_loses_the_view() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, nodes) = (World::new(4, 1), honest(dir.path()));
    let mini = world.mini(BAD.get(), 0, &["set a 1", "set b 2"]);
    let (block, compact) = proposal(&world, &mini);
    let Message::Compact(mut lying) = compact else { unreachable!() };
    // The header is the block's; what travels with it is not what the header commits to.
    lying.lanes[0].omitted.push(galen_ledger::lanes::lane::Omitted { place: 0, tx: mini.tx_hashes()[0] });
    nodes.iter().for_each(|node| {
        say(node, &Message::MiniBlock(Arc::clone(&mini)));
        say(node, &Message::Compact(lying.clone()));
    });
    let submitted = timeout(LONG, nodes[0].submit(*b"set c 3")).await.expect("in time").expect("final");
    let chain = blocks(&nodes[0], submitted.height).await;
    assert!(chain.iter().all(|found| found.hash() != block.hash()));
    // Its mini-block is good all the same, and gets in by others.
    assert!(chain.iter().any(|found| found.txs.contains(&b"set a 1".to_vec())));
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t51_an_author_of_two_mini_blocks_with_one_number_is_accused_in_a_block() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, nodes) = (World::new(4, 1), honest(dir.path()));
    say(&nodes[0], &Message::MiniBlock(world.mini(BAD.get(), 5, &["set a 1"])));
    for tx in ["set a 1", "set a 2"] {
        say(&nodes[2], &Message::MiniBlock(world.mini(BAD.get(), 5, &[tx])));
    }
    let accused = async {
        let (mut height, mut look) = (0, tokio::time::interval(Duration::from_millis(50)));
        loop {
            look.tick().await;
            while let Some((block, _)) = nodes[0].block(Height::new(height + 1)).await.expect("reads") {
                height += 1;
                let is_proof = |item: &Upkeep| matches!(item, Upkeep::Evidence(Evidence::MiniBlocks(minis)) if minis[0].0.author == BAD);
                if block.upkeep.iter().any(is_proof) {
                    return;
                }
            }
        }
    };
    timeout(LONG, accused).await.expect("in time");
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_checked_a_mini_block_gives_a_receipt_and_for_rubbish_there_is_none() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, (nodes, heard)) = (World::new(4, 1), honest_heard(dir.path()));
    let rubbish = world.mini(BAD.get(), 0, &["set a 1", "junk"]);
    let good = world.mini(BAD.get(), 1, &["set b 2", "set c 3"]);
    let committee = world.committee();
    let [bad_name, name] = [&rubbish, &good].map(|mini| mini.header.hash(&committee.scope().chain_id));
    for node in &nodes {
        say(node, &Message::MiniBlock(Arc::clone(&rubbish)));
        say(node, &Message::MiniBlock(Arc::clone(&good)));
    }
    let receipted = tokio::task::spawn_blocking(move || {
        let mut signers = BTreeSet::new();
        while signers.len() < 3 {
            let Message::Receipts(receipts) = heard.recv_timeout(LONG).expect("in time") else { continue };
            assert_ne!(receipts.mini, bad_name, "a receipt for rubbish");
            for (signer, signature) in receipts.signed {
                assert!(Receipt { signer, signature }.verify(&name, &committee).is_ok());
                signers.insert(signer);
            }
        }
        signers
    });
    assert_eq!(receipted.await.expect("ends"), [0, 2, 3].map(member).into());
    stop(nodes).await;
}

/// What is asked of the bad member to author it puts into a mini-block with something that nobody can complete.
#[tokio::test(flavor = "multi_thread")]
async fn t51_a_transaction_in_a_mini_block_that_never_becomes_complete_is_authored_by_others() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, nodes) = (World::new(4, 1), honest(dir.path()));
    let committee = world.committee();
    let asked = |number: &u32| {
        let (key, tx) = (format!("key{number}"), format!("set key{number} 1"));
        route::authors(&committee, key.as_bytes(), &TxHash::of(tx.as_bytes())).first() == Some(&BAD)
    };
    let number = (0..).find(asked).expect("there is one");
    let (tx, nowhere) = (format!("set key{number} 1"), format!("keep {}", BlobHash::from_bytes([9; 32])));
    let mini = world.mini(BAD.get(), 0, &[&tx, &nowhere]);
    nodes.iter().for_each(|node| say(node, &Message::MiniBlock(Arc::clone(&mini))));
    // Before the blob is given up, which takes half a minute.
    let submitted = timeout(LONG / 12, nodes[0].submit(tx.into_bytes())).await.expect("in time");
    assert!(submitted.expect("final").receipt.accepted);
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mini_block_that_is_asked_for_many_times_at_once_is_sent_once() {
    let dir = tempfile::tempdir().expect("dir");
    let (world, (nodes, heard)) = (World::new(4, 1), honest_heard(dir.path()));
    let [one, two] =
        [(0, "set a 1"), (1, "set b 2")].map(|(number, tx)| world.mini(BAD.get(), number, &[tx]));
    let name = |mini: &MiniBlock| mini.header.hash(&world.genesis.chain_id());
    for mini in [&one, &two] {
        say(&nodes[0], &Message::MiniBlock(Arc::clone(mini)));
    }
    say(&nodes[0], &Message::FetchMinis(vec![name(&one); 64]));
    say(&nodes[0], &Message::FetchMinis(vec![name(&two)]));
    let counted = tokio::task::spawn_blocking(move || {
        let mut count = 0;
        loop {
            match heard.recv_timeout(LONG).expect("in time") {
                Message::MiniBlock(mini) if mini == two => return count,
                Message::MiniBlock(mini) if mini == one => count += 1,
                _ => {}
            }
        }
    });
    // What is in no block after Δ is sent to all again, which may come between.
    let count = counted.await.expect("ends");
    assert!((1..=4).contains(&count), "{count} times");
    stop(nodes).await;
}
