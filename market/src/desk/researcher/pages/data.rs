//! What was bought: files to download, and how good they are.

use axum::extract::State;
use axum::response::{Redirect, Response};
use maud::{Markup, html};

use super::{Desk, page};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::api::requests::download;
use crate::desk::researcher::collect::Collected;
use crate::desk::researcher::report::{Report, Share};
use crate::id::RequestId;
use crate::web::chart::{Bars, Scale};
use crate::web::extract::Path;
use crate::web::page::Place;
use crate::web::parts::form::Weight;
use crate::web::parts::table::Column;
use crate::web::parts::{self, Facts, Table, button, crumbs, empty, money, section};
use crate::web::{Answered, Person};

pub async fn collect(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Redirect> {
    desk.collect(&id).await?;
    Ok(Redirect::to(&format!("/requests/{id}/data")))
}

pub async fn file(State(desk): Desk, Path((id, name)): Path<(RequestId, String)>) -> Answered<Response> {
    download(&desk, id, name).await
}

pub async fn show(State(desk): Desk, person: Person, Path(id): Path<RequestId>) -> Answered<Markup> {
    let read = move |desk: &ResearcherDesk| {
        Ok((desk.collected(&id)?, desk.report(&id)?, desk.file(&id, "citation.txt").ok()))
    };
    let (collected, report, citation) = crate::desk::researcher::api::blocking(&desk, read).await?;
    let citation = citation.and_then(|(path, _)| std::fs::read_to_string(path).ok());
    let here = format!("/requests/{id}");
    let again =
        parts::post(&format!("{here}/collect"), button(Weight::Quiet, "Collect again, with what came since"));
    let collect = parts::post(&format!("{here}/collect"), button(Weight::Primary, "Collect the data"));
    let main = html! {
        (crumbs(&[Place::new("Requests", "/requests"), Place::new("Request", here.clone())], "Data"))
        (parts::heading("What was bought", None))
        @match (&collected, &report) {
            (Some(collected), Some(report)) => {
                p { (collected.records) " records of " (counted(collected.contributions.len())) ", as of block " (collected.height) "." }
                (section("Files", files(&here, collected)))
                (section("Utility and anonymity", quality(report)))
                @if let Some(citation) = citation { (section("How to cite it", parts::code("The citation", &citation))) }
                (again)
            }
            _ => (empty("Nothing was collected yet", "Contributions that are opened can be decrypted by this desk's keys, and by no other.", collect)),
        }
    };
    Ok(page(&person, "Data", "/requests", main))
}

fn counted(contributions: usize) -> String {
    if contributions == 1 { "one contribution".into() } else { format!("{contributions} contributions") }
}

fn files(here: &str, collected: &Collected) -> Markup {
    let names = [
        Column::words("File"),
        Column::words("What it is"),
        Column::numbers("Bytes"),
        Column::words("BLAKE3"),
    ];
    let mut table = Table::new("Files", names);
    for file in &collected.files {
        table.push([
            html! { a href={ (here) "/files/" (file.name) } download { (file.name) } },
            html! { (file.what) },
            parts::number(file.bytes as u64),
            parts::hash(&file.blake3),
        ]);
    }
    html! { (table) }
}

fn quality(report: &Report) -> Markup {
    let (total, asked) = (&report.total, &report.asked);
    let mut bars = Bars::new(
        "Width of the ranges",
        "On average, as a share of each column's domain: nothing is lost at 0 %, nothing is said at 100 %.",
        "Column",
        Scale::Share,
    );
    for column in &report.columns {
        bars = bars.bar(column.column.as_str(), column.mean_per_mille as f64 / 1000.0);
    }
    html! {
        (Facts::new()
            .fact("Patients", report.cohort.as_str())
            .fact("Released", format!("{} records", total.released))
            .fact("Left out", format!("{} patients, {} ‰ of those that match; at most {} ‰ were allowed",
                total.suppressed, total.suppressed_per_mille, asked.max_suppressed))
            .fact("Smallest group of equal ranges", format!("{} records; k = {} is proven", total.smallest_group, asked.k))
            .maybe("Fewest sensitive values in a group", total.least_distinct.map(|least| format!("{least}; l = {} is proven", asked.l)))
            .maybe("Greatest share of one value in a group", total.greatest_share.map(|most| format!("{most} ‰; at most {} ‰ is proven", asked.alpha)))
            .maybe("Paid", report.paid.map(money)))
        (bars)
        (section("Proven on the ledger", lines(&report.proven)))
        (section("Not proven", lines(&report.not_proven)))
        (section("Each contribution", shares(&report.contributions)))
    }
}

fn lines(lines: &[String]) -> Markup {
    html! { ul { @for line in lines { li { (line) } } } }
}

fn shares(shares: &[Share]) -> Markup {
    let names = [
        Column::words("Contribution"),
        Column::numbers("Released"),
        Column::numbers("Left out"),
        Column::numbers("Groups"),
        Column::numbers("Smallest group"),
        Column::numbers("Loss, ‰"),
    ];
    let mut table = Table::new("Each contribution", names);
    for share in shares {
        table.push([
            parts::hash(&share.contribution),
            parts::number(share.released),
            parts::number(share.suppressed),
            parts::number(share.groups as u64),
            parts::number(share.smallest_group as u64),
            parts::number(share.loss_per_mille),
        ]);
    }
    html! { (table) }
}
