//! The wizard: a step a page. What is given is kept at every step, also when something is wrong with it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use galen_circuits::schema::{Class, Kind, Purpose, Schema};
use maud::{Markup, html};

use super::form::{Fields, Sent};
use super::trail::{STEPS, said, step_of, trail};
use super::{Desk, explain, page};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::check::lives;
use crate::desk::researcher::draft::{Choice as Chosen, Draft, Weight as Weighed, most_chunks};
use crate::desk::researcher::pace::Pace;
use crate::desk::researcher::store::Name;
use crate::web::extract::{Form, Path};
use crate::web::parts::field::Choice;
use crate::web::parts::form::Weight;
use crate::web::parts::{self, Field, button, button_link, empty, error_summary, section, written};
use crate::web::{Answered, Person, Problem};

/// Chooses the schema; the way to every new request.
pub async fn new(State(desk): Desk, person: Person) -> Answered<Markup> {
    let schemas = desk.schemas()?;
    let choices = schemas.iter().map(|(id, schema)| {
        let columns: Vec<&str> = schema.columns().iter().map(|column| column.name.as_str()).collect();
        Choice::new(id.to_string(), format!("{} v{}", schema.name(), schema.version()))
            .hint(columns.join(", "))
    });
    let first = schemas.first().map(|(id, _)| id.to_string()).unwrap_or_default();
    let form = html! {
        (Field::radios("schema", "Which data?", choices).required().value(first)
            .hint("A schema says what hospitals know of their patients, and what may be asked for. Members of the consortium approved it."))
        div.actions { (button(Weight::Primary, "Begin")) }
    };
    let main = html! {
        (parts::heading("New request", None))
        @if schemas.is_empty() {
            (empty("The ledger has no schema yet", "The consortium approves schemas; a request is made under one of them.", html! {}))
        } @else {
            (parts::post("/drafts", form))
        }
    };
    Ok(page(&person, "New request", "/drafts/new", main))
}

pub async fn begin(State(desk): Desk, person: Person, Form(sent): Sent) -> Answered<Redirect> {
    let fields = Fields(sent);
    let none = || Problem::bad("draft.schema", "no schema was chosen", "choose one of the list");
    let schema = desk.schema(fields.get("schema"))?.ok_or_else(none)?;
    let draft = desk.begin(&person.name, Draft::under(&schema))?;
    Ok(Redirect::to(&format!("/drafts/{}/purpose", draft.id)))
}

pub async fn show(
    State(desk): Desk,
    person: Person,
    Path((id, step)): Path<(Name, String)>,
) -> Answered<Response> {
    let kept = desk.draft(&id)?;
    if let Some(request) = kept.posted {
        return Ok(Redirect::to(&format!("/requests/{request}")).into_response());
    }
    render(&desk, &person, &id, &kept.draft, (number(&step)?, None)).await
}

pub async fn save(
    State(desk): Desk,
    person: Person,
    Path((id, step)): Path<(Name, String)>,
    Form(sent): Sent,
) -> Answered<Response> {
    let (fields, at) = (Fields(sent), number(&step)?);
    let mut draft = desk.draft(&id)?.draft;
    let schema = desk.schema(&draft.schema)?.ok_or_else(|| Problem::not_found("schema"))?;
    take(&fields, at, &schema, &mut draft);
    let kept = desk.change(&id, draft)?;
    let faults = desk.check(&kept.draft)?.err().unwrap_or_default();
    let here = faults.iter().any(|fault| step_of(&fault.field) == at);
    if let Some(column) = fields.0.iter().find_map(|(key, _)| key.strip_prefix("search.")) {
        let column: String = column.bytes().map(|byte| format!("%{byte:02X}")).collect();
        return Ok(Redirect::to(&format!("/drafts/{id}/codes?column={column}")).into_response());
    }
    if !here {
        let next = STEPS.get(at + 1).map_or("review", |(name, _)| name);
        return Ok(Redirect::to(&format!("/drafts/{id}/{next}")).into_response());
    }
    let shown = render(&desk, &person, &id, &kept.draft, (at, Some(&fields))).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
}

