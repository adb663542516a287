//! Real processes, killed.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use galen_ledger::TxHash;

use crate::consortium::start_with;

/// Cycles are short, so that processes die near their ends too.
fn start(dir: &std::path::Path) -> galen_ledger::Consortium {
    start_with(dir, |settings| {
        settings.parameters.cycle_blocks = 6;
        settings.parameters.beacon_interval = 6;
    })
}

/// Not a test of its own: the process that [`t54_what_was_acknowledged_survives_kill_9`] kills. It submits without end,
/// and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs until it is killed"]
async fn victim() {
    let Ok(dir) = std::env::var("GALEN_LEDGER_VICTIM") else { return };
    let first: u64 =
        std::env::var("GALEN_LEDGER_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let consortium = start(std::path::Path::new(&dir));
    for number in first.. {
        let submitted = consortium.submit(format!("nonce {number}").into_bytes()).await.expect("accepted");
        assert!(submitted.receipt.accepted);
        println!("acknowledged {number}");
    }
}

struct Victim(Child);

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn victim_at(dir: &std::path::Path, first: u64) -> Victim {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "crash::victim", "--ignored", "--nocapture"])
        .env("GALEN_LEDGER_VICTIM", dir)
        .env("GALEN_LEDGER_FIRST", first.to_string())
        .stdout(Stdio::piped())
        .spawn();
    Victim(child.expect("starts"))
}

/// Reads what the victim acknowledges, and kills it after some.
fn kill_after(mut victim: Victim, count: usize) -> Option<u64> {
    let output = BufReader::new(victim.0.stdout.take().expect("piped"));
    let numbers = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.trim().rsplit_once("acknowledged ")?.1.parse().ok());
    let last = numbers.take(count).last();
    victim.0.kill().expect("kills");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn t54_what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().expect("dir");
    let mut acknowledged = 0;
    for round in [1, 3, 12, 25] {
        let last = kill_after(victim_at(dir.path(), acknowledged), round);
        acknowledged = last.expect("something was acknowledged") + 1;
    }
    let consortium = start(dir.path());
    for number in 0..acknowledged {
        let tx = TxHash::of(format!("nonce {number}").as_bytes());
        let mut receipts = Vec::new();
        for node in consortium.nodes() {
            receipts.extend(node.receipt(&tx).expect("reads"));
        }
        assert!(!receipts.is_empty(), "{number} is lost");
    }
    let after = consortium.submit(*b"set alive yes");
    let after =
        tokio::time::timeout(Duration::from_secs(30), after).await.expect("goes on").expect("accepted");
    consortium.settled(after.height).await.expect("settles");
    let positions: Vec<_> = consortium.nodes().iter().map(|node| node.position()).collect();
    assert!(positions.iter().all(|position| position.height >= after.height));
    let path = dir.path().join("chain");
    consortium.export(&path).await.expect("exports");
    let audited = galen_ledger::verify_chain_file(&path, None, |_, _| Ok(crate::app::Registers::new()));
    assert!(audited.is_ok(), "{:?}", audited.err());
}
