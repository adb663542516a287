//! Facts: names and values, hashes, numbers, moments, code, and words explained.

use jiff::Timestamp;
use maud::{Markup, Render, html};

/// A list of names and values.
#[derive(Default)]
pub struct Facts(Vec<(String, Markup)>);

impl Facts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more fact, in text.
    pub fn fact(self, name: impl Into<String>, value: impl Render) -> Self {
        self.with(name, value.render())
    }

    /// One more fact, in markup: a hash, a link, several lines.
    pub fn with(mut self, name: impl Into<String>, value: Markup) -> Self {
        self.0.push((name.into(), value));
        self
    }

    /// One more fact if there is a value.
    pub fn maybe(self, name: impl Into<String>, value: Option<impl Render>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }
}

impl Render for Facts {
    fn render(&self) -> Markup {
        html! { dl.facts { @for (name, value) in &self.0 { div { dt { (name) } dd { (value) } } } } }
    }
}

/// A hash or key: its ends in view, the whole to read aloud, to copy, to print.
pub fn hash(full: &str) -> Markup {
    html! { span.hash title=(full) data-copy=(full) data-copy-name=(shortened(full)) { (both_ways(full)) } }
}

/// A hash that leads to a page about the thing.
pub fn hash_link(full: &str, href: &str) -> Markup {
    html! {
        span.hash title=(full) data-copy=(full) data-copy-name=(shortened(full)) { a href=(href) { (both_ways(full)) } }
    }
}

fn both_ways(full: &str) -> Markup {
    html! { code.short aria-hidden="true" { (shortened(full)) } code.full { (full) } }
}

/// The first eight and the last six characters; all of what is short.
fn shortened(full: &str) -> String {
    let letters: Vec<char> = full.chars().collect();
    match letters.as_slice() {
        [head @ .., _, _, _, _, _, _] if head.len() > 12 => {
            let (start, end) = (&letters[..8], &letters[letters.len() - 6..]);
            format!("{}…{}", start.iter().collect::<String>(), end.iter().collect::<String>())
        }
        _ => full.to_owned(),
    }
}

/// A whole number with its thousands apart: `51,148`.
pub fn number(value: impl Into<u64>) -> Markup {
    html! { span.number { (grouped(value.into())) } }
}

pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A share as a percentage with one decimal: `12.5 %`. What is no number is a dash.
pub fn percent(share: f64) -> Markup {
    html! { span.number { (percent_words(share)) } }
}

pub(crate) fn percent_words(share: f64) -> String {
    if share.is_finite() { format!("{:.1}\u{a0}%", share * 100.0) } else { "–".to_owned() }
}

/// A moment in UTC, to the minute, with the exact one for machines. Milliseconds since 1970.
pub fn moment(millis: u64) -> Markup {
    time(millis, "%-d %b %Y, %H:%M UTC")
}

/// A moment in UTC, to the second, where one follows on another: blocks, log lines. Milliseconds since 1970.
pub fn instant(millis: u64) -> Markup {
    time(millis, "%-d %b %Y, %H:%M:%S UTC")
}

fn time(millis: u64, form: &str) -> Markup {
    let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    match at {
        Some(at) => html! { time.number datetime=(at) title=(at) { (at.strftime(form)) } },
        None => html! { "–" },
    }
}

/// Text as a machine takes it, to copy. Its label says what it is.
pub fn code(label: &str, text: &str) -> Markup {
    html! {
        div.code data-copy=(text) data-copy-name=(label) {
            pre tabindex="0" role="group" aria-label=(label) { code { (text) } }
        }
    }
}

/// A word explained, on demand.
pub fn term(word: &str, meaning: Markup) -> Markup {
    html! { details.term { summary { (word) } div { (meaning) } } }
}
