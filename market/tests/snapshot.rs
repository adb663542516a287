//! `galen node snapshot` and `galen node restore`: a member that has lost its chain begins with the state of another.

#![allow(clippy::unwrap_used)]

mod program;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use program::{errors, galen, output};
use serde_json::Value;

const CYCLE: u64 = 6;

/// A test network in short cycles, stopped when dropped.
struct Network(tempfile::TempDir);

impl Network {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cycle = CYCLE.to_string();
        let mut command = galen();
        command.args([
            "testnet",
            "--gateways",
            "0",
            "--cycle-blocks",
            &cycle,
            "--beacon-interval",
            &cycle,
            "--dir",
        ]);
        let written = output(command.arg(dir.path()));
        assert!(written.status.success(), "{}", errors(&written));
        Self(dir)
    }

    fn home(&self, member: usize) -> PathBuf {
        self.0.path().join(format!("member-{member}"))
    }

    fn script(&self, name: &str) -> Output {
        let mut command = Command::new(self.0.path().join(name));
        output(command.env("GALEN", env!("CARGO_BIN_EXE_galen")).stdin(Stdio::null()))
    }

    fn node(&self, what: &str, member: usize, rest: &[&str]) -> Output {
        output(galen().args(["node", what, "--home"]).arg(self.home(member)).args(rest))
    }

    fn start(&self) {
        let started = self.script("start.sh");
        assert!(started.status.success(), "{}{}", String::from_utf8_lossy(&started.stdout), errors(&started));
    }

    /// Asks a member until it is so high.
    fn reach(&self, member: usize, height: u64) {
        let patience = Instant::now() + Duration::from_secs(300);
        loop {
            let asked = self.node("status", member, &["--json"]);
            let text = String::from_utf8_lossy(&asked.stdout).into_owned();
            let status: Value =
                serde_json::from_str(text.lines().last().unwrap_or_default()).unwrap_or_default();
            if status["height"].as_u64().is_some_and(|now| now >= height) {
                return;
            }
            assert!(Instant::now() < patience, "member {member} stands still: {status} {}", errors(&asked));
        }
    }
}

impl Network {
    /// A member has nothing of the chain any more. What it has signed stays.
    fn forget(&self, member: usize) {
        let data = self.home(member).join("data");
        for entry in std::fs::read_dir(data.join("log")).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-")) {
                std::fs::remove_file(path).unwrap();
            }
        }
        for folder in ["state", "snapshots"] {
            std::fs::remove_dir_all(data.join(folder)).unwrap();
        }
    }

    /// Sets a field of a member's configuration that has its usual value.
    fn set(&self, member: usize, from: &str, to: &str) {
        let file = self.home(member).join("config.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    fn log(&self, member: usize) -> String {
        std::fs::read_to_string(self.0.path().join(format!("logs/member-{member}.log"))).unwrap()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.script("stop.sh");
    }
}

#[test]
fn a_member_without_its_chain_is_given_a_snapshot_and_goes_on() {
    let network = Network::new();
    let file = network.0.path().join("snapshot").display().to_string();
    let early = network.node("snapshot", 0, &["--out", &file]);
    assert_eq!(early.status.code(), Some(1));
    assert!(errors(&early).contains(&format!("first at height {CYCLE}")), "{}", errors(&early));
    network.start();
    (0..4).for_each(|member| network.reach(member, CYCLE + 1));
    // Written beside everything else, so perhaps a moment later.
    let patience = Instant::now() + Duration::from_secs(60);
    let mut saved = network.node("snapshot", 0, &["--out", &file]);
    while !saved.status.success() && Instant::now() < patience {
        saved = network.node("snapshot", 0, &["--out", &file]);
    }
    assert!(saved.status.success(), "{}", errors(&saved));
    let running = network.node("restore", 1, &["--snapshot", &file]);
    assert!(!running.status.success() && errors(&running).contains("in use"), "{}", errors(&running));
    network.script("stop.sh");

    network.forget(1);
    let bytes = std::fs::read(&file).unwrap();
    let damaged = network.0.path().join("damaged").display().to_string();
    let mut copy = bytes.clone();
    copy[bytes.len() / 2] ^= 1;
    std::fs::write(&damaged, copy).unwrap();
    let refused = network.node("restore", 1, &["--snapshot", &damaged]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors(&refused).contains("is refused"), "{}", errors(&refused));
    let other = Network::new();
    let stranger = other.node("restore", 1, &["--snapshot", &file]);
    assert!(errors(&stranger).contains("this is chain"), "{}", errors(&stranger));
    let restored = network.node("restore", 1, &["--snapshot", &file]);
    assert!(restored.status.success(), "{}", errors(&restored));
    network.start();
    network.reach(1, 2 * CYCLE + 2);
    // One that is to keep the whole chain fetches every block.
    network.script("stop.sh");
    network.forget(2);
    network.set(2, "snapshot_lag = 10000", "snapshot_lag = 0");
    network.start();
    network.reach(2, 2 * CYCLE + 4);
    assert!(!network.log(2).contains("with a snapshot"), "{}", network.log(2));
}
