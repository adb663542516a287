//! What the program prints: the story on stdout, progress on stderr.
//!
//! With `--json` stdout carries one object and nothing else, and the story moves to stderr; an object with `error` if the work
//! failed before it had another. Colours only on a terminal and without `NO_COLOR`. Progress is redrawn on a terminal, and a
//! line every few seconds elsewhere. A terminal that calls itself `dumb` is none.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where and how to print.
pub struct Console {
    json: bool,
    colour: bool,
    redraw: bool,
    last: Mutex<Option<Instant>>,
}

/// Whether `--json` was typed, wherever on the line. It is the process's form of output, so it is kept once.
static JSON: AtomicBool = AtomicBool::new(false);
/// Whether the object was printed.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Says whether `--json` was typed.
pub fn to_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// An error with its causes, each said once: many an error names its cause in its own words already.
pub fn words(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        said if said.contains(&cause) => said.to_owned(),
        said => format!("{said}: {cause}"),
    })
}

/// Prints the object of work that failed, with `--json`, unless it printed one.
pub fn failed(error: &anyhow::Error) {
    if !PRINTED.load(Ordering::Relaxed) {
        Console::new(false).object(&serde_json::json!({ "error": words(error) }));
    }
}

/// Whether a stream is a terminal that can do more than print lines.
fn is_terminal(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Seconds between two lines of progress where lines cannot be redrawn.
const QUIET: Duration = Duration::from_secs(5);

impl Console {
    /// A console; with `json`, or if `--json` was typed, the story goes to stderr.
    pub fn new(json: bool) -> Self {
        let json = json || JSON.load(Ordering::Relaxed);
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = if json { is_terminal(&std::io::stderr()) } else { is_terminal(&std::io::stdout()) };
        Self {
            json,
            colour: terminal && !plain,
            redraw: is_terminal(&std::io::stderr()),
            last: Mutex::new(None),
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        // A closed pipe is the reader's decision, not a failure of the work.
        let _ = if self.json {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stdout(), "{text}")
        };
    }

    /// Starts a chapter: who acts, and what is done.
    pub fn chapter(&self, who: &str, what: &str) {
        if self.colour {
            self.line(&format!("\n\x1b[1;36m{who}\x1b[0m  \x1b[1m{what}\x1b[0m"));
        } else {
            self.line(&format!("\n{who}  {what}"));
        }
    }

    /// A fact: a short label and its value.
    pub fn fact(&self, label: &str, value: impl std::fmt::Display) {
        if self.colour {
            self.line(&format!("  \x1b[2m{label:<26}\x1b[0m {value}"));
        } else {
            self.line(&format!("  {label:<26} {value}"));
        }
    }

    /// A sentence.
    pub fn say(&self, text: impl std::fmt::Display) {
        self.line(&format!("  {text}"));
    }

    /// Text as it is.
    pub fn text(&self, text: &str) {
        self.line(text.trim_end());
    }

    /// Asks a question that only `y` or `yes` says yes to; none if stdin is no terminal.
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let _ = write!(std::io::stderr(), "  {question} [y/N] ").and_then(|()| std::io::stderr().flush());
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Something that the reader must know.
    pub fn warn(&self, text: impl std::fmt::Display) {
        if self.colour {
            self.line(&format!("  \x1b[33m{text}\x1b[0m"));
        } else {
            self.line(&format!("  {text}"));
        }
    }

    /// Progress of something that takes longer than a moment.
    pub fn progress(&self, what: &str, done: usize, total: usize, left: Option<Duration>) {
        let left = left.map_or_else(String::new, |left| format!(", {} left", duration(left)));
        let text = format!("  {what}: {done} of {total}{left}");
        if self.redraw {
            let _ = write!(std::io::stderr(), "\r\x1b[2K{text}").and_then(|()| std::io::stderr().flush());
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if done == total || last.is_none_or(|at| at.elapsed() >= QUIET) {
            *last = Some(Instant::now());
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Ends a redrawn line of progress.
    pub fn clear(&self) {
        if self.redraw {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }

    /// The one object of `--json`, as the last line of stdout; nothing otherwise.
    pub fn object(&self, value: &serde_json::Value) {
        if self.json {
            self.clear();
            PRINTED.store(true, Ordering::Relaxed);
            let _ = writeln!(std::io::stdout(), "{value}");
        }
    }
}

/// A duration for people: `0.4 s`, `12 s`, `2 min 5 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{} min {} s", s as u64 / 60, s as u64 % 60),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::words;

    #[test]
    fn a_cause_is_said_once() {
        let disk = || std::io::Error::other("the disk is full");
        let plain = anyhow::Error::new(disk()).context("cannot write a file");
        assert_eq!(words(&plain), "cannot write a file: the disk is full");
        let named: anyhow::Result<()> =
            Err(disk()).context("cannot write a file: the disk is full: free some");
        assert_eq!(
            words(&named.context("no report").unwrap_err()),
            "no report: cannot write a file: the disk is full: free some"
        );
    }
}
