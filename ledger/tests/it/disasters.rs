//! What happens to whole nodes: partitions, full disks, damaged files, clocks that are hours off, floods. Real nodes with real
//! files.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use galen_ledger::{
    Application, Blobs, Consortium, ConsortiumError, ConsortiumSettings, MemberIndex, MemoryBlobs, Node,
    NodeSettings, NodeStatus, TxHash,
    chain::Genesis,
    codec::Encode,
    consensus::{Message, Timing},
    crypto::SecretKey,
    node::{Frame, MemoryLinks, StartError, Transport},
};
use tokio::time::timeout;

use crate::{
    app::Registers,
    consortium::start,
    links::LONG,
    rules::{Bench, world},
};

fn member(number: u16) -> MemberIndex {
    MemberIndex::new(number)
}

/// Links that lose what goes from one half of the members to the other, while they are parted.
struct Parted {
    from: MemberIndex,
    parted: Arc<AtomicBool>,
    links: Box<dyn Transport>,
}

impl Transport for Parted {
    fn send(&self, to: MemberIndex, frame: &Frame) {
        let same = (self.from.get() < 2) == (to.get() < 2);
        if same || !self.parted.load(Ordering::SeqCst) {
            self.links.send(to, frame);
        }
    }
}

fn node(dir: &Path, number: u16, links: Box<dyn Transport>) -> Result<Node, StartError> {
    let (genesis, keys) = world(4);
    node_of(dir, number, links, genesis, keys[usize::from(number)].clone())
}

fn node_of(
    dir: &Path,
    number: u16,
    links: Box<dyn Transport>,
    genesis: Arc<Genesis>,
    key: SecretKey,
) -> Result<Node, StartError> {
    let home = dir.join(format!("member-{number}"));
    let mut settings = NodeSettings::new(home, genesis, member(number), key);
    settings.timing = Timing { delta: Duration::from_millis(300), max_delta: Duration::from_secs(4) };
    let blobs: Arc<dyn Blobs> = Arc::new(MemoryBlobs::new());
    let app: Arc<dyn Application> = Registers::with_blobs(Arc::clone(&blobs));
    Node::start(settings, app, blobs, links)
}

async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        timeout(LONG, node.stop()).await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t53_two_halves_decide_nothing_and_agree_again_when_they_meet() {
    let dir = tempfile::tempdir().expect("dir");
    let (links, parted) = (MemoryLinks::new(), Arc::new(AtomicBool::new(false)));
    let nodes: Vec<_> = (0..4)
        .map(|number| {
            let own = Box::new(links.of(member(number)));
            let own = Parted { from: member(number), parted: Arc::clone(&parted), links: own };
            let node = node(dir.path(), number, Box::new(own)).expect("starts");
            links.connect(member(number), Some(node.inbox()));
            node
        })
        .collect();
    let before = timeout(LONG, nodes[0].submit(*b"set before 1")).await.expect("in time").expect("final");
    for node in &nodes {
        timeout(LONG, node.reached(before.height)).await.expect("in time").expect("runs");
    }
    parted.store(true, Ordering::SeqCst);
    let waiting: Vec<_> = [(0, "set here 1"), (3, "set there 1")]
        .into_iter()
        .map(|(at, tx)| {
            let node: Node = Node::clone(&nodes[at]);
            tokio::spawn(async move { node.submit(tx.as_bytes().to_vec()).await })
        })
        .collect();
    // What was on its way when they parted may still arrive.
    assert!(
        timeout(Duration::from_secs(1), nodes[0].reached(before.height.next().next().next().next()))
            .await
            .is_err()
    );
    for node in &nodes {
        let progress = node.reached(node.height().next());
        assert!(timeout(Duration::from_secs(1), progress).await.is_err(), "two of four are no quorum");
    }
    parted.store(false, Ordering::SeqCst);
    let mut last = before.height;
    for submitted in waiting {
        let submitted = timeout(LONG, submitted).await.expect("in time").expect("joins").expect("final");
        last = last.max(submitted.height);
    }
    for node in &nodes {
        timeout(LONG, node.reached(last)).await.expect("in time").expect("runs");
    }
    for height in (1..=last.get()).map(galen_ledger::Height::new) {
        let mut hashes = Vec::new();
        for node in &nodes {
            hashes.push(node.block(height).await.expect("reads").expect("is there").0.hash());
        }
        assert!(hashes.iter().all(|hash| *hash == hashes[0]), "height {height}: {hashes:?}");
    }
    stop(nodes).await;
}

