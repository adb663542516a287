//! The wallet: what there is, where it came from, and payments, which are asked about before they are made.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{Fields, Sent};
use super::{Desk, flashed, page};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::api::wallet::paid;
use crate::desk::researcher::purse::{Funds, address};
use crate::desk::researcher::store::Name;
use crate::wallet::Patience;
use crate::web::extract::{Form, Query};
use crate::web::page::Place;
use crate::web::parts::form::Weight;
use crate::web::parts::table::Column;
use crate::web::parts::{
    self, Choice, Confirm, Facts, Field, Table, Tone, button, crumbs, empty, hidden, money, section, written,
};
use crate::web::{Answered, Person};

/// Notes that the page shows.
const MOST_SHOWN: usize = 100;

#[derive(Deserialize)]
pub struct After {
    paid: Option<u64>,
}

async fn funds(desk: &Arc<ResearcherDesk>) -> Answered<Funds> {
    crate::desk::researcher::api::blocking(desk, ResearcherDesk::funds).await
}

pub async fn show(State(desk): Desk, person: Person, Query(after): Query<After>) -> Answered<Markup> {
    let funds = funds(&desk).await?;
    let words = after.paid.map(|amount| format!("{} were paid; the payment is final.", money(amount)));
    let flash = words.as_deref().map(|words| (Tone::Good, words));
    Ok(flashed(&person, ("Wallet", "/wallet"), flash, render(&funds, &Fields(Vec::new()), &[])))
}

fn render(funds: &Funds, fields: &Fields, errors: &[(&str, &str)]) -> Markup {
    let error = |name: &str| errors.iter().find(|(field, _)| *field == name).map(|(_, words)| *words);
    let form = html! {
        (Field::text("to", "Pay to").required().value(fields.get("to")).maybe_error(error("to"))
            .hint("An address: 128 hex digits, as a wallet shows it."))
        (Field::text("amount", "Amount").required().value(fields.get("amount")).maybe_error(error("amount")).hint("As 12.50."))
        div.actions { (button(Weight::Quiet, "Go on")) }
    };
    html! {
        (parts::heading("Wallet", None))
        (parts::error_summary(errors))
        (Facts::new()
            .fact("Balance", money(funds.balance))
            .with("Address", parts::code("The address", &funds.address)))
        @if funds.unread > 0 {
            (parts::notice(Tone::Warning, &format!("{} notes are yours and cannot be read.", funds.unread),
                html! { p { "They pay a price that was not sealed to this desk." } }))
        }
        (section("Pay somebody", parts::post("/wallet", form)))
        (section("Notes", notes(funds)))
        p { a href="/wallet/receipts.json" download="receipts.json" { "Receipts for an accountant" }
            ": they open the amounts of these notes to whoever holds them, and spend nothing." }
    }
}

fn notes(funds: &Funds) -> Markup {
    let nothing = empty(
        "No money yet",
        "Give the address above to the treasury: what it issues appears here.",
        html! {},
    );
    let names = [
        Column::words("Note"),
        Column::numbers("Amount"),
        Column::words("Came"),
        Column::numbers("In block"),
        Column::words("Spent"),
    ];
    let mut table = Table::new("Notes", names).or_empty(nothing);
    for note in funds.notes.iter().take(MOST_SHOWN) {
        table.push([
            html! { (note.note) },
            html! { (money(note.amount)) },
            html! { (note.from) @if let Some(of) = &note.of { " of " (parts::hash(of)) } },
            parts::number(note.received),
            html! { @match note.spent { Some(block) => { "in block " (block) } None => "no" } },
        ]);
    }
    html! {
        (table)
        @if funds.notes.len() > MOST_SHOWN {
            (parts::partial(&format!("The newest {MOST_SHOWN} of {} notes are shown; the receipts have all.", funds.notes.len())))
        }
    }
}

/// Asks before a payment.
pub async fn ask(State(desk): Desk, person: Person, Form(sent): Sent) -> Answered<Response> {
    let fields = Fields(sent);
    let funds = funds(&desk).await?;
    let (wrong, amount) =
        (address(fields.get("to")).err(), fields.money("amount").filter(|amount| *amount > 0));
    let much = format!("The wallet holds {}.", money(funds.balance));
    let mut errors: Vec<(&str, &str)> = Vec::new();
    errors.extend(wrong.as_deref().map(|words| ("to", words)));
    match amount {
        None => errors.push(("amount", "Give an amount, as 12.50, above nothing.")),
        Some(amount) if amount > funds.balance => errors.push(("amount", &much)),
        Some(_) => {}
    }
    if !errors.is_empty() {
        let shown = page(&person, "Wallet", "/wallet", render(&funds, &fields, &errors));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    }
    let main = confirm(fields.get("to"), amount.unwrap_or_default(), &funds, None);
    Ok(page(&person, "Pay", "/wallet", main).into_response())
}

fn confirm(to: &str, amount: u64, funds: &Funds, error: Option<&str>) -> Markup {
    let words = money(amount);
    let confirm = Confirm::new("/wallet/pay", "Pay this amount", format!("Pay {words}"))
        .consequence(html! { strong { (words) } " leave this wallet; " (money(funds.balance.saturating_sub(amount))) " are left." })
        .consequence(html! { "They go to " (parts::hash(to)) ". Nobody can bring them back." })
        .fields(html! {
            (hidden("id", Name::fresh().as_str())) (hidden("to", to)) (hidden("amount", &written(amount)))
            (Field::checks("now", "Hurry", [Choice::new("yes", "Pay now, even if waiting would hide it better")]))
        })
        .tick(format!("I want to pay {words}"))
        .back("/wallet");
    let confirm = match error {
        Some(error) => confirm.error(error),
        None => confirm,
    };
    html! {
        (crumbs(&[Place::new("Wallet", "/wallet")], "Pay"))
        (parts::heading("Pay", None))
        (confirm)
    }
}

pub async fn pay(State(desk): Desk, person: Person, Form(sent): Sent) -> Answered<Response> {
    let fields = Fields(sent);
    let amount = fields.money("amount").unwrap_or_default();
    if fields.get("confirm") != "yes" {
        let funds = funds(&desk).await?;
        let main = confirm(
            fields.get("to"),
            amount,
            &funds,
            Some("Tick this if you want to go on; nothing was paid."),
        );
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&person, "Pay", "/wallet", main)).into_response());
    }
    let patience = Patience::unless(fields.get("now") == "yes");
    let done = paid(&desk, fields.get("id"), (fields.get("to").to_owned(), amount), patience).await?;
    Ok(Redirect::to(&format!("/wallet?paid={}", done.amount)).into_response())
}

pub async fn receipts(State(desk): Desk) -> Answered<impl IntoResponse> {
    let receipts = crate::desk::researcher::api::blocking(&desk, ResearcherDesk::receipts).await?;
    let headers = [(header::CONTENT_DISPOSITION, "attachment; filename=\"receipts.json\"")];
    Ok((headers, axum::Json(receipts)))
}
