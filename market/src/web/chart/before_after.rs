//! Before and after.

use maud::{Markup, Render, html};

use super::{Scale, brief, figure, pct, share};
use crate::web::parts::{Column, Table};

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
