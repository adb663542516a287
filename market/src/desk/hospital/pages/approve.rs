//! The decision on a request.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::Desk;
use crate::desk::hospital::HospitalDesk;
use crate::desk::hospital::api::request_id;
use crate::desk::hospital::case::{CaseView, Stage};
use crate::desk::hospital::preview::PreviewView;
use crate::desk::hospital::room::Fits;
use crate::web::extract::{Form, Path};
use crate::web::parts::{Confirm, Tone, Weight, button, hidden, moment, money, notice, post, section};
use crate::web::{Answered, Person};

/// What the box sends.
#[derive(Deserialize)]
pub struct Agreed {
    #[serde(default)]
    confirm: String,
    digest: String,
}

/// Who has agreed, and the box to agree with.
pub fn decision(
    desk: &HospitalDesk,
    person: &Person,
    preview: &PreviewView,
    case: Option<&CaseView>,
) -> Markup {
    let id = &preview.request.id;
    let approving = case.filter(|case| case.stage == Stage::Approving);
    if let Some(case) = case.filter(|case| case.stage != Stage::Approving) {
        let over = matches!(case.stage, Stage::Cancelled | Stage::Failed { .. });
        let words = format!("This request is {}.", case.words);
        let said = notice(Tone::Info, &words, html! { p { a href={ "/jobs/" (id) } { "See its job" } } });
        return if over {
            html! { (said) (confirm(desk, preview, 0)) }
        } else {
            said
        };
    }
    let current = approving.filter(|case| case.digest == preview.digest);
    let stale = approving.is_some_and(|case| case.digest != preview.digest && !case.approvals.is_empty());
    let approvals = current.map_or(&[][..], |case| case.approvals.as_slice());
    let mine = approvals.iter().any(|approval| approval.by == person.name);
    let body = html! {
        @if stale {
            (notice(Tone::Warning, "What would be released has changed since somebody approved it.",
                html! { p { "Earlier approvals do not count any more." } }))
        }
        @if !approvals.is_empty() {
            ul { @for approval in approvals { li { (approval.by) " approved, " (moment(approval.at_ms)) } } }
        }
        @if mine {
            p { "You have approved this. Another person must approve it as well." }
            (post(&format!("/requests/{id}/revoke"), button(Weight::Quiet, "Take my approval back")))
        } @else { (confirm(desk, preview, approvals.len())) }
    };
    section("Decision", body)
}

fn confirm(desk: &HospitalDesk, preview: &PreviewView, approved: usize) -> Markup {
    if preview.room.fits == Fits::Never {
        return html! { p { "There is nothing to decide: the release cannot be sold to this request." } };
    }
    let needed = usize::from(desk.settings().approvals);
    let last = approved + 1 >= needed;
    let release = &preview.release;
    let earns = preview.earnings.map_or_else(|| "an amount that it cannot read".to_owned(), money);
    let then = if last {
        "Proofs begin at once. When they are made the contribution is sent by itself, and nothing takes it back then."
    } else {
        "Nothing begins yet: another person of this hospital must approve the same preview."
    };
    let what = format!(
        "{} patients' rows in {} classes go to {}, readable by them alone; {} rows are suppressed.",
        release.released, release.classes, preview.request.researcher, release.suppressed
    );
    let room = &preview.room;
    let mut box_ = Confirm::new(
        format!("/requests/{}/approve", preview.request.id),
        "Approve this release",
        if last { "Approve and begin" } else { "Approve" },
    )
    .consequence(what)
    .consequence(format!("If all of it is served, the hospital is paid {earns}."))
    .consequence(then)
    .tick("I have looked at risk and overlap, and agree for this hospital")
    .fields(hidden("digest", &preview.digest))
    .back("/");
    if room.fits != Fits::Now {
        box_ = box_.consequence(format!("Mind the room: {}.", room.words));
    }
    html! { (box_) }
}

pub async fn approve(
    State(desk): Desk,
    person: Person,
    Path(id): Path<String>,
    Form(agreed): Form<Agreed>,
) -> Answered<Redirect> {
    super::Assent { confirm: agreed.confirm }.given()?;
    let case = desk.approve(&person.name, request_id(&id)?, &agreed.digest).await?;
    let place = if case.stage == Stage::Approving { "requests" } else { "jobs" };
    Ok(Redirect::to(&format!("/{place}/{id}")))
}

pub async fn revoke(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Redirect> {
    let request = request_id(&id)?;
    desk.off(move |desk| desk.revoke(&person.name, &request)).await?;
    Ok(Redirect::to(&format!("/requests/{request}")))
}
