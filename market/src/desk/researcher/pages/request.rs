//! One request: what is asked, what happened, who acts next, and what hospitals contributed.

use axum::extract::State;
use maud::{Markup, html};

use super::list::tone;
use super::{Desk, page};
use crate::desk::researcher::pace::moment;
use crate::desk::researcher::progress::Picture;
use crate::desk::researcher::view::{ContributionLine, RequestDetail};
use crate::id::RequestId;
use crate::web::extract::Path;
use crate::web::page::Place;
use crate::web::parts::form::Weight;
use crate::web::parts::table::Column;
use crate::web::parts::{
    self, Facts, Progress, Run, Table, Timeline, Tone, button, button_link, columns, crumbs, empty, money,
    notice, section,
};
use crate::web::{Answered, Person};

/// Contributions that a page shows.
const MOST_SHOWN: usize = 200;

pub async fn show(State(desk): Desk, person: Person, Path(id): Path<RequestId>) -> Answered<Markup> {
    let detail = desk.request(&id).await?;
    let title = detail.title.as_str();
    let main = html! {
        (crumbs(&[Place::new("Requests", "/requests")], title))
        (parts::heading(title, Some((tone(detail.stage), detail.stage.word()))))
        (live(&detail))
        (columns(
            html! {
                @if detail.own { (ready(&detail)) }
                (section("Contributions", contributions(&detail)))
                (section("What happened", timeline(&detail)))
            },
            html! { (section("Asked", asked(&detail))) @if detail.own { (section("Money", locked(&detail))) } },
        ))
    };
    Ok(page(&person, title, "/requests", main))
}

fn live(detail: &RequestDetail) -> Markup {
    let picture = Picture::of(detail);
    let run = if picture.over() { Run::Done } else { Run::Running };
    let progress = Progress::new(run, picture.stage, picture.done.into(), picture.total.into(), "records");
    let of = |what: &str| format!("/v1/requests/{}/{what}", detail.id);
    html! {
        (progress.follow(Some(&of("events")), Some(&of("progress"))))
        @if let Some(until) = detail.next.until {
            p { "Until block " (until.height) ", " (detail.pace.until(until.height)) " (" (moment(until.about_ms)) ")." }
        }
    }
}

fn ready(detail: &RequestDetail) -> Markup {
    if detail.paid == 0 {
        return html! {};
    }
    let action = html! { div.actions {
        (parts::post(&format!("/requests/{}/collect", detail.id), button(Weight::Primary, "Collect the data")))
        (button_link(Weight::Quiet, "What was collected", &format!("/requests/{}/data", detail.id)))
    } };
    let words = format!("{} records are paid and can be read by you alone.", detail.paid);
    notice(Tone::Good, &words, action)
}

fn contributions(detail: &RequestDetail) -> Markup {
    let what_next = format!("{} {} next.", detail.next.who, detail.next.what);
    let names = [
        Column::words("Contribution"),
        Column::words("Status"),
        Column::numbers("Records"),
        Column::numbers("Left out"),
        Column::words("In words"),
    ];
    let mut table = Table::new("Contributions", names).or_empty(empty("None yet", &what_next, html! {}));
    for line in detail.contributions.iter().rev().take(MOST_SHOWN) {
        table.push([
            parts::hash(&line.id),
            parts::badge(tone_of(line), line.status),
            parts::number(line.released),
            parts::number(line.suppressed),
            html! { (line.words) },
        ]);
    }
    html! {
        (table)
        @if detail.contributions.len() > MOST_SHOWN {
            (parts::partial(&format!("The newest {MOST_SHOWN} of {} contributions are shown.", detail.contributions.len())))
        }
    }
}

fn tone_of(line: &ContributionLine) -> Tone {
    match line.status {
        "paid" => Tone::Good,
        "waiting" | "reserved" => Tone::Info,
        _ => Tone::Warning,
    }
}

fn timeline(detail: &RequestDetail) -> Markup {
    let mut timeline = Timeline::new();
    let shown = detail.timeline.len().saturating_sub(MOST_SHOWN);
    for event in detail.timeline.iter().skip(shown) {
        let when = html! { "block " (event.when.height) ", about " (moment(event.when.about_ms)) };
        timeline = timeline.done(event.what, when);
        if let Some(contribution) = &event.contribution {
            timeline = timeline.detail(parts::hash(contribution));
        }
    }
    if detail.next.who != "nobody" {
        let until = match detail.next.until {
            Some(until) => format!("until block {}, {}", until.height, detail.pace.until(until.height)),
            None => "at any time".into(),
        };
        timeline = timeline.now(format!("{} {}", detail.next.who, detail.next.what), html! { (until) });
    }
    html! { (timeline) }
}

fn asked(detail: &RequestDetail) -> Markup {
    let asked = &detail.asked;
    html! { (Facts::new()
    .with("Request", parts::hash(&detail.id))
    .fact("By", detail.by.as_str())
    .fact("Data", asked.schema_name.as_str())
    .fact("Purpose", asked.purpose.as_str())
    .fact("Patients", asked.cohort.as_str())
    .fact("Released as ranges", asked.quasi_identifiers.join(", "))
    .fact("Released as they are", asked.released.join(", "))
    .fact("Kept diverse", asked.sensitive.as_str())
    .fact("Classes", format!("k = {}, l = {}, α = {} ‰", asked.k, asked.l, asked.alpha))
    .fact("Most patients left out", format!("{} ‰", asked.max_suppressed))
    .fact("Sample of each hospital", format!("{} chunks of 64 patients", asked.sample))
    .fact("Takes contributions", format!("until block {}, about {}", detail.deadline.height, moment(detail.deadline.about_ms)))) }
}

fn locked(detail: &RequestDetail) -> Markup {
    let facts = Facts::new().fact(
        "Records",
        format!(
            "{} paid, {} reserved, {} free of {}",
            detail.paid, detail.reserved, detail.left, detail.max_records
        ),
    );
    let facts = match &detail.money {
        Some(locked) => facts
            .fact("Price of one record", money(locked.price))
            .fact("Locked still", money(locked.locked))
            .fact("Paid to hospitals", money(locked.paid)),
        None => facts,
    };
    html! { (facts) }
}
