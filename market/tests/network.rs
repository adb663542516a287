//! Nodes as their operators run them: processes on loopback, killed, stopped, misconfigured.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

/// Longer than anything takes, on a machine that is shared.
const LONG: Duration = Duration::from_secs(180);

fn galen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galen"));
    let keys = std::env::var_os("GALEN_KEYS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/galen-test-keys"),
        PathBuf::from,
    );
    command.env("GALEN_KEYS_DIR", keys).env_remove("GALEN_LOG").stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn node(verb: &str, home: &Path) -> Command {
    let mut command = galen();
    command.args(["node", verb, "--home"]).arg(home);
    command
}

/// A test network whose processes end with it.
struct Net {
    dir: tempfile::TempDir,
    nodes: BTreeMap<usize, Child>,
}

impl Net {
    fn new(members: usize) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let output = galen()
            .args(["testnet", "--members", &members.to_string(), "--dir"])
            .arg(dir.path().join("net"))
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", said(&output));
        Self { dir, nodes: BTreeMap::new() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("net")
    }

    fn home(&self, member: usize) -> PathBuf {
        self.path().join(format!("member-{member}"))
    }

    fn start(&mut self, member: usize) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home(member).join("log.txt"));
        let child = node("run", &self.home(member)).stderr(log.expect("a log")).spawn().expect("it starts");
        self.nodes.insert(member, child);
    }

    fn kill(&mut self, member: usize) {
        let mut child = self.nodes.remove(&member).expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("it ends");
    }

    fn signal(&self, member: usize, signal: &str) {
        let id = self.nodes[&member].id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    fn log(&self, member: usize) -> String {
        fs::read_to_string(self.home(member).join("log.txt")).unwrap_or_default()
    }

    fn api(&self, member: usize) -> String {
        let text = fs::read_to_string(self.home(member).join("config.toml")).expect("a configuration");
        let config: toml::Value = toml::from_str(&text).expect("TOML");
        config["api"]["listen"].as_str().expect("an address").to_owned()
    }

    fn status(&self, member: usize) -> Option<Value> {
        let output = node("status", &self.home(member)).arg("--json").output().expect("it starts");
        serde_json::from_slice(&output.stdout).ok()
    }

    fn wait(&self, member: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status(member);
            if let Some(status) = status.as_ref().filter(|status| wanted(status)) {
                return status.clone();
            }
            assert!(begun.elapsed() < LONG, "{what}, member {member}: {status:?}\n{}", self.log(member));
        }
    }

    fn ready(&self, member: usize) -> Value {
        self.wait(member, "ready", |status| status["not_ready"].as_array().is_some_and(Vec::is_empty))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for child in self.nodes.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A plain GET.
fn get(address: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).expect("connects");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    answer
}

/// The same block at a height everywhere, whoever is asked whenever.
#[derive(Default)]
struct Chain(BTreeMap<u64, String>);

impl Chain {
    fn see(&mut self, status: &Value) {
        let (height, block) = (status["height"].as_u64().expect("a height"), status["block"].to_string());
        let known = self.0.entry(height).or_insert_with(|| block.clone());
        assert_eq!(*known, block, "a fork at height {height}");
    }

    fn height(&self) -> u64 {
        self.0.keys().last().copied().unwrap_or(0)
    }
}

