//! Work that goes on: its stage, how much is done, how fast, how long yet.
//!
//! One value is shown on the page, sent as an event, and answered to polling: [`Progress`] serializes with its `words`,
//! so that the script shows what the page would show after a reload.

use std::time::Duration;

use maud::{Markup, html};
use serde::Serialize;

use super::facts::grouped;

/// How the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// Not begun.
    Waiting,
    /// Going on.
    Running,
    /// Well ended.
    Done,
    /// Ended by a fault.
    Failed,
    /// Ended by a person.
    Cancelled,
}

impl Run {
    const fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens.
    pub const fn over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// How far a piece of work is.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    stage: String,
    run: Run,
    done: u64,
    total: u64,
    unit: &'static str,
    per_second: Option<f64>,
    left_seconds: Option<u64>,
    words: String,
}

impl Progress {
    /// In this stage, `done` of `total` pieces called `unit` ("chunks"); a total of 0 is not known yet.
    pub fn new(run: Run, stage: impl Into<String>, done: u64, total: u64, unit: &'static str) -> Self {
        let (stage, words) = (stage.into(), String::new());
        Self { stage, run, done, total, unit, per_second: None, left_seconds: None, words }.worded()
    }

    /// At so many pieces a second.
    pub fn rate(mut self, per_second: f64) -> Self {
        self.per_second = (per_second.is_finite() && per_second > 0.0).then_some(per_second);
        self.worded()
    }

    /// With about so long to go.
    pub fn left(mut self, left: Duration) -> Self {
        self.left_seconds = Some(left.as_secs());
        self.worded()
    }

    /// The same as a box. `events` is the address of its server-sent events, `poll` that of the same value by GET; when
    /// the work is over the script loads the page anew.
    pub fn follow(&self, events: Option<&str>, poll: Option<&str>) -> Markup {
        let live = !self.run.over();
        html! {
            div.progress data-run=(self.run.words()) data-reload[live]
                data-events=[events.filter(|_| live)] data-poll=[poll.filter(|_| live)] {
                div.head { strong data-stage aria-live="polite" { (self.stage) } span.words data-words { (self.words) } }
                @if live && self.total == 0 {
                    progress aria-label=(self.stage) {}
                } @else {
                    progress aria-label=(self.stage) max=(self.total.max(1)) value=(self.shown()) {}
                }
                @if live { p.small.muted data-without-script { "Reload the page to see how far it is." } }
                p.small.muted data-trouble role="status" {}
            }
        }
    }

    // What is well done is a full bar, even of nothing.
    fn shown(&self) -> u64 {
        if self.run == Run::Done { self.total.max(1) } else { self.done.min(self.total) }
    }

    fn worded(mut self) -> Self {
        let counted = match (self.done, self.total) {
            (0, 0) => None,
            (done, 0) => Some(format!("{} {}", grouped(done), self.unit)),
            (done, total) => Some(format!("{} of {} {}", grouped(done), grouped(total), self.unit)),
        };
        let going = self.run == Run::Running;
        let rate = self.per_second.filter(|_| going).map(|rate| rate_words(rate, self.unit));
        let left = self.left_seconds.filter(|_| going).map(left_words);
        self.words = [counted, rate, left].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        self
    }
}

fn rate_words(per_second: f64, unit: &str) -> String {
    if per_second >= 1.0 {
        format!("{per_second:.1} {unit}/s")
    } else {
        format!("{:.1} {unit}/min", per_second * 60.0)
    }
}

fn left_words(seconds: u64) -> String {
    match seconds {
        0..=9 => "a few seconds left".to_owned(),
        10..=89 => format!("about {seconds} s left"),
        90..=5399 => format!("about {} min left", (seconds + 30) / 60),
        _ => format!("about {} h left", (seconds + 1800) / 3600),
    }
}
