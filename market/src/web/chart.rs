//! Pictures of numbers, as inline SVG: bars, a histogram, before and after. Each has a title and a description, and the
//! same numbers as a table behind a fold.
//!
//! Widths are shares of the place the picture has, heights and letters are fixed: it reads the same on any screen.
//! Colours are classes, for the content security policy forbids inline styles. What is no number is drawn as nothing.

use maud::{Markup, Render, html};

use super::parts::facts::{grouped, percent_words};
use super::parts::{Column, Table, Tone};

/// How a number is drawn and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// How many; the largest fills the width.
    Count,
    /// A share of one, written as a percentage; one fills the width.
    Share,
    /// A share of one, but the largest shown fills the width: for small shares.
    SmallShare,
}

impl Scale {
    fn words(self, value: f64) -> String {
        match self {
            Self::Share | Self::SmallShare => percent_words(value),
            Self::Count if value.is_finite() && value >= 0.0 => grouped(value.round() as u64),
            Self::Count => "–".to_owned(),
        }
    }

    fn largest(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::Share => 1.0,
            Self::Count | Self::SmallShare => {
                values.filter(|value| value.is_finite()).fold(0.0, f64::max).max(f64::MIN_POSITIVE)
            }
        }
    }
}

/// `value` as a percentage of `largest`, within 0 and 100.
fn share(value: f64, largest: f64) -> f64 {
    let share = value / largest * 100.0;
    if share.is_finite() { share.clamp(0.0, 100.0) } else { 0.0 }
}

fn pct(value: f64) -> String {
    format!("{value:.2}%")
}

/// What of a name has room beside its value on a narrow screen. The table has all of it.
fn brief(name: &str) -> String {
    const ROOM: usize = 28;
    if name.chars().count() <= ROOM {
        return name.to_owned();
    }
    let start: String = name.chars().take(ROOM - 1).collect();
    format!("{}…", start.trim_end())
}

/// A caption, the picture, and its numbers.
fn figure(title: &str, says: &str, picture: Markup, key: Markup, numbers: Table) -> Markup {
    html! {
        figure.chart {
            figcaption { (title) span { (says) } }
            (key)
            (picture)
            details { summary { "The same as a table" } (numbers) }
        }
    }
}

/// Horizontal bars: one value for each of a few named things.
pub struct Bars {
    title: String,
    says: String,
    scale: Scale,
    names: String,
    bars: Vec<(String, f64, Tone)>,
}

impl Bars {
    /// A title, what the picture shows in a sentence, what is named ("Column"), and the scale.
    pub fn new(
        title: impl Into<String>,
        says: impl Into<String>,
        names: impl Into<String>,
        scale: Scale,
    ) -> Self {
        let (title, says, names) = (title.into(), says.into(), names.into());
        Self { title, says, scale, names, bars: Vec::new() }
    }

    /// One more bar.
    pub fn bar(self, name: impl Into<String>, value: f64) -> Self {
        self.toned(name, value, Tone::default())
    }

    /// One more bar, in the colour of a judgement. The numbers must bear it out: colour is never the only sign.
    pub fn toned(mut self, name: impl Into<String>, value: f64, tone: Tone) -> Self {
        self.bars.push((name.into(), value, tone));
        self
    }
}

const BAR_ROW: usize = 40;

impl Render for Bars {
    fn render(&self) -> Markup {
        let largest = self.scale.largest(self.bars.iter().map(|(_, value, _)| *value));
        let picture = html! {
            svg role="img" height=(self.bars.len() * BAR_ROW) {
                title { (self.title) }
                desc { (self.says) }
                @for (at, (name, value, tone)) in self.bars.iter().enumerate() {
                    @let top = at * BAR_ROW;
                    text x="0" y=(top + 14) { title { (name) } (brief(name)) }
                    text x="100%" y=(top + 14) text-anchor="end" { (self.scale.words(*value)) }
                    rect.rail x="0" y=(top + 20) width="100%" height="10" rx="2" {}
                    rect.bar.(colour(*tone)) x="0" y=(top + 20) width=(pct(share(*value, largest))) height="10" rx="2" {}
                }
            }
        };
        let mut numbers =
            Table::new(self.title.as_str(), [Column::words(self.names.as_str()), Column::numbers("Value")]);
        for (name, value, _) in &self.bars {
            numbers.push([html! { (name) }, html! { (self.scale.words(*value)) }]);
        }
        figure(&self.title, &self.says, picture, html! {}, numbers)
    }
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "common",
        other => other.class(),
    }
}

