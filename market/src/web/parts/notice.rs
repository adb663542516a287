//! What a page says about its own state: a notice, nothing here yet, not all here yet, it went wrong.

use maud::{Markup, html};

use super::Tone;

/// A notice: a sentence, and more below it if there is more. A bad one is read aloud at once.
pub fn notice(tone: Tone, sentence: &str, more: Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! {
        div.notice.(tone.class()) role=(role) {
            strong { (sentence) }
            @if !more.0.is_empty() { div { (more) } }
        }
    }
}

/// There is nothing yet: why, and what to do next (commonly one [`button_link`](super::button_link)).
pub fn empty(title: &str, what_next: &str, action: Markup) -> Markup {
    html! {
        div.empty {
            h2 { (title) }
            p { (what_next) }
            @if !action.0.is_empty() { div.actions { (action) } }
        }
    }
}

/// It is on its way. Without events the reader reloads.
pub fn loading(words: &str) -> Markup {
    html! { p.loading role="status" { span { (words) " Reload the page to look again." } } }
}

/// A part is missing: what is shown, what is not, and why.
pub fn partial(words: &str) -> Markup {
    notice(Tone::Warning, "Not everything is shown.", html! { p { (words) } })
}

/// A page that could not be given: status, what happened, what to do, and the request's id for those who look after it.
pub fn problem(status: u16, title: &str, detail: &str, remedy: &str, request_id: Option<&str>) -> Markup {
    html! {
        div.problem.stack {
            p.status { "Error " (status) }
            h1 { (title) }
            p { (detail) }
            @if !remedy.is_empty() { p { strong { "What to do: " } (remedy) } }
            p { a href="/" { "Go to the start" } }
            @if let Some(id) = request_id { p.status { "Request " code { (id) } } }
        }
    }
}
