//! The story, played on a network again and again: load, and the proof that nothing gets lost.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::net::{Net, galen, said};

/// Stories, one after the other.
pub struct Stories {
    enough: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Stories {
    /// Begins the first.
    pub fn on(net: &Net) -> Self {
        let (enough, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&ended);
        let (stop, network, dir) = (Arc::clone(&enough), net.path(), net.dir.path().to_owned());
        let thread = std::thread::spawn(move || {
            let mut took = Vec::new();
            while took.is_empty() || !stop.load(Ordering::Relaxed) {
                took.push(play(&network, &dir.join(format!("story-{}", took.len()))));
                count.store(took.len(), Ordering::Relaxed);
            }
            took
        });
        Self { enough, ended, thread }
    }

    /// How many have ended; fails as soon as one has failed.
    pub fn ended(&self) -> usize {
        let ended = self.ended.load(Ordering::Relaxed);
        assert!(!self.thread.is_finished(), "a story failed after {ended} others");
        ended
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