/// How many of each size.
pub struct Histogram {
    title: String,
    says: String,
    sizes: String,
    counts: String,
    bins: Vec<(String, u64)>,
    limit: Option<(usize, String)>,
}

impl Histogram {
    /// A title, what it shows, what the bins are ("Class size"), and what is counted ("Classes").
    pub fn new(
        title: impl Into<String>,
        says: impl Into<String>,
        sizes: impl Into<String>,
        counts: impl Into<String>,
    ) -> Self {
        let (title, says, sizes, counts) = (title.into(), says.into(), sizes.into(), counts.into());
        Self { title, says, sizes, counts, bins: Vec::new(), limit: None }
    }

    /// One more bin, from left to right.
    pub fn bin(mut self, size: impl Into<String>, count: u64) -> Self {
        self.bins.push((size.into(), count));
        self
    }

    /// A dashed line before the bin `at`, named: "k = 5".
    pub fn limit(mut self, at: usize, name: impl Into<String>) -> Self {
        self.limit = Some((at, name.into()));
        self
    }

    fn bars(&self) -> Markup {
        let largest = self.bins.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
        let slot = 100.0 / self.bins.len().max(1) as f64;
        // On a narrow screen there is room for about ten labels.
        let every = self.bins.len().div_ceil(10).max(1);
        html! {
            @for (at, (size, count)) in self.bins.iter().enumerate() {
                @let height = share(*count as f64, largest) * TALL as f64 / 100.0;
                @let (left, middle) = (slot * at as f64, slot * (at as f64 + 0.5));
                rect.bar x=(pct(left + slot * 0.08)) y=(format!("{:.1}", (TOP + TALL) as f64 - height))
                    width=(pct(slot * 0.84)) height=(format!("{height:.1}")) { title { (size) ": " (grouped(*count)) } }
                @if every == 1 && *count > 0 {
                    text x=(pct(middle)) y=(format!("{:.1}", (TOP + TALL) as f64 - height - 5.0)) text-anchor="middle" {
                        (grouped(*count))
                    }
                }
                @if at % every == 0 {
                    text.faint x=(pct(middle)) y=(TOP + TALL + 18) text-anchor="middle" { (size) }
                }
            }
        }
    }
}

const TOP: usize = 36;
const TALL: usize = 140;

impl Render for Histogram {
    fn render(&self) -> Markup {
        let slot = 100.0 / self.bins.len().max(1) as f64;
        let picture = html! {
            svg role="img" height=(TOP + TALL + 44) {
                title { (self.title) }
                desc { (self.says) }
                (self.bars())
                line.axis x1="0" x2="100%" y1=(TOP + TALL) y2=(TOP + TALL) {}
                text.faint x="50%" y=(TOP + TALL + 38) text-anchor="middle" { (self.sizes) }
                @if let Some((at, name)) = &self.limit {
                    @let x = (slot * *at as f64).min(100.0);
                    line.limit x1=(pct(x)) x2=(pct(x)) y1="0" y2=(TOP + TALL) {}
                    text x=(pct(x)) y="11" dx=(if x > 60.0 { "-6" } else { "6" })
                        text-anchor=(if x > 60.0 { "end" } else { "start" }) { (name) }
                }
            }
        };
        let mut numbers = Table::new(
            self.title.as_str(),
            [Column::words(self.sizes.as_str()), Column::numbers(self.counts.as_str())],
        );
        for (size, count) in &self.bins {
            numbers.push([html! { (size) }, html! { (grouped(*count)) }]);
        }
        figure(&self.title, &self.says, picture, html! {}, numbers)
    }
}

