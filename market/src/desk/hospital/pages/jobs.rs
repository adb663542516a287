//! Jobs, and what was sold.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};

use super::{Assent, Desk, maybe_money, page};
use crate::desk::hospital::api::request_id;
use crate::desk::hospital::case::{CaseView, Stage};
use crate::desk::hospital::sold::SoldView;
use crate::web::extract::{Form, Path};
use crate::web::page::Place;
use crate::web::parts::{
    Column, Confirm, Facts, Table, Tone, badge, crumbs, empty, hash, hash_link, heading, moment, money,
    notice, section,
};
use crate::web::{Answered, Person};

fn tone(stage: &Stage) -> Tone {
    match stage {
        Stage::Paid => Tone::Good,
        Stage::Failed { .. } | Stage::Unpaid { .. } => Tone::Bad,
        Stage::Cancelled => Tone::Plain,
        _ => Tone::Info,
    }
}

pub async fn jobs(State(desk): Desk, person: Person) -> Answered<Markup> {
    let cases = desk.cases().await?;
    let instead = empty("No jobs yet", "A job begins when a request was approved.", html! {});
    let columns = [
        Column::words("Request"),
        Column::words("State"),
        Column::numbers("Records"),
        Column::words("Begun"),
    ];
    let mut table = Table::new("Jobs", columns).or_empty(instead);
    for case in &cases {
        table.push([
            named(case),
            badge(tone(&case.stage), &case.words),
            html! { (case.released) },
            moment(case.begun_ms),
        ]);
    }
    Ok(page("Jobs", "/jobs", &person, html! { (heading("Jobs", None)) (table) }))
}

/// A job by what its request is about.
fn named(case: &CaseView) -> Markup {
    let link = format!("/jobs/{}", case.request);
    match case.title.as_str() {
        "" => hash_link(&case.request, &link),
        // Titles are the researchers', and may repeat.
        title => html! { a href=(link) { (title) } " " (hash(&case.request)) },
    }
}

pub async fn job(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Markup> {
    let case = desk.case(&request_id(&id)?).await?;
    let (events, poll) = (format!("/v1/jobs/{id}/events"), format!("/v1/jobs/{id}"));
    let approved = html! {
        ul { @for approval in &case.approvals { li { (approval.by) ", " (moment(approval.at_ms)) } } }
    };
    let facts = Facts::new()
        .with("Request", hash_link(&id, &format!("/requests/{id}")))
        .fact("Records", case.released)
        .with("Approved by", approved)
        .maybe("Contribution", case.contribution.as_deref().map(hash));
    let main = html! {
        (crumbs(&[Place::new("Jobs", "/jobs")], "Job"))
        (heading(if case.title.is_empty() { "Job" } else { &case.title }, Some((tone(&case.stage), &case.words))))
        (case.data.follow(Some(&events), Some(&poll)))
        (remark(&case))
        (facts)
        @if can_be_stopped(&case.stage) { (stop(&id)) }
    };
    Ok(page("Job", "/jobs", &person, main))
}

fn remark(case: &CaseView) -> Markup {
    match &case.stage {
        Stage::Holding { until_ms } => html! { p { "It is sent at " (moment(*until_ms))
        ", a time drawn at random, so that nobody can tell from it whose contribution it is." } },
        Stage::Unpaid { why } => {
            notice(Tone::Bad, why, html! { p { a href="/sold" { "See what was sold" } } })
        }
        Stage::Failed { why, .. } => notice(
            Tone::Bad,
            why,
            html! {
                p { "Nothing was sent. " a href={ "/requests/" (case.request) } { "Look at the request again" } "." }
            },
        ),
        _ => html! {},
    }
}

fn can_be_stopped(stage: &Stage) -> bool {
    matches!(stage, Stage::Planning | Stage::Proving { .. } | Stage::Holding { .. })
}

fn stop(id: &str) -> Markup {
    let box_ = Confirm::new(format!("/jobs/{id}/cancel"), "Stop this job", "Stop the job")
        .consequence("Nothing is sent, and nothing is earned.")
        .consequence("What was proven is forgotten; people must approve the request again to answer it.")
        .danger();
    html! { (box_) }
}

pub async fn cancel(
    State(desk): Desk,
    Path(id): Path<String>,
    Form(assent): Form<Assent>,
) -> Answered<Redirect> {
    assent.given()?;
    let request = request_id(&id)?;
    desk.cancel(&request).await?;
    Ok(Redirect::to(&format!("/jobs/{request}")))
}

pub async fn sold(State(desk): Desk, person: Person) -> Answered<Markup> {
    let sold = desk.off(|desk| desk.sold()).await?;
    let facts = Facts::new()
        .with("Earned", maybe_money(Some(sold.earned)))
        .fact("Contributions", sold.contributions.len())
        .fact("Patients released", sold.patients)
        .fact("More than once", sold.patients_repeated);
    let instead = empty("Nothing was sold yet", "Answered requests appear here.", html! {});
    let columns = [
        Column::words("Request"),
        Column::words("Contribution"),
        Column::numbers("Records"),
        Column::numbers("Paid"),
        Column::words("State"),
        Column::numbers("Released before"),
    ];
    let mut table = Table::new("Contributions", columns).or_empty(instead);
    for one in &sold.contributions {
        table.push([
            html! { a href={ "/jobs/" (one.request) } { (one.title) } },
            hash(&one.contribution),
            html! { (one.records) },
            html! { (money(one.paid)) },
            html! { (one.words) },
            html! { (one.overlap.before) " of " (one.overlap.patients) },
        ]);
    }
    let main = html! {
        (heading("Sold", None))
        (facts)
        (table)
        @for one in sold.contributions.iter().filter(|one| one.may_open_late) { (late(one)) }
        p { a href="/wallet" { "The money is in the wallet" } }
    };
    Ok(page("Sold", "/sold", &person, main))
}

fn late(one: &SoldView) -> Markup {
    let box_ = Confirm::new(format!("/sold/{}/open-late", one.request), "Open it late", "Show the key")
        .consequence("The researcher can read the data from then on, whatever happens.")
        .consequence("It is paid only while money of the request is not promised to others.")
        .back("/sold")
        .danger();
    section(&format!("{} was not opened in time", one.title), html! { (box_) })
}

pub async fn open_late(
    State(desk): Desk,
    Path(id): Path<String>,
    Form(assent): Form<Assent>,
) -> Answered<Redirect> {
    assent.given()?;
    desk.open_late(&request_id(&id)?).await?;
    Ok(Redirect::to("/sold"))
}
