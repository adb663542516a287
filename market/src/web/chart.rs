//! Pictures of numbers, as inline SVG: bars, a histogram, before and after. Each has a title and a description, and the
//! same numbers as a table behind a fold.
//!
//! Widths are shares of the place the picture has, heights and letters are fixed: it reads the same on any screen.
//! Colours are classes, for the content security policy forbids inline styles. What is no number is drawn as nothing.

mod bars;
mod before_after;
mod histogram;

pub use bars::Bars;
pub use before_after::BeforeAfter;
pub use histogram::Histogram;

use maud::{Markup, html};

use super::parts::Table;
use super::parts::facts::{grouped, percent_words};

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
