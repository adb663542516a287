//! Data: files that come in, what was found in them, and what the ledger has of them.

use axum::extract::{Multipart, State};
use axum::response::Redirect;
use futures_util::TryStreamExt;
use galen_prover::import::{ColumnReport, Report};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Assent, Desk, page};
use crate::desk::hospital::HospitalDesk;
use crate::desk::hospital::api::{AllowForm, receive};
use crate::desk::hospital::dataset::{DatasetView, Standing};
use crate::desk::hospital::fault::DeskFault;
use crate::desk::hospital::import::{ImportStage, ImportView};
use crate::desk::hospital::source::SourceView;
use crate::desk::hospital::spool::choices;
use crate::web::extract::{Form, Path};
use crate::web::page::Place;
use crate::web::parts::{
    Choice, Column, Confirm, Facts, Field, Table, Tone, Weight, badge, button, crumbs, empty, hash, heading,
    moment, notice, post, section, upload as form_upload,
};
use crate::web::{Answered, Person};

/// What a file of the import folder is chosen by.
#[derive(Deserialize)]
pub struct Chosen {
    file: String,
    source: String,
    #[serde(flatten)]
    allow: Lenient,
}

/// Ticked boxes.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Lenient {
    unknown_codes: Option<Tick>,
    out_of_range: Option<Tick>,
    malformed: Option<Tick>,
    missing_columns: Option<Tick>,
    duplicates: Option<Tick>,
}

#[derive(Clone, Copy, Deserialize)]
enum Tick {
    #[serde(rename = "yes")]
    Yes,
}

impl From<Lenient> for AllowForm {
    fn from(form: Lenient) -> Self {
        Self {
            unknown_codes: form.unknown_codes.is_some(),
            out_of_range: form.out_of_range.is_some(),
            malformed: form.malformed.is_some(),
            missing_columns: form.missing_columns.is_some(),
            duplicates: form.duplicates.is_some(),
        }
    }
}

pub async fn data(State(desk): Desk, person: Person) -> Answered<Markup> {
    let (datasets, sources, files) =
        desk.off(|desk| Ok((desk.datasets()?, desk.sources()?, files(desk)?))).await?;
    let imports = desk.import_list();
    let columns = [
        Column::words("Dataset"),
        Column::words("Schema"),
        Column::numbers("Patients"),
        Column::words("On the ledger"),
        Column::words("Imported"),
    ];
    let instead = empty("No data yet", "Import a file of your patients below.", html! {});
    let mut table = Table::new("Datasets", columns).or_empty(instead);
    for dataset in &datasets {
        table.push([
            html! { a href={ "/data/" (dataset.id) } { (dataset.id.get(..8).unwrap_or_default()) } },
            html! { (dataset.schema_name) },
            html! { (dataset.patients) },
            standing(&dataset.standing),
            html! { (moment(dataset.imported_ms)) ", " (dataset.by) },
        ]);
    }
    let main = html! {
        (heading("Data", None))
        (table)
        (section("Import", importing(&sources, &files)))
        @if !imports.is_empty() { (section("Imports", imported(&imports))) }
    };
    Ok(page("Data", "/data", &person, main))
}

fn files(desk: &HospitalDesk) -> Result<Vec<(String, u64)>, DeskFault> {
    let Some(folder) = &desk.settings().import_folder else { return Ok(Vec::new()) };
    choices(folder).map_err(|error| DeskFault::Internal(error.to_string()))
}

fn standing(standing: &Standing) -> Markup {
    match standing {
        Standing::Imported => badge(Tone::Warning, "not committed"),
        Standing::Committed { until, .. } => {
            html! { (badge(Tone::Good, "committed")) " until block " (until) }
        }
        Standing::Former => badge(Tone::Plain, "former"),
    }
}