/// `GALEN_KILLS=200` for longer; `GALEN_SEED` repeats one.
#[test]
fn members_killed_under_load_neither_fork_nor_lose_anything_and_the_story_plays_on_them() {
    let kills: usize = std::env::var("GALEN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let seed: u64 =
        std::env::var("GALEN_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(rand::random);
    println!("GALEN_SEED={seed} GALEN_KILLS={kills}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut net = Net::new(4);
    (0..4).for_each(|member| net.start(member));
    (0..4).for_each(|member| drop(net.ready(member)));
    let out = net.dir.path().join("out");
    let mut story = galen()
        .args(["demo", "--hospitals", "1", "--sample", "1", "--json", "--network"])
        .arg(net.path())
        .arg("--out")
        .arg(&out)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut chain = Chain::default();
    for _ in 0..kills {
        let member = rng.gen_range(0..4);
        net.kill(member);
        let others: Vec<_> = (0..4).filter(|other| *other != member).collect();
        let before = chain.height();
        // Three of four are a quorum: they go on without it.
        for other in &others {
            chain.see(&net.wait(*other, "progress", |status| status["height"].as_u64() > Some(before)));
        }
        net.start(member);
        let reached = chain.height();
        chain.see(&net.wait(member, "caught up", |status| status["height"].as_u64() >= Some(reached)));
    }
    assert!(story.wait().expect("it ends").success(), "the story failed");
    let mut summary = String::new();
    std::io::Read::read_to_string(&mut story.stdout.take().expect("piped"), &mut summary).expect("text");
    let summary: Value = serde_json::from_str(summary.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&summary["contributions"], &summary["auditor"]["verified"]), (&1.into(), &true.into()));

    let metrics = get(&net.api(0), "/metrics");
    for name in
        ["galen_height", "galen_finality_seconds_count", "galen_link_up", "galen_disk_bytes", "galen_credit"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(get(&net.api(0), "/readyz").starts_with("HTTP/1.1 200"));
    net.kill(2);
    net.kill(3);
    net.wait(0, "unready", |status| status["not_ready"].to_string().contains("a quorum is 3"));
    assert!(get(&net.api(0), "/readyz").starts_with("HTTP/1.1 503"));
    assert!(get(&net.api(0), "/healthz").starts_with("HTTP/1.1 200"));

    let begun = Instant::now();
    net.signal(0, "-TERM");
    let stopped = net.nodes.remove(&0).expect("it runs").wait().expect("it ends");
    assert!(stopped.success() && begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(net.log(0).contains("stopped height="), "{}", net.log(0));
    let refused = node("run", &net.home(1)).output().expect("it starts");
    assert!(said(&refused).contains("is in use by another process"), "{}", said(&refused));
}

#[test]
fn what_is_wrong_at_the_start_is_said_with_what_to_do() {
    let net = Net::new(4);
    let other = Net::new(4);
    let home = net.home(0);
    let config = fs::read_to_string(home.join("config.toml")).expect("a configuration");
    let check = |text: &str, words: &str| {
        fs::write(home.join("config.toml"), text).expect("written");
        let output =
            galen().args(["node", "config", "check", "--home"]).arg(&home).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(said(&output).contains(words), "{words}: {}", said(&output));
    };
    check(&config.replace("delta_ms = 1000", "delta_ms = 1"), "consensus.delta_ms must be from 10");
    check(&config.replace("drift_ms", "drft_ms"), "unknown field `drft_ms`");
    check(&config.replace("number = 0", "number = 2000"), "does not fit node.role");
    check(&config.replace("listen = \"127.0.0.1:", "listen = \"0.0.0.0:"), "api.allow_network");
    fs::write(home.join("config.toml"), &config).expect("written");

    let run = |words: &[&str]| {
        let output = node("run", &home).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        for words in words {
            assert!(said(&output).contains(words), "{words}: {}", said(&output));
        }
    };
    let genesis = fs::read(home.join("genesis")).expect("a genesis");
    fs::copy(other.path().join("genesis"), home.join("genesis")).expect("copied");
    run(&["is of chain", "but node.chain in", "put the genesis of the founders there"]);
    fs::write(home.join("genesis"), &genesis[..genesis.len() / 2]).expect("written");
    run(&["is not a genesis of this version, or is damaged"]);
    fs::write(home.join("genesis"), &genesis).expect("written");

    let key = fs::read(home.join("voting_key")).expect("a key");
    fs::copy(net.home(2).join("voting_key"), home.join("voting_key")).expect("copied");
    run(&["voting_key is that of member 2", "never run two nodes with one key"]);
    fs::write(home.join("voting_key"), &key).expect("written");
    let mode = |mode| {
        fs::set_permissions(home.join("voting_key"), fs::Permissions::from_mode(mode)).expect("set");
    };
    mode(0o644);
    run(&["has mode 0644", "chmod 600"]);
    mode(0o600);
    let taken = std::net::TcpListener::bind(net.api(0)).expect("binds");
    run(&["api.listen", "choose another port"]);
    drop(taken);
    fs::create_dir_all(home.join("data/log")).expect("made");
    fs::write(home.join("data/log/log-00000000"), [0xff; 64]).expect("written");
    fs::write(home.join("data/log/log-00000001"), [0xff; 64]).expect("written");
    run(&["log is damaged in log-00000000", "restore it from a backup"]);
}

#[test]
fn a_new_member_is_admitted_while_the_network_runs_syncs_and_votes() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut net = Net { dir, nodes: BTreeMap::new() };
    let path = net.path();
    let output =
        galen().args(["testnet", "--cycle-blocks", "24", "--dir"]).arg(&path).output().expect("it starts");
    assert!(output.status.success(), "{}", said(&output));
    (0..4).for_each(|member| net.start(member));
    let ok = |command: &mut Command| {
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{command:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The new member's home: it knows the others, and they learn of it.
    let home = net.home(4);
    let ports: Vec<_> = (0..2).map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let [links, api] = [0, 1].map(|at: usize| ports[at].local_addr().expect("an address").to_string());
    drop(ports);
    ok(node("init", &home).args(["--name", "new", "--number", "4", "--listen", &links, "--api", &api]));
    ok(node("adopt", &home).arg("--genesis").arg(path.join("genesis")));
    let mut config = fs::read_to_string(home.join("config.toml")).expect("a configuration");
    for member in 0..4 {
        config += &ok(&mut node("peer", &net.home(member)));
    }
    let config = config.replace("heartbeat_ms = 5000", "heartbeat_ms = 1000");
    fs::write(home.join("config.toml"), config).expect("written");
    let entry = ok(&mut node("peer", &home));
    for member in 0..4 {
        let file = net.home(member).join("config.toml");
        let text = fs::read_to_string(&file).expect("a configuration") + &entry;
        fs::write(file, text).expect("written");
        net.ready(member);
        net.signal(member, "-HUP");
    }
    net.start(4);
    let followed = net.wait(4, "follows", |status| status["height"].as_u64() > Some(2));
    assert_eq!(followed["meter"]["has_seat"], false, "it follows before it is admitted");

    let (application, change) = (net.dir.path().join("application"), net.dir.path().join("change"));
    ok(node("apply", &home).arg("--out").arg(&application));
    let of = |verb: &str, member: usize| {
        let mut command = galen();
        command.args(["node", "change", verb, "--home"]).arg(net.home(member));
        command
    };
    ok(of("new", 0).arg("--out").arg(&change).arg("admit").arg(&application));
    for member in 0..2 {
        ok(of("approve", member).arg(&change));
    }
    let early = of("submit", 1).arg(&change).output().expect("it starts");
    assert!(said(&early).contains("2 approvals where a quorum is 3"), "{}", said(&early));
    ok(of("approve", 2).arg(&change));
    ok(of("submit", 3).arg(&change));
    let seated = net.wait(4, "votes", |status| status["meter"]["has_seat"] == true);
    assert_eq!((&seated["members"], &seated["quorum"]), (&5.into(), &4.into()));
    // Five members, four votes: with one of the old ones gone, nothing is final without the new one's.
    net.kill(0);
    let height = net.wait(1, "goes on", |_| true)["height"].as_u64();
    net.wait(1, "goes on with the new member's vote", |status| {
        status["height"].as_u64() > height.map(|height| height + 8)
    });
}
