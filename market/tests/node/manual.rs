//! What the manual tells operators to type works as it stands there.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::net::{LONG, galen};
use super::running::Started;

const MANUAL: &str = include_str!("../../../docs/desks.md");

/// The first commands below a heading.
fn commands(heading: &str) -> &'static str {
    let (_, section) = MANUAL.split_once(&format!("\n## {heading}\n")).expect("the section is there");
    let (_, block) = section.split_once("```sh\n").expect("it has commands");
    block.split_once("```").expect("they end").0
}

#[test]
fn an_operators_first_commands_work_when_they_are_pasted() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut pasted = commands("An operator").to_owned();
    // The manual's ports may be taken on this machine; 7701 is the default of what it does not name.
    pasted = pasted.replace("--listen 127.0.0.1:7601", "--listen 127.0.0.1:7601 --api 127.0.0.1:7701");
    let free =
        [":7601", ":7701", ":7702"].map(|port| (port, TcpListener::bind("127.0.0.1:0").expect("a port")));
    for (port, listener) in &free {
        let own = format!(":{}", listener.local_addr().expect("an address").port());
        assert!(pasted.contains(port), "{port} is not among the commands: {pasted}");
        pasted = pasted.replace(port, &own);
    }
    drop(free);

    let program = Path::new(env!("CARGO_BIN_EXE_galen")).parent().expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([program.to_owned()].into_iter().chain(std::env::split_paths(&path)));
    let galen = galen();
    let (_, keys) = galen.get_envs().find(|(name, _)| *name == "GALEN_KEYS_DIR").expect("the tests' keys");
    let said = dir.path().join("said");
    let to = fs::File::create(&said).expect("a file");
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &pasted]).current_dir(&dir).process_group(0);
    shell.env("PATH", path.expect("a path"));
    shell.env("GALEN_KEYS_DIR", keys.expect("set")).env_remove("GALEN_LOG").stdin(Stdio::null());
    shell.stdout(to.try_clone().expect("a file")).stderr(to);

    let net = dir.path().join("net");
    let _members = Started(&net);
    let mut running = shell.spawn().expect("sh starts");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait().expect("it can be asked") {
            break Some(status);
        }
        if begun.elapsed() > LONG {
            // With the node that it started.
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", running.id())]).status();
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let said = fs::read_to_string(said).expect("what it said");
    assert!(status.is_some_and(|status| status.success()), "{status:?}: {said}");
    let mut reached =
        said.lines().filter_map(|line| line.strip_suffix(" of 4, quorum 3")?.rsplit(' ').next());
    let reached: Option<u32> = reached.next_back().and_then(|count| count.parse().ok());
    assert!(reached.is_some_and(|reached| reached >= 3), "it is ready without a quorum: {said}");
    assert!(fs::read_to_string(dir.path().join("home/log")).expect("a log").contains("stopped height="));
}