fn importing(sources: &[SourceView], files: &[(String, u64)]) -> Markup {
    let usable = || sources.iter().filter(|source| source.approved && source.accredited);
    if usable().next().is_none() {
        return empty(
            "No source can be used",
            "The members must have approved a schema, and accredited this hospital for it; then bring its source by the API.",
            html! {},
        );
    }
    let choose_source = |id: &str, label: &str| {
        let choices =
            usable().map(|s| Choice::new(s.name.as_str(), format!("{} ({})", s.name, s.schema_name)));
        Field::select("source", label, choices)
            .id(id)
            .hint("How the file is written, and its schema.")
            .required()
    };
    let sending = html! {
        (choose_source("upload-source", "Source"))
        (Field::file("file", "File").id("upload-file").accept(".csv,.gz,text/csv")
            .hint("CSV, may be compressed with gzip. It is read here and nowhere else, and removed when it was read.").required())
        (lenient("upload"))
        div.actions { (button(Weight::Primary, "Import the file")) }
    };
    let listed =
        files.iter().map(|(name, bytes)| Choice::new(name.as_str(), format!("{name} ({} KiB)", bytes >> 10)));
    html! {
        (form_upload("/imports/upload", sending))
        @if !files.is_empty() {
            h3 { "Or choose a file of the import folder" }
            (post("/imports", html! {
                (choose_source("folder-source", "Source of that file"))
                (Field::select("file", "File of the folder", listed).id("folder-file").required())
                (lenient("folder"))
                div.actions { (button(Weight::Quiet, "Import from the folder")) }
            }))
        }
    }
}

/// What can be let pass.
fn lenient(form: &str) -> Markup {
    let all = [
        ("unknown_codes", "Values that the schema does not know count as missing"),
        ("out_of_range", "Values outside of a column's domain count as missing"),
        ("malformed", "Values that are no number or date count as missing"),
        ("missing_columns", "Columns that the file does not have count as missing"),
        ("duplicates", "Of a patient's several rows the first is kept"),
    ];
    html! {
        fieldset.field {
            legend { "Let pass" }
            p.hint { "Nothing, unless you tick it: otherwise the file is refused as a whole." }
            @for (name, label) in all {
                @let id = format!("{form}-{name}");
                div.check { input type="checkbox" id=(id) name=(name) value="yes"; label for=(id) { (label) } }
            }
        }
    }
}

fn imported(imports: &[ImportView]) -> Markup {
    let mut table =
        Table::new("Imports", [Column::words("Import"), Column::words("State"), Column::words("By")]);
    for import in imports {
        table.push([
            html! { a href={ "/imports/" (import.id) } { (moment(import.begun_ms)) } },
            result(import),
            html! { (import.by) },
        ]);
    }
    html! { (table) }
}

fn result(import: &ImportView) -> Markup {
    match import.stage {
        ImportStage::Reading => badge(Tone::Info, "being read"),
        ImportStage::Done => badge(Tone::Good, "done"),
        ImportStage::Refused => badge(Tone::Bad, "refused"),
        ImportStage::Failed => badge(Tone::Bad, "failed"),
    }
}

