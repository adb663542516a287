//! Members that make mini-blocks, give receipts, and order them.

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use galen_ledger::{
    Application, Consortium, ConsortiumSettings, MemberIndex, MemoryBlobs, Node, NodeSettings,
    chain::{Block, Parameters},
    codec::Decode,
    consensus::{Message, Timing},
    lanes::route,
    node::{Frame, MemoryLinks, StartError, Transport, Verify, transport::MemoryLink},
    types::{Height, TxHash},
};
use tokio::time::timeout;

use super::{Counting, member};
use crate::{links::LONG, rules::world_with};

pub const TIMING: Timing = Timing { delta: Duration::from_millis(1500), max_delta: Duration::from_secs(8) };

fn start(
    dir: &Path,
    members: usize,
    groups: u16,
    adjust: impl FnOnce(&mut ConsortiumSettings),
) -> Consortium {
    let mut settings = ConsortiumSettings::new(dir, b"config".to_vec());
    settings.members = members;
    settings.parameters.groups = groups;
    settings.timing = TIMING;
    adjust(&mut settings);
    Consortium::start(settings, |_, _| Counting::new()).expect("starts")
}

/// The final blocks up to a height.
pub async fn blocks(node: &Node, height: Height) -> Vec<Block> {
    let mut blocks = Vec::new();
    for at in 1..=height.get() {
        blocks.push(node.block(Height::new(at)).await.expect("reads").expect("is there").0);
    }
    blocks
}

