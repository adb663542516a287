//! Where the reader is, and how the thing at hand stands.

use maud::{Markup, html};

use super::Tone;
use crate::web::page::Place;

/// The way here: places above, then this one.
pub fn crumbs(above: &[Place], here: &str) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumbs" { ol {
            @for place in above { li { a href=(place.href()) { (place.label()) } } }
            li aria-current="page" { (here) }
        } }
    }
}

/// The page's heading; with a badge that says how the thing stands.
pub fn heading(title: &str, status: Option<(Tone, &str)>) -> Markup {
    html! {
        div.title {
            h1 { (title) }
            @if let Some((tone, words)) = status { (badge(tone, words)) }
        }
    }
}

/// A word or two on how something stands.
pub fn badge(tone: Tone, words: &str) -> Markup {
    html! { span.badge.(tone.class()) { (words) } }
}

/// A section under a heading of its own.
pub fn section(title: &str, body: Markup) -> Markup {
    html! { section { h2 { (title) } (body) } }
}

/// Two columns on a wide screen: the work, and beside it what accompanies it. One under the other on a narrow one.
pub fn columns(work: Markup, beside: Markup) -> Markup {
    html! { div.columns { div.stack { (work) } div.stack { (beside) } } }
}
