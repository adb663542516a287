//! A program that goes on running, as `galen … serve` does; it ends with what holds it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A running program and what it has said.
pub struct Serving {
    child: Child,
    said: Arc<Said>,
}

#[derive(Default)]
struct Said {
    text: Mutex<Lines>,
    news: Condvar,
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    /// Streams that have ended.
    ended: usize,
}

impl Serving {
    /// Starts it; both of its streams are read.
    pub fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let said = Arc::new(Said::default());
        said.hear(child.stdout.take().expect("stdout is piped"));
        said.hear(child.stderr.take().expect("stderr is piped"));
        Self { child, said }
    }

    /// Waits for a line; fails with all that was said when the program ends before, or time does.
    pub fn line(&self, what: &str, within: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + within;
        let mut lines = self.said.text.lock().unwrap();
        loop {
            if let Some(line) = lines.lines.iter().find(|line| wanted(line)) {
                return line.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(lines.ended < 2, "it ended without {what}:\n{}", lines.lines.join("\n"));
            assert!(!left.is_zero(), "no {what} in {within:?}:\n{}", lines.lines.join("\n"));
            lines = self.said.news.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Waits for a line with this text and an address; gives the address.
    pub fn address(&self, text: &str, within: Duration) -> String {
        let line = self
            .line(&format!("address of {text:?}"), within, |line| line.contains(text) && url(line).is_some());
        url(&line).unwrap_or_default().to_owned()
    }

    /// All that was said so far, on both streams.
    pub fn output(&self) -> String {
        self.said.text.lock().unwrap().lines.join("\n")
    }

    /// Its number among processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as an operator does, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("kill").success(), "it ended before it was stopped:\n{}", self.output());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    fn hear(self: &Arc<Self>, stream: impl Read + Send + 'static) {
        let said = Arc::clone(self);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                said.text.lock().unwrap().lines.push(line);
                said.news.notify_all();
            }
            said.text.lock().unwrap().ended += 1;
            said.news.notify_all();
        });
    }
}

/// The first address in a line, without what quotes it or ends the sentence.
fn url(line: &str) -> Option<&str> {
    let from = line.get(line.find("http://")?..)?;
    let end = from.find(|c: char| c.is_whitespace() || "\"'<>)],".contains(c)).unwrap_or(from.len());
    from.get(..end).map(|url| url.trim_end_matches('.'))
}