pub async fn import(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Markup> {
    let import = desk.import(&id)?;
    let (events, poll) = (format!("/v1/imports/{id}/events"), format!("/v1/imports/{id}"));
    let main = html! {
        (crumbs(&[Place::new("Data", "/data")], "Import"))
        (heading("Import", None))
        (import.shown().follow(Some(&events), Some(&poll)))
        @if let Some(reason) = &import.reason {
            (notice(Tone::Bad, "Nothing was imported.", html! { p { (reason) }
                p { "Correct the file, or let this kind of trouble pass, and import it again." } }))
        }
        @if let Some(dataset) = &import.dataset {
            (notice(Tone::Good, "The rows are kept, sealed, at this desk.",
                html! { p { a href={ "/data/" (dataset) } { "Look at the dataset and commit to it" } } }))
        }
        @if let Some(report) = &import.report { (found(report)) }
    };
    Ok(page("Import", "/data", &person, main))
}

/// What was found in a file.
fn found(report: &Report) -> Markup {
    let facts = Facts::new()
        .fact("Rows read", report.rows_read)
        .fact("Patients", report.patients)
        .fact("Without any consent", report.without_consent)
        .fact("Further rows of a patient", report.repeated.count);
    let columns = [
        Column::words("Column"),
        Column::numbers("Missing"),
        Column::words("Out of range"),
        Column::words("Unknown"),
        Column::words("Malformed"),
    ];
    let mut table = Table::new("Columns", columns);
    for column in &report.columns {
        table.push(line(column));
    }
    section("What was found", html! { (facts) (table) })
}

fn line(column: &ColumnReport) -> [Markup; 5] {
    let trouble = |trouble: &galen_prover::import::report::Trouble| {
        let lines: Vec<String> = trouble.lines.iter().map(u64::to_string).collect();
        html! { (trouble.count) @if !lines.is_empty() { br; span.small.muted { "line " (lines.join(", ")) } } }
    };
    [
        html! { (column.name) @if column.absent { " " (badge(Tone::Warning, "not in the file")) } },
        html! { (column.missing) },
        trouble(&column.out_of_range),
        trouble(&column.unknown),
        trouble(&column.malformed),
    ]
}

pub async fn dataset(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Markup> {
    let dataset = desk.off(move |desk| desk.dataset(&id)).await?;
    let facts = Facts::new()
        .fact("Schema", dataset.schema_name.as_str())
        .fact("Patients", dataset.patients)
        .fact("Chunks", dataset.chunks)
        .with("Commitment", hash(&dataset.commitment))
        .with("On the ledger", standing(&dataset.standing))
        .fact("Imported by", dataset.by.as_str())
        .with("Imported", moment(dataset.imported_ms));
    let main = html! {
        (crumbs(&[Place::new("Data", "/data")], "Dataset"))
        (heading("Dataset", None))
        (facts)
        (acts(&dataset))
        (found(&dataset.report))
    };
    Ok(page("Dataset", "/data", &person, main))
}

fn acts(dataset: &DatasetView) -> Markup {
    let path = |act: &str| format!("/data/{}/{act}", dataset.id);
    let commit = Confirm::new(path("commit"), "Commit to this dataset", "Commit")
        .consequence("Requests that are posted from now on are answered from it; the ledger shows one hash, neither patients nor how many.")
        .consequence("It takes the place of the dataset that is committed now, if there is one.")
        .back("/data");
    let withdraw = Confirm::new(path("withdraw"), "Withdraw this dataset", "Withdraw")
        .consequence("This hospital can sell nothing of this schema until it commits again.")
        .consequence("Prices of new requests are not sealed to it from the next boundary on.")
        .danger();
    let erase = Confirm::new(path("erase"), "Erase this dataset here", "Erase")
        .consequence("Its rows are gone from this desk.")
        .consequence("Requests that were posted while it was committed can not be answered any more.")
        .danger();
    html! {
        @match dataset.standing {
            Standing::Committed { .. } => { (withdraw) }
            _ => { (commit) (erase) }
        }
    }
}

pub async fn choose(State(desk): Desk, person: Person, Form(chosen): Form<Chosen>) -> Answered<Redirect> {
    let allow = AllowForm::from(chosen.allow).into();
    let begin = move |desk: &std::sync::Arc<HospitalDesk>| {
        let spool = desk.choose(&chosen.file)?;
        desk.begin_import(&person.name, &chosen.source, allow, spool)
    };
    let view = desk.off(begin).await?;
    Ok(Redirect::to(&format!("/imports/{}", view.id)))
}

pub async fn upload(State(desk): Desk, person: Person, mut form: Multipart) -> Answered<Redirect> {
    let broken = || {
        DeskFault::invalid(
            "form",
            "the form is not complete",
            "choose a source and a file, and send it again",
        )
    };
    let (mut source, mut allow, mut spool) = (None, AllowForm::default(), None);
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        match field.name() {
            Some("file") => spool = Some(receive(&desk, field.map_err(drop)).await?),
            Some("source") => source = Some(field.text().await.map_err(|_| broken())?),
            Some("unknown_codes") => allow.unknown_codes = true,
            Some("out_of_range") => allow.out_of_range = true,
            Some("malformed") => allow.malformed = true,
            Some("missing_columns") => allow.missing_columns = true,
            Some("duplicates") => allow.duplicates = true,
            _ => {}
        }
    }
    let (source, spool) = source.zip(spool).ok_or_else(broken)?;
    let begin = move |desk: &std::sync::Arc<HospitalDesk>| {
        desk.begin_import(&person.name, &source, allow.into(), spool)
    };
    let view = desk.off(begin).await?;
    Ok(Redirect::to(&format!("/imports/{}", view.id)))
}

pub async fn commit(
    State(desk): Desk,
    Path(id): Path<String>,
    Form(assent): Form<Assent>,
) -> Answered<Redirect> {
    assent.given()?;
    desk.commit(&id).await?;
    Ok(Redirect::to("/data"))
}

pub async fn withdraw(
    State(desk): Desk,
    Path(id): Path<String>,
    Form(assent): Form<Assent>,
) -> Answered<Redirect> {
    assent.given()?;
    desk.withdraw(&id).await?;
    Ok(Redirect::to("/data"))
}

pub async fn erase(
    State(desk): Desk,
    Path(id): Path<String>,
    Form(assent): Form<Assent>,
) -> Answered<Redirect> {
    assent.given()?;
    desk.off(move |desk| desk.erase(&id)).await?;
    Ok(Redirect::to("/data"))
}
