//! The story, played on a network again and again: load, and the proof that nothing gets lost.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::net::{Net, galen, said};

/// Stories, one after the other.
pub struct Stories {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Stories {
    /// Begins the first.
    pub fn on(net: &Net) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let (stop, network, dir) = (Arc::clone(&enough), net.path(), net.dir.path().to_owned());
        let thread = std::thread::spawn(move || {
            let mut took = Vec::new();
            while took.is_empty() || !stop.load(Ordering::Relaxed) {
                took.push(play(&network, &dir.join(format!("story-{}", took.len()))));
            }
            took
        });
        Self { enough, thread }
    }

    /// Lets the present one end; gives how long each took. All have been verified from the exported chain.
    pub fn end(self) -> Vec<Duration> {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().expect("every story ends well")
    }
}

fn play(network: &PathBuf, out: &PathBuf) -> Duration {
    let begun = Instant::now();
    let output = galen()
        .args(["demo", "--hospitals", "1", "--sample", "1", "--json", "--network"])
        .arg(network)
        .arg("--out")
        .arg(out)
        .stdout(Stdio::piped())
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&summary["contributions"], &summary["auditor"]["verified"]), (&1.into(), &true.into()));
    assert_eq!(summary["forgery"]["rejected"], true);
    begun.elapsed()
}
