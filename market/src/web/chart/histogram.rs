//! How many of each size.

use maud::{Markup, Render, html};

use super::{figure, pct, share};
use crate::web::parts::facts::grouped;
use crate::web::parts::{Column, Table};

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
