//! The inbox.

use axum::extract::State;
use maud::{Markup, html};

use super::{Desk, maybe_money, page, span};
use crate::desk::hospital::inbox::{Answerable, InboxItem};
use crate::web::parts::{Column, Table, Tone, Weight, badge, button_link, empty, heading, section};
use crate::web::{Answered, Person};

pub async fn inbox(State(desk): Desk, person: Person) -> Answered<Markup> {
    let (items, data) = desk.off(|desk| Ok((desk.inbox()?, desk.datasets()?))).await?;
    let (open, others): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| !matches!(item.answerable, Answerable::Cannot { .. }));
    let nothing = if data.is_empty() {
        let way = button_link(Weight::Primary, "Import data", "/data");
        empty("Nothing can be answered yet", "Import your patients' data and commit to it first.", way)
    } else {
        empty("No request that you can answer", "New ones appear here by themselves.", html! {})
    };
    let main = html! {
        (heading("Requests", None))
        p { "Researchers ask; the ledger draws which of your rows each request looks at. Nothing leaves before people of this "
            "hospital have agreed." }
        (list("Requests that can be answered", &open, nothing))
        @if !others.is_empty() {
            (section("Requests that this hospital cannot answer", list("Others", &others, html! {})))
        }
    };
    Ok(page("Requests", "/", &person, main))
}

fn list(caption: &str, items: &[InboxItem], instead: Markup) -> Markup {
    let columns = [
        Column::words("Request"),
        Column::words("Patients"),
        Column::numbers("Price of a record"),
        Column::numbers("Would earn up to"),
        Column::words("Time left"),
        Column::words("State"),
    ];
    let mut table = Table::new(caption, columns).or_empty(instead);
    for item in items {
        table.push([
            html! { a href={ "/requests/" (item.id) } { (item.title) } br; span.small.muted { (item.researcher) } },
            html! { (item.cohort) br; span.small.muted { (item.schema) ", for " (item.purpose) } },
            maybe_money(item.price),
            maybe_money(item.expected_earnings),
            html! { (span(item.seconds_left)) br; span.small.muted { "until block " (item.deadline) } },
            state(&item.answerable),
        ]);
    }
    html! { (table) }
}

/// How a request stands here.
pub fn state(answerable: &Answerable) -> Markup {
    match answerable {
        Answerable::Open => badge(Tone::Info, "to decide"),
        Answerable::Approving { approved, needed } => {
            badge(Tone::Warning, &format!("{approved} of {needed} approved"))
        }
        Answerable::InHand => badge(Tone::Good, "in hand"),
        Answerable::Cannot { why, .. } => html! { span.small { (why) } },
    }
}