fn number(step: &str) -> Answered<usize> {
    let at = STEPS.iter().position(|(name, _)| *name == step).filter(|at| *at < 5);
    at.ok_or_else(|| Box::new(Problem::not_found("step")))
}

/// Takes over what a step's form sent.
fn take(fields: &Fields, at: usize, schema: &Schema, draft: &mut Draft) {
    match at {
        0 => (draft.title, draft.purpose) = (fields.get("title").into(), fields.get("purpose").into()),
        1 => {
            draft.cohort = fields.get("cohort").into();
            draft.choices = asked_about(schema)
                .map(|column| chosen(fields, &column.name))
                .filter(|c| !c.is_empty())
                .collect();
        }
        2 => {
            draft.sensitive = fields.get("sensitive").into();
            draft.released = fields.all("released");
            let weight = |name: &str| fields.number(&format!("weight.{name}")).unwrap_or(0);
            let ranges = fields.all("quasi_identifiers");
            draft.quasi_identifiers =
                ranges.into_iter().map(|column| Weighed { weight: weight(&column), column }).collect();
        }
        3 => {
            (draft.k, draft.l, draft.alpha) =
                (fields.number("k"), fields.number("l"), fields.number("alpha"));
            (draft.max_suppressed, draft.max_loss) =
                (fields.number("max_suppressed"), fields.number("max_loss"));
        }
        _ => {
            (draft.price, draft.max_records) = (fields.money("price"), fields.number("max_records"));
            (draft.sample, draft.life) = (fields.number("sample"), fields.number("life"));
        }
    }
}

fn chosen(fields: &Fields, column: &str) -> Chosen {
    let typed = fields
        .get(&format!("codes.{column}"))
        .split(',')
        .map(str::trim)
        .map(str::to_owned)
        .collect::<Vec<_>>();
    Chosen {
        column: column.to_owned(),
        from: fields.get(&format!("from.{column}")).into(),
        to: fields.get(&format!("to.{column}")).into(),
        codes: typed.into_iter().filter(|code| !code.is_empty()).collect(),
    }
}

/// The columns that may be asked about.
fn asked_about(schema: &Schema) -> impl Iterator<Item = &galen_circuits::schema::Column> {
    schema.columns().iter().filter(|column| column.class != Class::NeverReleased)
}

async fn render(
    desk: &Arc<ResearcherDesk>,
    person: &Person,
    id: &Name,
    draft: &Draft,
    (at, sent): (usize, Option<&Fields>),
) -> Answered<Response> {
    let schema = desk.schema(&draft.schema)?.ok_or_else(|| Problem::not_found("schema"))?;
    let pace = desk.pace().await?;
    let all = desk.check(draft)?.err().unwrap_or_default();
    // Nobody is told what is missing before having sent the step.
    let here = all.iter().filter(|fault| sent.is_some() && step_of(&fault.field) == at);
    let faults: Vec<(String, String)> = here.map(|fault| (fault.field.clone(), said(fault))).collect();
    let shown = Shown { desk, schema: &schema, draft, faults: &faults, sent, pace };
    let (name, words) = STEPS.get(at).copied().unwrap_or(STEPS[0]);
    let body = match at {
        0 => shown.purpose(),
        1 => shown.cohort(),
        2 => shown.fields(),
        3 => shown.protection(),
        _ => shown.price(),
    };
    let summary: Vec<(String, &str)> =
        faults.iter().map(|(field, words)| (anchor(field), words.as_str())).collect();
    let summary: Vec<(&str, &str)> = summary.iter().map(|(id, words)| (id.as_str(), *words)).collect();
    let form = html! {
        (body)
        div.actions {
            (button(Weight::Primary, "Save and go on"))
            (button_link(Weight::Quiet, "Leave it as a draft", "/requests"))
        }
    };
    let main = html! {
        (trail(id, at, &all))
        (parts::heading(words, None))
        (error_summary(&summary))
        (parts::post(&format!("/drafts/{id}/{name}"), form))
    };
    Ok(page(person, words, "/drafts/new", main).into_response())
}

/// The id of the field that a fault is shown at.
fn anchor(field: &str) -> String {
    field.strip_prefix("choices.").map_or_else(|| field.to_owned(), |column| format!("from.{column}"))
}