/// Before and after, for each of a few named things: two dots on a line.
pub struct BeforeAfter {
    title: String,
    says: String,
    names: String,
    scale: Scale,
    pairs: Vec<(String, f64, f64)>,
    limit: Option<(f64, String)>,
}

impl BeforeAfter {
    /// A title, what it shows, what is named ("Attacker"), and the scale.
    pub fn new(
        title: impl Into<String>,
        says: impl Into<String>,
        names: impl Into<String>,
        scale: Scale,
    ) -> Self {
        let (title, says, names) = (title.into(), says.into(), names.into());
        Self { title, says, names, scale, pairs: Vec::new(), limit: None }
    }

    /// One more pair.
    pub fn pair(mut self, name: impl Into<String>, before: f64, after: f64) -> Self {
        self.pairs.push((name.into(), before, after));
        self
    }

    /// A dashed line at the most that is allowed, named: "limit 1/k".
    pub fn limit(mut self, at: f64, name: impl Into<String>) -> Self {
        self.limit = Some((at, name.into()));
        self
    }

    fn line(&self, at: usize, largest: f64) -> Markup {
        let Some((name, before, after)) = self.pairs.get(at) else { return html! {} };
        // Dots keep clear of the edges.
        let place = |value: f64| 1.0 + share(value, largest) * 0.98;
        let (top, was, is) = (at * PAIR_ROW, place(*before), place(*after));
        html! {
            text x="0" y=(top + 14) { title { (name) } (brief(name)) }
            text x="100%" y=(top + 14) text-anchor="end" { (self.scale.words(*before)) " → " (self.scale.words(*after)) }
            rect.rail x="0" y=(top + 28) width="100%" height="2" {}
            line.gap x1=(pct(was.min(is))) x2=(pct(was.max(is))) y1=(top + 29) y2=(top + 29) {}
            circle.before cx=(pct(was)) cy=(top + 29) r="5" {}
            circle.after cx=(pct(is)) cy=(top + 29) r="6" {}
            @if let Some((limit, _)) = &self.limit {
                @let x = pct(place(*limit));
                line.limit x1=(x) x2=(x) y1=(top + 20) y2=(top + 38) {}
            }
        }
    }

    fn key(&self) -> Markup {
        html! {
            ul.key {
                li { (dot("before")) "Before" }
                li { (dot("after")) "After" }
                @if let Some((_, name)) = &self.limit {
                    li {
                        svg viewBox="0 0 20 16" aria-hidden="true" { line.limit x1="10" x2="10" y1="0" y2="16" {} }
                        (name)
                    }
                }
            }
        }
    }
}

const PAIR_ROW: usize = 52;

fn dot(class: &str) -> Markup {
    html! { svg viewBox="0 0 20 16" aria-hidden="true" { circle.(class) cx="10" cy="8" r="5" {} } }
}

impl Render for BeforeAfter {
    fn render(&self) -> Markup {
        let values = self.pairs.iter().flat_map(|(_, before, after)| [*before, *after]);
        let largest = self.scale.largest(values.chain(self.limit.iter().map(|(at, _)| *at)));
        let picture = html! {
            svg role="img" height=(self.pairs.len() * PAIR_ROW) {
                title { (self.title) }
                desc { (self.says) }
                @for at in 0..self.pairs.len() { (self.line(at, largest)) }
            }
        };
        let columns =
            [Column::words(self.names.as_str()), Column::numbers("Before"), Column::numbers("After")];
        let mut numbers = Table::new(self.title.as_str(), columns);
        for (name, before, after) in &self.pairs {
            let [before, after] = [*before, *after].map(|value| html! { (self.scale.words(value)) });
            numbers.push([html! { (name) }, before, after]);
        }
        figure(&self.title, &self.says, picture, self.key(), numbers)
    }
}
