//! Finding codes: by the beginning of their names, by words of their titles, or level by level.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Fields, Sent};
use super::trail::trail;
use super::{Desk, page};
use crate::desk::researcher::cohort::{self, Code, MOST_FOUND};
use crate::desk::researcher::draft::Choice;
use crate::desk::researcher::store::Name;
use crate::web::extract::{Form, Path, Query};
use crate::web::parts::form::Weight;
use crate::web::parts::table::Column;
use crate::web::parts::{self, Table, Tone, button, button_link, empty, hidden, notice};
use crate::web::{Answered, Person, Problem};

/// What is looked for.
#[derive(Deserialize)]
pub struct Wanted {
    column: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    under: Option<String>,
}

pub async fn show(
    State(desk): Desk,
    person: Person,
    Path(id): Path<Name>,
    Query(wanted): Query<Wanted>,
) -> Answered<Markup> {
    let draft = desk.draft(&id)?.draft;
    let schema = desk.schema(&draft.schema)?.ok_or_else(|| Problem::not_found("schema"))?;
    let Wanted { column, q, under } = &wanted;
    let name = schema
        .find(column)
        .map(|(_, found)| found.name.clone())
        .ok_or_else(|| Problem::not_found("column"))?;
    let faults = desk.check(&draft)?.err().unwrap_or_default();
    let found = cohort::codes(&schema, &name, q, under.as_deref());
    let chosen = draft.choice(&name).map(|choice| choice.codes.join(", ")).unwrap_or_default();
    let here = format!("/drafts/{id}/codes");
    let main = html! {
        (trail(&id, 1, &faults))
        (parts::heading(&format!("Codes of {name}"), None))
        p { @if chosen.is_empty() { "Nothing chosen yet: all values fit." } @else { "Chosen: " strong { (chosen) } } }
        (search(&here, &name, q))
        @if let Some(group) = under { p { "Below " strong { (group) } ". " a href={ (here) "?column=" (name) } { "Back to the top" } } }
        (table(&here, &name, &found, q))
        @if found.len() == MOST_FOUND { (notice(Tone::Info, "More fit than are shown: type more of the name.", html! {})) }
        div.actions { (button_link(Weight::Primary, "Done", &format!("/drafts/{id}/cohort"))) }
    };
    Ok(page(&person, "Codes", "/drafts/new", main))
}

fn search(here: &str, column: &str, words: &str) -> Markup {
    html! {
        search.search { form method="get" action=(here) {
            (hidden("column", column))
            div.grow {
                label for="q" { "Beginning of a code, or words of its title" }
                input type="search" id="q" name="q" value=(words) autocomplete="off" spellcheck="false";
            }
            (button(Weight::Quiet, "Search"))
        } }
    }
}

fn table(here: &str, column: &str, found: &[Code], words: &str) -> Markup {
    let nothing =
        empty("No code fits", "Try the beginning of a code, as 250, or one word of its title.", html! {});
    let columns =
        [Column::words("Code"), Column::words("Meaning"), Column::numbers("Values"), Column::words("Action")];
    let mut table = Table::new("Codes", columns).or_empty(nothing);
    for code in found {
        let below: String = code.name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let add = html! {
            (hidden("column", column)) (hidden("code", &code.name)) (hidden("q", words)) (button(Weight::Quiet, "Choose"))
        };
        table.push([
            html! { code { (code.name) } },
            html! { (code.title.as_deref().unwrap_or("")) },
            html! {
                @if code.group { a href={ (here) "?column=" (column) "&under=" (below) } { (code.values) " below" } }
                @else { (code.values) }
            },
            parts::post(here, add),
        ]);
    }
    html! { (table) }
}

pub async fn add(State(desk): Desk, Path(id): Path<Name>, Form(sent): Sent) -> Answered<Redirect> {
    let fields = Fields(sent);
    let (column, code) = (fields.get("column").to_owned(), fields.get("code").to_owned());
    let mut draft = desk.draft(&id)?.draft;
    match draft.choices.iter_mut().find(|choice| choice.column == column) {
        Some(choice) if choice.codes.contains(&code) => {}
        Some(choice) => choice.codes.push(code),
        None => draft.choices.push(Choice { column: column.clone(), codes: vec![code], ..Choice::default() }),
    }
    desk.change(&id, draft)?;
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let (column, words) = (escape(&column), escape(fields.get("q")));
    Ok(Redirect::to(&format!("/drafts/{id}/codes?column={column}&q={words}")))
}