/// A draft at a step.
struct Shown<'a> {
    desk: &'a ResearcherDesk,
    schema: &'a Schema,
    draft: &'a Draft,
    /// Fields of this step, and what is wrong with them.
    faults: &'a [(String, String)],
    /// What was sent, if it was: no draft holds a number that is none.
    sent: Option<&'a Fields>,
    pace: Pace,
}

impl Shown<'_> {
    fn error(&self, field: &str) -> Option<String> {
        let found: Vec<&str> =
            self.faults.iter().filter(|(wrong, _)| wrong == field).map(|(_, words)| words.as_str()).collect();
        (!found.is_empty()).then(|| found.join("; "))
    }

    fn number<T: ToString>(&self, name: &str, label: &str, value: Option<T>) -> Field {
        let field = Field::number(name, label).required().maybe_error(self.error(name));
        field.value(self.typed(name, value.map(|value| value.to_string())))
    }

    /// What the draft holds, or else what was typed.
    fn typed(&self, name: &str, held: Option<String>) -> String {
        held.unwrap_or_else(|| self.sent.map_or("", |sent| sent.get(name)).to_owned())
    }

    fn purpose(&self) -> Markup {
        let choices = Purpose::all().map(|purpose| {
            Choice::new(purpose.short(), format!("{}: {}", purpose.short(), purpose.name()))
                .hint(purpose.code())
        });
        let purpose = Field::select("purpose", "What the data will be used for", choices)
            .required()
            .value(&self.draft.purpose)
            .hint("Terms of GA4GH's Data Use Ontology. Only patients whose consent covers it are released.")
            .maybe_error(self.error("purpose"));
        let title = Field::text("title", "Title")
            .required()
            .value(&self.draft.title)
            .at_most(200)
            .hint("What it is about, in a few words. Everybody on the ledger can read it.")
            .maybe_error(self.error("title"));
        html! { (title) (purpose) }
    }

    fn cohort(&self) -> Markup {
        let words = Field::area("cohort", "Further conditions, in words")
            .value(&self.draft.cohort)
            .at_most(4096)
            .hint("For what the fields above cannot say, as: (diag_1 in 250.* or diag_2 in 250.*) and age >= 40. \
                Write everyone if all patients are meant.")
            .maybe_error(self.error("cohort"));
        html! {
            p { "Say which patients are asked for. What you leave empty does not matter; what you fill in must all hold." }
            @for column in asked_about(self.schema) { (self.choice(column)) }
            (words)
        }
    }

    fn choice(&self, column: &galen_circuits::schema::Column) -> Markup {
        let (name, kind) = (&column.name, &column.kind);
        let chosen = self.draft.choice(name).cloned().unwrap_or_default();
        let error = self.error(&format!("choices.{name}"));
        let domain = kind.label(1, kind.size());
        match kind {
            Kind::Category(category) => {
                let field = Field::text(format!("codes.{name}"), format!("{name}: codes"))
                    .id(format!("from.{name}"))
                    .value(chosen.codes.join(", "))
                    .hint(format!(
                        "One of {} values, or groups of them; several with commas between. Empty: all.",
                        category.size()
                    ))
                    .maybe_error(error);
                html! {
                    (field)
                    div.actions { button.button.quiet type="submit" name={ "search." (name) } value="1" { "Search the codes of " (name) } }
                }
            }
            _ => html! { div.pair {
                (Field::text(format!("from.{name}"), format!("{name}: from")).value(&chosen.from)
                    .hint(format!("Of {domain}; included.")).maybe_error(error))
                (Field::text(format!("to.{name}"), format!("{name}: to")).value(&chosen.to).hint("Included."))
            } },
        }
    }

    fn fields(&self) -> Markup {
        let columns = self.schema.columns();
        let of = |class: Class| columns.iter().filter(move |column| column.class == class);
        let sensitive = of(Class::Sensitive).map(|column| Choice::new(&column.name, &column.name));
        let sensitive = Field::radios("sensitive", "Sensitive column", sensitive)
            .required()
            .value(&self.draft.sensitive)
            .hint("Its values differ within every class, so that a class does not tell them.")
            .maybe_error(self.error("sensitive"));
        let released = of(Class::Sensitive)
            .chain(of(Class::Plain))
            .map(|column| Choice::new(&column.name, &column.name));
        let mut released = Field::checks("released", "Released as they are", released)
            .hint("Of sensitive columns only the one above can be released.")
            .maybe_error(self.error("released"));
        for column in &self.draft.released {
            released = released.value(column);
        }
        let ranges = of(Class::QuasiIdentifier).map(|c| Choice::new(&c.name, format!("{} (always)", c.name)));
        let ranges = ranges.chain(of(Class::Plain).map(|column| Choice::new(&column.name, &column.name)));
        let mut ranges = Field::checks("quasi_identifiers", "Released as ranges", ranges)
            .hint("What outsiders may know of a patient is shown as a range that a whole class shares. A column is released \
                as it is or as a range, not both.")
            .maybe_error(self.error("quasi_identifiers"));
        for quasi in &self.draft.quasi_identifiers {
            ranges = ranges.value(&quasi.column);
        }
        html! { (sensitive) (released) (ranges) (section("How much the width of a range counts", self.weights())) }
    }

    fn weights(&self) -> Markup {
        let ranged =
            self.schema.columns().iter().filter(|c| matches!(c.class, Class::QuasiIdentifier | Class::Plain));
        html! {
            p { "Where you need narrow ranges, raise the number: hospitals then keep that column finer and others wider. It is at least what the schema says." }
            div.pair { @for column in ranged {
                @let kept = self.draft.quasi_identifiers.iter().find(|quasi| quasi.column == column.name);
                @let least = column.weight.max(1);
                (Field::number(format!("weight.{}", column.name), column.name.clone())
                    .value(kept.map_or(least, |quasi| quasi.weight)).between(least, u16::MAX))
            } }
        }
    }

    fn protection(&self) -> Markup {
        let schema = self.schema;
        let draft = self.draft;
        html! {
            (explain::protections())
            (self.number("k", "k: patients in every class", draft.k).between(schema.k_floor(), u16::MAX)
                .hint(format!("At least {}, by the schema.", schema.k_floor())))
            (self.number("l", "l: sensitive values in every class", draft.l).between(schema.l_floor(), u16::MAX)
                .hint(format!("At least {}, by the schema.", schema.l_floor())))
            (self.number("alpha", "α: greatest share of one sensitive value", draft.alpha).unit("per mille")
                .between(1, schema.alpha_ceiling()).hint(format!("At most {}, by the schema.", schema.alpha_ceiling())))
            (self.number("max_suppressed", "Most patients left out", draft.max_suppressed).unit("per mille").between(0, 1000)
                .hint("Patients who fit no class are suppressed. A contribution that leaves out more is refused."))
            (self.number("max_loss", "Widest ranges, on average", draft.max_loss).unit("per mille").between(1, 1000)
                .hint("0 would say the exact values, 1000 nothing at all. A contribution with wider ranges is refused."))
        }
    }

    fn price(&self) -> Markup {
        let draft = self.draft;
        let (shortest, longest) = lives(&self.desk.config().windows);
        let most = most_chunks(self.schema);
        let price = Field::text("price", "Price of one record")
            .required()
            .value(self.typed("price", draft.price.map(written)))
            .hint(
                "As 12.50. It is sealed: accredited hospitals and the audit authority read it, nobody else.",
            )
            .maybe_error(self.error("price"));
        let pace = self.pace;
        html! {
            (price)
            (self.number("max_records", "Most records to pay for", draft.max_records).between(1, crate::amount::RECORDS_CAP - 1)
                .hint("Price times records is locked when you sign. What is not spent comes back."))
            (self.number("sample", "Sample of each hospital", draft.sample).unit("chunks of 64 patients").between(1, most)
                .hint(format!("The ledger draws where it starts. At most {most}: a quarter of the least dataset.")))
            (self.number("life", "Open for", draft.life).unit("blocks").between(shortest, longest)
                .hint(format!("1,000 blocks are about {} at present; at least {shortest} blocks ({}), at most {longest} ({}).",
                    pace.span(1000), pace.span(shortest), pace.span(longest))))
        }
    }
}
