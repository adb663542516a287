//! One request: what is asked, what would be released and at what risk, and the decision.

use axum::extract::State;
use maud::{Markup, html};

use super::{Desk, approve, maybe_money, page, refusal, span};
use crate::desk::hospital::api::request_id;
use crate::desk::hospital::inbox::InboxItem;
use crate::desk::hospital::overlap::Overlap;
use crate::desk::hospital::preview::Release;
use crate::desk::hospital::room::{Fits, RoomView};
use crate::web::chart::{Bars, BeforeAfter, Histogram, Scale};
use crate::web::extract::Path;
use crate::web::page::Place;
use crate::web::parts::{Column, Facts, Table, Tone, crumbs, hash, heading, notice, section};
use crate::web::{Answered, Person};

pub async fn request(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Markup> {
    let request = request_id(&id)?;
    let (item, preview) =
        desk.off(move |desk| Ok((desk.inbox_item(&request)?, desk.preview(&request)))).await?;
    let case = desk.case(&request).await.ok();
    let main = html! {
        (crumbs(&[Place::new("Requests", "/")], &item.title))
        (heading(&item.title, None))
        (asked(&item))
        @match &preview {
            Ok(preview) => {
                (released(&preview.release, item.k))
                (overlap(&preview.overlap))
                (room(&preview.room))
                (approve::decision(&desk, &person, preview, case.as_ref()))
            }
            Err(fault) => {
                @if let Some(case) = &case {
                    (notice(Tone::Info, &format!("This request is {}.", case.words),
                        html! { p { a href={ "/jobs/" (id) } { "See its job" } } }))
                } @else { (refusal(fault)) }
            }
        }
    };
    Ok(page(&item.title, "/", &person, main))
}

fn asked(item: &InboxItem) -> Markup {
    let left = format!("{}, until block {}", span(item.seconds_left), item.deadline);
    let classes = format!(
        "at least {} patients and {} different sensitive values in each; no value above {} ‰ of a class",
        item.k, item.l, item.alpha
    );
    let facts = Facts::new()
        .fact("Asked by", item.researcher.as_str())
        .fact("Purpose", item.purpose.as_str())
        .fact("Patients", format!("{} ({})", item.cohort, item.schema))
        .fact("Classes", classes)
        .fact("Sample", format!("{} chunks of 64 places, drawn by the ledger", item.sample))
        .with("Price of a record", maybe_money(item.price))
        .fact("Records still paid for", item.records_left)
        .fact("Time left", left)
        .with("Request", hash(&item.id));
    section("What is asked", html! { (facts) })
}

fn released(release: &Release, k: u16) -> Markup {
    let facts = Facts::new()
        .fact("Rows of the run", release.scanned)
        .fact("Match and consent", release.selected)
        .fact("Would be released", release.released)
        .fact("Would be suppressed", release.suppressed)
        .fact("Classes", format!("{}, the smallest of {}", release.classes, release.smallest_class))
        .fact("Different sensitive values", format!("{} or more in each class", release.least_distinct))
        .fact("Released as they are", release.as_they_are.join(", "));
    let mut sizes = Histogram::new(
        "Class sizes",
        "How many classes hold how many patients: an outsider cannot tell the patients of one class apart.",
        "Patients in the class",
        "Classes",
    );
    for size in &release.sizes {
        sizes = sizes.bin(size.patients.to_string(), size.classes as u64);
    }
    let says = "Mean share of a column's domain that a released range spans.";
    let mut loss = Bars::new("Information lost by column", says, "Column", Scale::Share);
    for column in &release.columns {
        loss = loss.bar(column.column.as_str(), column.loss);
    }
    let (before, after) = (&release.risk_before, &release.risk_after);
    let risk = BeforeAfter::new(
        "Risk of re-identification",
        "Chance that an outsider who knows the ranged columns picks the right patient, if rows were released as they are and \
         as they would be released. A prosecutor knows that a certain patient is in the data, a journalist does not know who is, a \
         marketer wants to find as many as possible.",
        "Attacker",
        Scale::Share,
    )
    .pair("Prosecutor", before.prosecutor, after.prosecutor)
    .pair("Journalist", before.journalist, after.journalist)
    .pair("Marketer, on average", before.marketer, after.marketer)
    .pair("Rows alone in their class", before.unique, after.unique)
    .limit(1.0 / f64::from(k.max(1)), format!("1/k = 1/{k}"));
    html! {
        (section("What would be released", html! { (facts) p.small.muted { "This is the run that the ledger drew, and no other \
            row. Nothing was written, proven or sent." } }))
        (section("Risk", html! { (risk) (sizes) }))
        (section("Utility", html! { (loss) }))
    }
}

/// Whether the request can take it; in a notice when it is not certain.
fn room(room: &RoomView) -> Markup {
    let said = match room.fits {
        Fits::Now => return html! {},
        Fits::Later => {
            notice(Tone::Warning, "This release would have to wait.", html! { p { (room.words) "." } })
        }
        Fits::QueueFull => {
            notice(Tone::Warning, "There is no room for this release now.", html! { p { (room.words) "." } })
        }
        Fits::Never => notice(Tone::Bad, "This release does not fit.", html! { p { (room.words) "." } }),
    };
    section("Room in the request", said)
}

fn overlap(overlap: &Overlap) -> Markup {
    let words = format!("{} of {} patients were released before", overlap.before, overlap.patients);
    let mut table =
        Table::new("Earlier releases", [Column::words("Request"), Column::numbers("Patients in common")]);
    for earlier in &overlap.earlier {
        let id = &earlier.request;
        let link = crate::web::parts::hash_link(id, &format!("/jobs/{id}"));
        table.push([link, html! { (earlier.patients) }]);
    }
    let body = html! {
        p { (words) ". " @if overlap.before > 0 {
            "Two releases of one patient under different classes can tell more together than each alone, and no proof covers \
             that: weigh it."
        } }
        @if !overlap.earlier.is_empty() { (table) }
    };
    section("Overlap with earlier releases", body)
}
