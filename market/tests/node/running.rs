//! Nodes that run, and stop in order.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::net::{Net, get, get_with, node, said};

/// A node ends in order within this time.
const GRACE: Duration = Duration::from_secs(10);

/// What the scripts have started ends with the test.
pub struct Started<'a>(pub &'a Path);

impl Started<'_> {
    pub fn script(&self, name: &str) -> Output {
        self.command(name).output().expect("it starts")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.0.join(name));
        command.env("GALEN", env!("CARGO_BIN_EXE_galen")).stdin(Stdio::null());
        command
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        // The test may have failed before there was one.
        let _ = self.command("stop.sh").output();
    }
}

#[test]
fn the_scripts_of_a_test_network_start_and_stop_it() {
    let net = Net::of(4, &[]);
    let path = net.path();
    let scripts = Started(&path);
    let started = scripts.script("start.sh");
    assert!(started.status.success(), "{}{}", String::from_utf8_lossy(&started.stdout), said(&started));
    // The chain moves by itself.
    (0..4).for_each(|member| drop(net.beyond(member, 2)));
    let begun = Instant::now();
    scripts.script("stop.sh");
    assert!(begun.elapsed() < GRACE, "stopping took {:?}", begun.elapsed());
    let asked = node(&["status"], &net.home(0)).output().expect("it starts");
    assert!(!asked.status.success(), "a node that was stopped answers");
}

#[test]
fn operators_see_how_a_node_is_and_stop_it_in_order() {
    let mut net = Net::running(4, &[]);
    let ask = |net: &Net, path: &str| get(&net.api(0), path).expect("it answers");
    net.beyond(0, 2);
    let metrics = ask(&net, "/metrics");
    for name in
        ["galen_height", "galen_finality_seconds_count", "galen_link_up", "galen_disk_bytes", "galen_credit"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(ask(&net, "/readyz").starts_with("HTTP/1.1 200"));
    let api = net.api(0);
    for headers in ["Host: evil.example:7701".to_owned(), format!("Host: {api}\r\nOrigin: http://{api}")] {
        let page = get_with(&api, "/status", &headers).expect("it answers");
        assert!(page.starts_with("HTTP/1.1 403") && !page.contains("height"), "{headers}: {page}");
    }
    let second = node(&["run"], &net.home(1)).output().expect("it starts");
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("is in use by another process"), "{}", said(&second));

    net.kill(2);
    net.kill(3);
    net.wait(0, "unready", |status| status["not_ready"].to_string().contains("a quorum is 3"));
    assert!(ask(&net, "/readyz").starts_with("HTTP/1.1 503"));
    assert!(ask(&net, "/healthz").starts_with("HTTP/1.1 200"));

    let begun = Instant::now();
    net.signal(0, "-TERM");
    assert_eq!(net.ended(0), Some(0));
    assert!(begun.elapsed() < GRACE, "{:?}", begun.elapsed());
    assert!(net.log(0).contains("stopped height="), "{}", net.log(0));
    // Both signals are there when it wakes up.
    for signal in ["-STOP", "-TERM", "-INT", "-CONT"] {
        net.signal(1, signal);
    }
    assert_eq!(net.ended(1), Some(130), "a second signal ends it at once");
}
