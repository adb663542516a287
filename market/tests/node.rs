//! Nodes as processes of their own: a test network on loopback is written, started, asked, and stopped.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A node ends in order within this time.
const GRACE: Duration = Duration::from_secs(10);

fn galen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galen"));
    let keys = std::env::var_os("GALEN_KEYS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/galen-test-keys"),
        PathBuf::from,
    );
    command.env("GALEN_KEYS_DIR", keys).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("it can be started")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A test network, stopped when dropped.
struct Network(tempfile::TempDir);

impl Network {
    fn of(members: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let written =
            output(galen().args(["testnet", "--members", &members.to_string(), "--dir"]).arg(dir.path()));
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

    fn node(&self, what: &[&str], member: usize) -> Output {
        output(galen().arg("node").args(what).arg("--home").arg(self.home(member)))
    }

    fn status(&self, member: usize) -> Value {
        let asked = self.node(&["status", "--json"], member);
        assert!(asked.status.success(), "{}", errors(&asked));
        let text = String::from_utf8_lossy(&asked.stdout).into_owned();
        serde_json::from_str(text.lines().last().unwrap_or_default()).expect("JSON")
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.script("stop.sh");
    }
}

#[test]
fn members_in_processes_of_their_own_make_blocks_and_stop_in_order() {
    let network = Network::of(4);
    let started = network.script("start.sh");
    assert!(started.status.success(), "{}{}", String::from_utf8_lossy(&started.stdout), errors(&started));
    // The chain moves by itself: every member gets past a height that no member had.
    let height = |member| network.status(member)["height"].as_u64().unwrap();
    let target = (0..4).map(height).max().unwrap() + 2;
    let patience = Instant::now() + Duration::from_secs(60);
    for member in 0..4 {
        while height(member) < target {
            assert!(Instant::now() < patience, "member {member} stands still: {}", network.status(member));
        }
    }
    let second = network.node(&["run"], 0);
    assert!(!second.status.success(), "two processes on one home");
    assert!(errors(&second).contains("in use"), "{}", errors(&second));
    let begun = Instant::now();
    network.script("stop.sh");
    assert!(begun.elapsed() < GRACE, "stopping took {:?}", begun.elapsed());
    let asked = network.node(&["status"], 0);
    assert!(!asked.status.success(), "a node that was stopped answers");
}

#[test]
fn mistakes_in_a_home_are_named_before_anything_starts() {
    let network = Network::of(4);
    let checked = network.node(&["config", "check"], 1);
    assert!(checked.status.success(), "{}", errors(&checked));
    let config = network.home(1).join("config.toml");
    let good = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, good.replacen("[links]", "[links]\nlisten_on = \"x\"", 1)).unwrap();
    for what in [["config", "check"].as_slice(), &["run"]] {
        let refused = network.node(what, 1);
        assert!(!refused.status.success());
        assert!(errors(&refused).contains("listen_on"), "{}", errors(&refused));
    }
    std::fs::write(&config, &good).unwrap();
    // Another founder's voting key.
    std::fs::copy(network.home(2).join("voting_key"), network.home(1).join("voting_key")).unwrap();
    let refused = network.node(&["run"], 1);
    assert!(!refused.status.success());
    assert!(errors(&refused).contains("that of member 2"), "{}", errors(&refused));
}
