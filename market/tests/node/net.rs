//! A test network whose processes end with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything takes, on a machine that is shared.
pub const LONG: Duration = Duration::from_secs(180);
/// Between two looks at a node.
const LOOK: Duration = Duration::from_millis(20);

/// The program, with the keys of the tests.
pub fn galen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_galen"));
    let keys = std::env::var_os("GALEN_KEYS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/galen-test-keys"),
        PathBuf::from,
    );
    command.env("GALEN_KEYS_DIR", keys).env_remove("GALEN_LOG").stdin(Stdio::null());
    command
}

/// What a command says in words.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a command that must succeed; gives its output.
pub fn done(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `galen node` with the words before `--home`.
pub fn node(words: &[&str], home: &Path) -> Command {
    let mut command = galen();
    command.arg("node").args(words).arg("--home").arg(home);
    command
}

/// Homes in a temporary folder, and the nodes that run.
pub struct Net {
    pub dir: tempfile::TempDir,
    nodes: BTreeMap<usize, Child>,
}

impl Net {
    /// A folder for homes.
    pub fn empty() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), nodes: BTreeMap::new() }
    }

    /// Writes homes; nothing runs yet.
    pub fn of(members: usize, more: &[&str]) -> Self {
        let net = Self::empty();
        done(
            galen()
                .args(["testnet", "--members", &members.to_string()])
                .args(more)
                .arg("--dir")
                .arg(net.path()),
        );
        net
    }

    /// All members run and are ready.
    pub fn running(members: usize, more: &[&str]) -> Self {
        let mut net = Self::of(members, more);
        (0..members).for_each(|member| net.start(member));
        (0..members).for_each(|member| drop(net.ready(member)));
        net
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("net")
    }

    pub fn home(&self, member: usize) -> PathBuf {
        self.path().join(format!("member-{member}"))
    }

    pub fn start(&mut self, member: usize) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home(member).join("log.txt"));
        let child =
            node(&["run"], &self.home(member)).stderr(log.expect("a log")).spawn().expect("it starts");
        self.nodes.insert(member, child);
    }

    /// SIGKILL.
    pub fn kill(&mut self, member: usize) {
        let mut child = self.nodes.remove(&member).expect("it runs");
        child.kill().expect("killed");
        child.wait().expect("it ends");
    }

    pub fn signal(&self, member: usize, signal: &str) {
        let id = self.nodes[&member].id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Waits until a node has ended by itself; gives its exit code.
    pub fn ended(&mut self, member: usize) -> Option<i32> {
        self.nodes.remove(&member).expect("it runs").wait().expect("it ends").code()
    }

    pub fn log(&self, member: usize) -> String {
        fs::read_to_string(self.home(member).join("log.txt")).unwrap_or_default()
    }

    pub fn api(&self, member: usize) -> String {
        let text = fs::read_to_string(self.home(member).join("config.toml")).expect("a configuration");
        let config: toml::Value = toml::from_str(&text).expect("TOML");
        config["api"]["listen"].as_str().expect("an address").to_owned()
    }

    /// What a node says of itself, if it answers.
    pub fn status(&self, member: usize) -> Option<Value> {
        let answer = get(&self.api(member), "/status").ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// Asks until the answer is as wanted.
    pub fn wait(&self, member: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status(member);
            if let Some(status) = status.as_ref().filter(|status| wanted(status)) {
                return status.clone();
            }
            assert!(begun.elapsed() < LONG, "{what}, member {member}: {status:?}\n{}", self.log(member));
            std::thread::sleep(LOOK);
        }
    }

    pub fn ready(&self, member: usize) -> Value {
        self.wait(member, "ready", |status| status["not_ready"].as_array().is_some_and(Vec::is_empty))
    }

    /// Waits until a node is beyond a height.
    pub fn beyond(&self, member: usize, height: u64) -> Value {
        self.wait(member, "progress", |status| height_of(status) > height)
    }

    /// Waits for a moment in which all that run are at one height; they must have one block there. A block names the one
    /// before it, so all below is one chain too.
    pub fn agree(&self) -> u64 {
        let begun = Instant::now();
        loop {
            let seen: Vec<_> = self.nodes.keys().filter_map(|member| self.status(*member)).collect();
            let (heights, blocks): (std::collections::BTreeSet<_>, std::collections::BTreeSet<_>) =
                seen.iter().map(|status| (height_of(status), status["block"].to_string())).unzip();
            if seen.len() == self.nodes.len() && heights.len() == 1 {
                assert_eq!(blocks.len(), 1, "a fork: {seen:?}");
                return heights.into_iter().next().unwrap_or(0);
            }
            assert!(begun.elapsed() < LONG, "never at one height: {heights:?}");
            std::thread::sleep(LOOK);
        }
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

pub fn height_of(status: &Value) -> u64 {
    status["height"].as_u64().expect("a height")
}

/// A plain GET; the whole answer.
pub fn get(address: &str, path: &str) -> std::io::Result<String> {
    get_with(address, path, &format!("Host: {address}"))
}

/// A GET with these headers; the whole answer.
pub fn get_with(address: &str, path: &str, headers: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