/// Not a test of its own: the process that [`t54_a_full_disk_stops_the_node_with_words_and_loses_nothing`] gives little room.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs until there is no room"]
async fn cramped() {
    let Ok(dir) = std::env::var("GALEN_LEDGER_CRAMPED") else { return };
    let consortium = start(Path::new(&dir));
    for number in 0u64.. {
        match timeout(Duration::from_secs(10), consortium.submit(long(number))).await {
            Ok(Ok(_)) => println!("acknowledged {number}"),
            Ok(Err(error)) => return println!("stopped: {error}"),
            // Those that have no room have stopped, and the others are no quorum.
            Err(_) => {
                for node in consortium.nodes() {
                    if let NodeStatus::Stopped(reason) = &*node.status().borrow() {
                        return println!("stopped: {reason}");
                    }
                }
            }
        }
    }
}

/// A transaction of 200 kB.
fn long(number: u64) -> Vec<u8> {
    format!("nonce {number} {}", "x".repeat(200_000)).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_a_full_disk_stops_the_node_with_words_and_loses_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    // No file can grow beyond this: to the process it is as if the disk were full.
    let limited = r#"ulimit -f 8192; trap "" XFSZ; exec "$0" "$@""#;
    let child = Command::new("sh")
        .args(["-c", limited])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "disasters::cramped", "--ignored", "--nocapture"])
        .env("GALEN_LEDGER_CRAMPED", dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.expect("starts");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let lines: Vec<String> = output.lines().map_while(Result::ok).collect();
    child.wait().expect("ends");
    let acknowledged = lines.iter().filter(|line| line.contains("acknowledged ")).count();
    let stopped = lines.iter().find(|line| line.contains("stopped: "));
    let stopped = stopped.unwrap_or_else(|| panic!("it did not stop in order: {lines:?}"));
    assert!(stopped.contains("no room to write") && stopped.contains("start the node again"), "{stopped}");
    assert!(acknowledged > 3, "{lines:?}");
    let consortium = start(dir.path());
    let nodes = consortium.nodes();
    for number in 0..acknowledged as u64 {
        let tx = TxHash::of(&long(number));
        let known = nodes.iter().any(|node| node.receipt(&tx).expect("reads").is_some());
        assert!(known, "{number} was acknowledged and is lost");
    }
    let after = timeout(LONG, consortium.submit(*b"set room yes")).await;
    assert!(after.expect("in time").expect("goes on").receipt.accepted);
}

