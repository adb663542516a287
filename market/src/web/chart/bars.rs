//! Horizontal bars.

use maud::{Markup, Render, html};

use super::{Scale, brief, figure, pct, share};
use crate::web::parts::{Column, Table, Tone};

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
