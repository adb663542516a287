//! The last step: all of it on one page, what it costs, and the signature.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use galen_circuits::schema::Purpose;
use maud::{Markup, html};

use super::form::{Fields, Sent};
use super::trail::{STEPS, said, step_of, trail};
use super::{Desk, page};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::api::drafts::{DraftView, posted, view};
use crate::desk::researcher::cohort;
use crate::desk::researcher::pace::Pace;
use crate::desk::researcher::purse::Cost;
use crate::desk::researcher::store::Name;
use crate::web::extract::{Form, Path};
use crate::web::parts::form::Weight;
use crate::web::parts::{self, Confirm, Facts, Tone, button, button_link, money, notice};
use crate::web::{Answered, Person, Problem};

pub async fn show(State(desk): Desk, person: Person, Path(id): Path<Name>) -> Answered<Response> {
    render(&desk, &person, id, None).await
}

async fn render(
    desk: &std::sync::Arc<ResearcherDesk>,
    person: &Person,
    id: Name,
    error: Option<&str>,
) -> Answered<Response> {
    let name = id.clone();
    let read = move |desk: &ResearcherDesk| view(desk, desk.draft(&name)?);
    let draft = crate::desk::researcher::api::blocking(desk, read).await?;
    if let Some(request) = &draft.posted {
        return Ok(Redirect::to(&format!("/requests/{request}")).into_response());
    }
    let pace = desk.pace().await?;
    let main = html! {
        (trail(&id, 5, &draft.faults))
        (parts::heading("Review and sign", None))
        (facts(desk, &draft, pace)?)
        @if draft.signed {
            (signed(&id))
        } @else if !draft.faults.is_empty() {
            (faults(&id, &draft))
        } @else if let Some(cost) = &draft.cost {
            (sign(&id, &draft, cost, pace, error))
        }
    };
    Ok(page(person, "Review and sign", "/drafts/new", main).into_response())
}

fn facts(desk: &ResearcherDesk, view: &DraftView, pace: Pace) -> Answered<Markup> {
    let draft = &view.draft;
    let schema = desk.schema(&draft.schema)?.ok_or_else(|| Problem::not_found("schema"))?;
    let patients = cohort::predicate(draft, &schema).map(|predicate| predicate.describe(&schema));
    let purpose = draft.purpose.parse::<Purpose>().map(|purpose| purpose.to_string());
    let ranges: Vec<&str> = draft.quasi_identifiers.iter().map(|quasi| quasi.column.as_str()).collect();
    let open = |life: u64| format!("{life} blocks, about {}", pace.span(life));
    Ok(html! { (Facts::new()
    .fact("Title", draft.title.as_str())
    .fact("Data", format!("{} v{}", schema.name(), schema.version()))
    .fact("Purpose", purpose.unwrap_or_else(|_| "not chosen yet".into()))
    .fact("Patients", patients.unwrap_or_else(|_| "not said yet, or not understood".into()))
    .fact("Released as ranges", ranges.join(", "))
    .fact("Released as they are", draft.released.join(", "))
    .fact("Kept diverse", draft.sensitive.as_str())
    .maybe("Patients in every class (k)", draft.k)
    .maybe("Sensitive values in every class (l)", draft.l)
    .maybe("Greatest share of one value (α)", draft.alpha.map(|alpha| format!("{alpha} ‰")))
    .maybe("Most patients left out", draft.max_suppressed.map(|most| format!("{most} ‰")))
    .maybe("Widest ranges, on average", draft.max_loss.map(|most| format!("{most} ‰ of the whole domains")))
    .maybe("Sample of each hospital", draft.sample.map(|chunks| format!("{chunks} chunks of 64 patients")))
    .maybe("Price of one record", draft.price.map(money))
    .maybe("Most records", draft.max_records)
    .maybe("Open for", draft.life.map(open))) })
}

fn faults(id: &Name, draft: &DraftView) -> Markup {
    let lines = html! { ul {
        @for fault in &draft.faults {
            @let (step, words) = STEPS.get(step_of(&fault.field)).copied().unwrap_or(STEPS[0]);
            li { a href={ "/drafts/" (id) "/" (step) } { (words) } ": " (said(fault)) }
        }
    } };
    notice(Tone::Warning, "Before you can sign:", lines)
}

fn signed(id: &Name) -> Markup {
    let again = parts::post(
        &format!("/drafts/{id}/post"),
        html! {
            (parts::hidden("confirm", "yes"))
            (button(Weight::Primary, "Send it again"))
        },
    );
    let words = html! {
        p { "It was signed and kept before it was sent, and it is not known to be final. Sending it again posts the same request: \
            nothing is locked twice." }
        (again)
    };
    notice(Tone::Info, "This request is on its way to the ledger.", words)
}

fn sign(id: &Name, draft: &DraftView, cost: &Cost, pace: Pace, error: Option<&str>) -> Markup {
    if !cost.enough {
        let missing = cost.escrow.saturating_sub(cost.balance);
        let more = html! {
            p { (money(cost.escrow)) " would be locked, and the wallet holds " (money(cost.balance)) ": " (money(missing)) " are missing. \
                Have the treasury issue more to this wallet, or ask for fewer records." }
            div.actions {
                (button_link(Weight::Quiet, "The wallet", "/wallet"))
                (button_link(Weight::Quiet, "Change price or records", &format!("/drafts/{id}/price")))
            }
        };
        return notice(Tone::Warning, "The wallet holds too little.", more);
    }
    let life = draft.draft.life.unwrap_or_default();
    let until = pace.height.saturating_add(life);
    let amount = money(cost.escrow);
    let confirm = Confirm::new(format!("/drafts/{id}/post"), "Sign and post this request", format!("Lock {amount} and post"))
        .consequence(html! {
            strong { (amount) } " of the wallet's " (money(cost.balance)) " are locked until about block " (until) ", "
            (pace.until(until)) ", or longer if hospitals still open then. What is not spent comes back by itself."
        })
        .consequence(html! {
            "Title, patients, fields and protections become public; the price can be read by accredited hospitals and the audit authority alone."
        })
        .consequence(html! { "It cannot be changed or withdrawn: each contribution that is proven is paid." })
        .tick(format!("I want to lock {amount} and post it"))
        .back(format!("/drafts/{id}/price"));
    match error {
        Some(error) => html! { (confirm.error(error)) },
        None => html! { (confirm) },
    }
}

pub async fn post(
    State(desk): Desk,
    person: Person,
    Path(id): Path<Name>,
    Form(sent): Sent,
) -> Answered<Response> {
    if Fields(sent).get("confirm") != "yes" {
        let shown =
            render(&desk, &person, id, Some("Tick this if you want to go on; nothing was signed.")).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    }
    let request = posted(&desk, id).await?;
    Ok(Redirect::to(&format!("/requests/{request}")).into_response())
}
