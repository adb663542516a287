//! The requests: one's own, everybody's, and drafts.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Desk, flashed};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::api::requests::page as page_of;
use crate::desk::researcher::board::{RequestLine, Stage};
use crate::desk::researcher::fault::DeskFault;
use crate::desk::researcher::pace::Pace;
use crate::desk::researcher::store::{KeptDraft, Name};
use crate::web::extract::{Path, Query};
use crate::web::parts::form::Weight;
use crate::web::parts::table::Column;
use crate::web::parts::{self, Table, Tone, button, button_link, empty, older_newer, section};
use crate::web::{Answered, Paged, Paging, Person};

/// Which requests are wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    all: Option<String>,
    after: Option<String>,
    deleted: Option<Name>,
    restored: Option<String>,
}

/// The colour of a stage.
pub fn tone(stage: Stage) -> Tone {
    match stage {
        Stage::Drawing | Stage::Closing => Tone::Info,
        Stage::Open => Tone::Good,
        Stage::Settled => Tone::Plain,
    }
}

pub async fn list(State(desk): Desk, person: Person, Query(wanted): Query<Wanted>) -> Answered<Markup> {
    let own = wanted.all.is_none();
    let paging = Paging { limit: None, after: wanted.after.clone() };
    let read = move |desk: &ResearcherDesk| Ok((desk.drafts()?, page_of(desk, own, &paging)));
    let (drafts, lines) = crate::desk::researcher::api::blocking(&desk, read).await?;
    let (lines, pace) = (lines?, desk.pace().await?);
    let main = html! {
        (parts::heading(if own { "Your requests" } else { "All requests" }, None))
        @if let Some(id) = &wanted.deleted { (undo(id)) }
        @if own && !drafts.is_empty() { (section("Drafts", drafts_table(&drafts))) }
        (section(if own { "Posted" } else { "Posted by anybody" }, posted(&lines, own, pace)))
        (older_newer(wanted.after.as_ref().map(|_| first(own)), next(&lines, own).as_deref()))
        p { @if own { a href="/requests?all=1" { "All requests on the ledger" } } @else { a href="/requests" { "Your requests only" } } }
    };
    let flash = wanted.restored.map(|_| (Tone::Good, "The draft is back."));
    Ok(flashed(&person, ("Requests", "/requests"), flash, main))
}

fn first(own: bool) -> &'static str {
    if own { "/requests" } else { "/requests?all=1" }
}

fn next(lines: &Paged<RequestLine>, own: bool) -> Option<String> {
    let all = if own { "" } else { "all=1&" };
    lines.next.as_ref().map(|after| format!("/requests?{all}after={after}"))
}

fn undo(id: &Name) -> Markup {
    let back =
        parts::post(&format!("/drafts/{id}/restore"), html! { (button(Weight::Quiet, "Bring it back")) });
    parts::notice(Tone::Info, "The draft was deleted.", back)
}

fn drafts_table(drafts: &[KeptDraft]) -> Markup {
    let columns = [
        Column::words("Draft"),
        Column::words("Begun by"),
        Column::words("Changed"),
        Column::words("Action"),
    ];
    let mut table = Table::new("Drafts", columns);
    for draft in drafts {
        let title =
            if draft.draft.title.trim().is_empty() { "Without a title yet" } else { &draft.draft.title };
        let delete = format!("/drafts/{}/delete", draft.id);
        table.push([
            html! { a href={ "/drafts/" (draft.id) "/review" } { (title) } },
            html! { (draft.by) },
            parts::moment(draft.changed_ms),
            parts::post(&delete, button(Weight::Quiet, "Delete")),
        ]);
    }
    html! { (table) }
}

fn posted(lines: &Paged<RequestLine>, own: bool, pace: Pace) -> Markup {
    let begin = button_link(Weight::Primary, "Begin a request", "/drafts/new");
    let nothing = match own {
        true => empty(
            "No request yet",
            "Say which patients, what of them, how well protected, and for how much. \
            Nothing is signed before you have reviewed it.",
            begin,
        ),
        false => empty("No request on this ledger yet", "Yours can be the first.", begin),
    };
    let columns = [
        Column::words("Request"),
        Column::words("Stands"),
        Column::words("Takes contributions"),
        Column::numbers("Contributions"),
        Column::numbers("Records paid"),
    ];
    let mut table = Table::new("Requests", columns).or_empty(nothing);
    for line in &lines.items {
        let until = match line.stage {
            Stage::Drawing | Stage::Open => {
                format!("until block {}, {}", line.deadline, pace.until(line.deadline))
            }
            Stage::Closing | Stage::Settled => "no longer".to_owned(),
        };
        table.push([
            html! { a href={ "/requests/" (line.id) } { (line.title) } @if line.own && !own { " (yours)" } },
            parts::badge(tone(line.stage), line.stage.word()),
            html! { (until) },
            parts::number(line.contributions),
            html! { (parts::number(line.paid)) " of " (parts::number(line.max_records)) },
        ]);
    }
    html! { (table) }
}

pub async fn delete(State(desk): Desk, Path(id): Path<Name>) -> Answered<Redirect> {
    desk.delete(&id)?;
    Ok(Redirect::to(&format!("/requests?deleted={id}")))
}

pub async fn restore(State(desk): Desk, Path(id): Path<Name>) -> Answered<Redirect> {
    match desk.restore(&id) {
        // Brought back already: a second click.
        Err(DeskFault::Unknown(_)) if desk.draft(&id).is_ok() => {}
        done => done?,
    }
    Ok(Redirect::to("/requests?restored=1"))
}