/// Why a member does not start.
fn refusal(dir: &Path) -> String {
    let settings = ConsortiumSettings::new(dir, b"config".to_vec());
    match Consortium::start(settings, |_, blobs| Registers::with_blobs(blobs)) {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_a_damaged_log_is_named_and_can_be_fetched_again_from_the_others() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let mut last = consortium.height();
    for round in 0..4 {
        last = consortium.submit(format!("set a {round}").into_bytes()).await.expect("accepted").height;
    }
    consortium.settled(last).await.expect("settles");
    timeout(LONG, consortium.stop()).await.expect("stops");
    drop(consortium);
    let home = dir.path().join("member-2");
    let log = home.join("log/log-00000000");
    let mut bytes = std::fs::read(&log).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).expect("writes");
    let refusal = refusal(dir.path());
    for words in
        ["member 2", "log is damaged in log-00000000 at byte", "keeping the files sign_state and mini_blocks"]
    {
        assert!(refusal.contains(words), "{refusal}");
    }
    // What the words say to do.
    std::fs::remove_file(&log).expect("moves it away");
    std::fs::remove_dir_all(home.join("state")).expect("moves it away");
    let again = start(dir.path());
    let node = again.node(member(2)).expect("runs");
    timeout(LONG, node.reached(last)).await.expect("in time").expect("follows");
    assert_eq!(node.read(|state, _| state.get(b"a")).expect("reads").as_deref(), Some(&b"3"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_a_damaged_database_is_made_again_from_the_log() {
    let dir = tempfile::tempdir().expect("dir");
    let consortium = start(dir.path());
    let mut last = consortium.height();
    for round in 0..4 {
        last = consortium.submit(format!("set a {round}").into_bytes()).await.expect("accepted").height;
    }
    consortium.settled(last).await.expect("settles");
    let before = consortium.nodes()[1].position();
    timeout(LONG, consortium.stop()).await.expect("stops");
    drop(consortium);
    for (round, spoil) in [(0, 0u8), (1, 0x55), (2, 0xff)] {
        let database = dir.path().join("member-1/state/db");
        let length = std::fs::metadata(&database).expect("is there").len() as usize;
        let bytes = if round == 0 { Vec::new() } else { vec![spoil; length] };
        std::fs::write(&database, bytes).expect("damages");
        let again = start(dir.path());
        assert_eq!(again.nodes()[1].position(), before, "round {round}");
        timeout(LONG, again.stop()).await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_mistakes_of_operators_are_named() {
    let dir = tempfile::tempdir().expect("dir");
    let (genesis, keys) = world(4);
    let links = MemoryLinks::new();
    let own = || Box::new(links.of(member(0)));
    let first = node(dir.path(), 0, own()).expect("starts");
    let second = node(dir.path(), 0, own()).err().expect("one process a folder").to_string();
    assert!(second.contains("is in use by another process"), "{second}");
    stop(vec![first]).await;
    let key =
        node_of(dir.path(), 0, own(), Arc::clone(&genesis), keys[1].clone()).err().expect("another's key");
    assert!(key.to_string().starts_with("the key is not that of member 0 in cycle 0"), "{key}");
    let other = Arc::new(Genesis { name: "another".into(), ..Genesis::clone(&genesis) });
    let chain =
        node_of(dir.path(), 0, own(), other, keys[0].clone()).err().expect("another chain").to_string();
    assert!(chain.contains("the log is of chain") && chain.contains("or another folder"), "{chain}");
    let again = node(dir.path(), 0, own()).expect("nothing was changed by the mistakes");
    stop(vec![again]).await;
    let consortium = dir.path().join("consortium");
    timeout(LONG, start(&consortium).stop()).await.expect("stops");
    let config = ConsortiumSettings::new(&consortium, b"other".to_vec());
    let error =
        Consortium::start(config, |_, blobs| Registers::with_blobs(blobs)).err().expect("another genesis");
    assert!(matches!(error, ConsortiumError::OtherGenesis { .. }), "{error}");
}

/// A member whose clock is hours behind refuses what others propose, says why, and does not stop.
#[tokio::test(flavor = "multi_thread")]
async fn t50_clocks_that_are_hours_apart_are_noticed_and_stop_nobody() {
    let dir = tempfile::tempdir().expect("dir");
    let bench = Bench::new();
    let node = node(dir.path(), 0, Box::new(MemoryLinks::new().of(member(0)))).expect("starts");
    let hours = 3 * 3600 * 1000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let outcome = node.position().outcome;
    for view in [1u64, 2] {
        let mut block = galen_ledger::chain::Block::clone(&bench.on_genesis(view, "set a 1"));
        block.header.time_ms = u64::try_from(now.as_millis()).expect("a time") + hours;
        block.header.parent_outcome = outcome;
        let leader = block.header.proposer;
        let key = &bench.keys[leader.at()];
        let (scope, view) = (bench.scope(), block.header.view);
        let proposal = galen_ledger::consensus::Proposal::sign(view, Arc::new(block), &scope, key);
        node.inbox().deliver(leader, &Message::Propose(proposal).to_bytes().into());
        let nullified = galen_ledger::chain::Statement::Nullify { view };
        let certificate = bench.certificate(nullified, &[1, 2, 3]);
        let refused = async {
            while node.meter().rejected_proposals < view.get() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, refused).await.expect("refused");
        node.inbox().deliver(member(1), &Message::Certificate(certificate).to_bytes().into());
    }
    let offset = node.meter().clock_offset_ms().expect("two have spoken");
    assert!((offset - i64::try_from(hours).expect("fits")).abs() < 60_000, "{offset}");
    assert!(matches!(&*node.status().borrow(), NodeStatus::Running { .. }));
    stop(vec![node]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t57_a_member_that_floods_the_others_with_junk_delays_nobody() {
    let dir = tempfile::tempdir().expect("dir");
    let links = MemoryLinks::new();
    let start = |number| {
        let node = node(dir.path(), number, Box::new(links.of(member(number)))).expect("starts");
        links.connect(member(number), Some(node.inbox()));
        node
    };
    let nodes: Vec<_> = (1..4).map(start).collect();
    for number in 0..6000u32 {
        let junk: [Message; 2] = [
            Message::Tx(format!("junk {number}").into_bytes().into()),
            Message::Fetch(galen_ledger::types::BlockHash::from_bytes([number as u8; 32])),
        ];
        for node in &nodes {
            for junk in &junk {
                node.inbox().deliver(member(0), &junk.to_bytes().into());
            }
            node.inbox().deliver(member(0), &vec![0xff; 100].into());
        }
    }
    let submitted = timeout(LONG, nodes[1].submit(*b"set a 1")).await.expect("in time").expect("final");
    assert!(submitted.receipt.accepted);
    for node in &nodes {
        timeout(LONG, node.reached(submitted.height)).await.expect("in time").expect("runs");
        assert!(node.receipt(&TxHash::of(b"junk 0")).expect("reads").is_none());
    }
    stop(nodes).await;
}