/// Submits so many transactions by so many clients.
async fn submit_all(consortium: &Arc<Consortium>, clients: usize, each: usize) {
    let clients: Vec<_> = (0..clients)
        .map(|client| {
            let consortium = Arc::clone(consortium);
            tokio::spawn(async move {
                for round in 0..each {
                    let tx = format!("set key{client} {round}").into_bytes();
                    let submitted =
                        timeout(LONG, consortium.submit(tx)).await.expect("in time").expect("final");
                    assert!(submitted.receipt.accepted);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("joins");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_travels_in_mini_blocks_and_the_export_shows_who_authored_it() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = Arc::new(start(dir.path(), 4, 1, |_| {}));
    submit_all(&consortium, 8, 6).await;
    let node = &consortium.nodes()[0];
    let height = consortium.height();
    consortium.settled(height).await.expect("settles");
    let blocks = blocks(node, height).await;
    let lanes: Vec<_> = blocks.iter().flat_map(|block| &block.lanes).collect();
    let in_lanes: usize = lanes.iter().map(|lane| lane.included()).sum();
    let txs: usize = blocks.iter().map(|block| block.txs.len()).sum();
    let receipted = lanes.iter().filter(|lane| lane.receipts.len() == 2).count();
    let authors: BTreeSet<_> = lanes.iter().map(|lane| lane.header.author).collect();
    println!("{in_lanes} of {txs} in {} lanes of {authors:?}, {receipted} with f + 1 receipts", lanes.len());
    assert!(txs == 48 && in_lanes * 2 > txs && authors.len() == 4);
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let audit =
        galen_ledger::verify_chain_file(&path, None, |_, _| Ok(Counting::new() as Arc<dyn Application>));
    let audited = audit.expect("verifies");
    let shown = audited.blocks().iter().map(|block| block.block.lanes.len()).sum::<usize>();
    assert!(shown >= lanes.len());
    timeout(LONG, consortium.stop()).await.expect("stops");
}

async fn groups_share_the_work(members: usize, groups: u16) {
    let dir = tempfile::tempdir().expect("dir");
    // Members are slow where many of them share a machine: nobody is to be taken for absent.
    let patient = Timing { delta: Duration::from_secs(5), max_delta: Duration::from_secs(8) };
    let consortium = Arc::new(start(dir.path(), members, groups, |settings| settings.timing = patient));
    submit_all(&consortium, 12, 2).await;
    let node = &consortium.nodes()[0];
    let height = consortium.height();
    timeout(LONG, consortium.settled(height)).await.expect("in time").expect("settles");
    for other in consortium.nodes() {
        let value = other.read(|state, _| galen_ledger::StateRead::get(state, b"key3")).expect("reads");
        assert_eq!(value.as_deref(), Some(b"1".as_slice()));
    }
    let (mut in_place, mut orphans) = (BTreeSet::new(), 0);
    for block in blocks(node, height).await {
        let mut rest = block.txs.iter();
        for lane in &block.lanes {
            for tx in rest.by_ref().take(lane.included()) {
                let key = Counting::new().conflict_key(tx).expect("has one");
                let routed = route::group_of(&key, usize::from(groups));
                match routed == usize::from(lane.header.group) {
                    true => drop(in_place.insert(lane.header.group)),
                    false => orphans += 1,
                }
            }
        }
    }
    println!("groups {in_place:?} have authored their own, {orphans} transactions are orphans");
    assert_eq!(in_place.len(), usize::from(groups));
    timeout(LONG, consortium.stop()).await.expect("stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_groups_author_what_is_routed_to_them() {
    groups_share_the_work(8, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_groups_author_what_is_routed_to_them() {
    groups_share_the_work(13, 3).await;
}

/// A number used twice is evidence, and bars an honest member.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_lost_the_numbers_of_their_mini_blocks_use_none_twice() {
    let dir = tempfile::tempdir().expect("dir");
    let mut lanes = 0;
    for rounds in [4, 8] {
        let consortium = Arc::new(start(dir.path(), 4, 1, |_| {}));
        submit_all(&consortium, 8, rounds).await;
        let node = &consortium.nodes()[0];
        let blocks = blocks(node, node.height()).await;
        let headers: Vec<_> = blocks.iter().flat_map(|block| &block.lanes).map(|lane| lane.header).collect();
        let numbers: BTreeSet<_> =
            headers.iter().map(|header| (header.cycle, header.author, header.number)).collect();
        assert_eq!(numbers.len(), headers.len(), "a number is used twice");
        assert!(numbers.len() > lanes, "no mini-blocks");
        lanes = numbers.len();
        timeout(LONG, consortium.stop()).await.expect("stops");
        drop(consortium);
        for member in 0..4 {
            let file = dir.path().join(format!("member-{member}/log/mini_blocks"));
            std::fs::remove_file(file).expect("is there");
        }
    }
}

/// Loses what a member asks others to author.
struct Censored(MemoryLink);

impl Transport for Censored {
    fn send(&self, to: MemberIndex, frame: &Frame) {
        if !matches!(Message::from_bytes(frame), Ok(Message::Tx(_))) {
            self.0.send(to, frame);
        }
    }
}

/// A transaction whose group does nothing with it is authored by the member that it was submitted to.
#[tokio::test(flavor = "multi_thread")]
async fn what_its_group_censors_is_authored_by_the_member_it_was_submitted_to() {
    let dir = tempfile::tempdir().expect("dir");
    let (genesis, keys) = world_with(8, Parameters { groups: 2, ..Parameters::default() });
    let links = MemoryLinks::new();
    let nodes: Vec<_> = (0..8)
        .map(|index| {
            let (me, home) = (member(index), dir.path().join(format!("member-{index}")));
            let mut settings = NodeSettings::new(home, Arc::clone(&genesis), me, keys[me.at()].clone());
            settings.timing = TIMING;
            let link: Box<dyn Transport> = match index {
                0 => Box::new(Censored(links.of(me))),
                _ => Box::new(links.of(me)),
            };
            let node =
                Node::start(settings, Counting::new(), Arc::new(MemoryBlobs::new()), link).expect("starts");
            links.connect(me, Some(node.inbox()));
            node
        })
        .collect();
    let committee = nodes[0].committee();
    let mine = route::group_of_member(&committee, member(0)).expect("has a seat");
    let keys = (0..).map(|number| format!("key{number}"));
    let key = keys.into_iter().find(|key| route::group_of(key.as_bytes(), 2) != usize::from(mine));
    let tx = format!("set {} 1", key.expect("there is one")).into_bytes();
    let submitted = timeout(LONG, nodes[0].submit(tx.clone())).await.expect("in time").expect("final");
    assert!(submitted.receipt.accepted);
    let block = nodes[0].block(submitted.height).await.expect("reads").expect("is there").0;
    let place = block.tx_hashes().iter().position(|hash| *hash == TxHash::of(&tx)).expect("is in it");
    let lane = block.lanes.iter().scan(0, |end, lane| {
        *end += lane.included();
        Some((*end, lane))
    });
    let lane = lane.into_iter().find(|(end, _)| place < *end).expect("is in a lane").1;
    assert_eq!((lane.header.author, lane.header.group), (member(0), mine));
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_trust_receipts_go_on_and_refuse_to_trust_fewer_than_f_plus_1() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = Arc::new(start(dir.path(), 4, 1, |settings| {
        settings.verify = Verify::Receipts { least: Some(2) };
    }));
    submit_all(&consortium, 4, 4).await;
    timeout(LONG, consortium.stop()).await.expect("stops");
    let (genesis, keys) = world_with(4, Parameters::default());
    for receipts in [0, 1, 3] {
        let home = dir.path().join("refused");
        let mut settings = NodeSettings::new(home, Arc::clone(&genesis), member(0), keys[0].clone());
        settings.verify = Verify::Receipts { least: Some(receipts) };
        let link = Box::new(MemoryLinks::new().of(member(0)));
        let refused = Node::start(settings, Counting::new(), Arc::new(MemoryBlobs::new()), link).err();
        let error = refused.expect("refused");
        assert!(matches!(error, StartError::Receipts { least: 2, .. }), "{error}");
        assert!(error.to_string().contains("set 2, or leave the number out"), "{error}");
    }
}
