//! What a test starts ends with it.

use std::time::Duration;

use crate::browser::Browser;
use crate::page::Window;
use crate::program::{galen, serving::Serving};

/// Waits until a process has gone; one that nobody has waited for yet has ended too.
fn ended(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_fails_leaves_no_browser_behind() {
    let Some(browser) = Browser::start() else { return };
    let page = browser.page(Window::WIDE).await;
    let processes = browser.processes();
    assert!(processes.len() > 2, "a browser has several processes: {processes:?}");
    let failing = tokio::spawn(async move {
        let _both = (page, browser);
        panic!("as a test that fails");
    });
    failing.await.expect_err("it fails");
    let begun = std::time::Instant::now();
    while let Some(left) = processes.iter().find(|id| !ended(**id)) {
        assert!(begun.elapsed() < Duration::from_secs(20), "process {left} of {processes:?} goes on");
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_ends_early_is_shown_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("none");
    let said = std::panic::catch_unwind(|| {
        Serving::start(galen().args(["node", "run", "--home"]).arg(&home))
            .address("api", Duration::from_secs(60))
    });
    let said = *said.expect_err("there is no home").downcast::<String>().unwrap();
    assert!(said.contains("it ended without") && said.contains("none"), "{said}");
}

#[test]
fn a_program_is_heard_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("net");
    let made = galen().args(["testnet", "--members", "4", "--dir"]).arg(&net).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let node = Serving::start(galen().args(["node", "run", "--home"]).arg(net.join("member-0")));
    let line = node.line("start", Duration::from_secs(120), |line| line.contains("node runs"));
    assert!(line.contains("127.0.0.1:"), "{line}");
    assert!(node.stop().success());
}
