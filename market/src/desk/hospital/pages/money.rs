//! The wallet.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Assent, Desk, page};
use crate::desk::hospital::fault::DeskFault;
use crate::wallet::Patience;
use crate::web::extract::Form;
use crate::web::parts::{
    Choice, Column, Confirm, Facts, Field, Table, code, empty, hash, heading, minor, moment, money, section,
};
use crate::web::{Answered, Person};

/// What the forms send.
#[derive(Deserialize)]
pub struct Sending {
    #[serde(default)]
    confirm: String,
    #[serde(default)]
    to: String,
    amount: String,
    #[serde(default)]
    now: String,
}

impl Sending {
    fn patience(&self) -> Patience {
        Patience::unless(self.now == "yes")
    }
}

pub async fn wallet(State(desk): Desk, person: Person) -> Answered<Markup> {
    let wallet = desk.off(|desk| desk.wallet()).await?;
    let instead = empty("No money yet", "What is sold is paid into this wallet by itself.", html! {});
    let columns =
        [Column::words("From"), Column::numbers("Amount"), Column::numbers("Block"), Column::words("Spent")];
    let mut notes = Table::new("Notes", columns).or_empty(instead);
    for note in &wallet.notes {
        notes.push([
            html! { (note.from) @if let Some(of) = &note.of { " for " (hash(of)) } },
            html! { (money(note.amount)) },
            html! { (note.received) },
            html! { @match note.spent { Some(height) => { "in block " (height) } None => "no" } },
        ]);
    }
    let columns =
        [Column::words("To"), Column::numbers("Amount"), Column::words("By"), Column::words("Block")];
    let mut payments = Table::new("Payments", columns);
    for payment in &wallet.payments {
        payments.push([
            hash(&payment.to),
            html! { (money(payment.amount)) },
            html! { (payment.by) ", " (moment(payment.at_ms)) },
            html! { @match payment.height { Some(height) => (height), None => "not known yet" } },
        ]);
    }
    let main = html! {
        (heading("Wallet", None))
        (Facts::new()
            .fact("Balance", money(wallet.balance))
            .fact("Notes that cannot be read", wallet.unread.len())
            .with("Address", code("The address", &wallet.address)))
        (section("Notes", html! { (notes) }))
        @if !wallet.payments.is_empty() { (section("Payments", html! { (payments) })) }
        (section("Send", sending()))
        (section("Redeem", redeeming()))
    };
    Ok(page("Wallet", "/wallet", &person, main))
}

fn sending() -> Markup {
    let fields = html! {
        (Field::text("to", "To").id("send-to").hint("An address of 128 hex digits, as a wallet shows its own.").required())
        (Field::text("amount", "Amount").id("send-amount").hint("With two decimals: 12.50").required())
        (hurry("send-now"))
    };
    let box_ = Confirm::new("/wallet/send", "Send money", "Send")
        .consequence("The money is the payee's when it is final, and only the payee can send it back.")
        .fields(fields);
    html! { (box_) }
}

/// Waiting hides better; who cannot wait says so.
fn hurry(id: &str) -> Markup {
    let choice = Choice::new("yes", "Spend now, even if waiting would hide it better");
    html! { (Field::checks("now", "Hurry", [choice]).id(id)) }
}

fn redeeming() -> Markup {
    let fields = html! {
        (Field::text("amount", "Amount").id("redeem-amount")
            .hint("1, 2 or 5 times a power of ten in hundredths: 0.50, 10.00, 200.00").required())
        (hurry("redeem-now"))
    };
    let box_ = Confirm::new("/wallet/redeem", "Write a redemption", "Write the file")
        .consequence("The file is for the treasury, which signs and sends it, and pays outside.")
        .consequence("The amount is public on the ledger; whose it was is not. Send earnings to yourself first: that hides best.")
        .fields(fields);
    html! { (box_) }
}

/// Reads "12.50" or "12" as minor units.
fn amount(text: &str) -> Result<u64, DeskFault> {
    let refused =
        || DeskFault::invalid("amount", "an amount is a number with up to two decimals", "write it as 12.50");
    minor(text).ok_or_else(refused)
}

pub async fn send(State(desk): Desk, person: Person, Form(form): Form<Sending>) -> Answered<Redirect> {
    let patience = form.patience();
    Assent { confirm: form.confirm }.given()?;
    desk.pay(&person.name, (&form.to, amount(&form.amount)?), patience).await?;
    Ok(Redirect::to("/wallet"))
}

pub async fn redeem(State(desk): Desk, Form(form): Form<Sending>) -> Answered<impl IntoResponse> {
    let patience = form.patience();
    Assent { confirm: form.confirm }.given()?;
    let redeem = desk.redeem(amount(&form.amount)?, patience).await?;
    let name = "attachment; filename=\"redemption.json\"";
    Ok(([(header::CONTENT_DISPOSITION, name)], axum::Json(redeem)))
}
