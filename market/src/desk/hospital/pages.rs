//! The desk's pages: inbox, request with preview and approval, data, jobs, what was sold, wallet. They work without scripts.

mod approve;
mod data;
mod inbox;
mod jobs;
mod money;
mod request;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;

use super::HospitalDesk;
use super::fault::DeskFault;
use crate::web::page::{Page, Place, SiteName};
use crate::web::parts::{self, Tone, money};
use crate::web::{Person, document};

type Desk = State<Arc<HospitalDesk>>;

/// What a box for consent sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Assent {
    confirm: String,
}

impl Assent {
    /// # Errors
    /// When the box was not ticked.
    fn given(&self) -> Result<(), DeskFault> {
        if self.confirm == "yes" {
            return Ok(());
        }
        let detail = "the box that says what follows was not ticked";
        Err(DeskFault::invalid("not-confirmed", detail, "go back, read it, and tick the box"))
    }
}

/// The pages of a desk.
pub fn pages(desk: Arc<HospitalDesk>) -> Router {
    Router::new()
        .route("/", get(inbox::inbox))
        .route("/requests/{id}", get(request::request))
        .route("/requests/{id}/approve", post(approve::approve))
        .route("/requests/{id}/revoke", post(approve::revoke))
        .route("/data", get(data::data))
        .route("/data/{id}", get(data::dataset))
        .route("/data/{id}/commit", post(data::commit))
        .route("/data/{id}/withdraw", post(data::withdraw))
        .route("/data/{id}/erase", post(data::erase))
        .route("/imports", post(data::choose))
        .route("/imports/upload", post(data::upload).layer(axum::extract::DefaultBodyLimit::disable()))
        .route("/imports/{id}", get(data::import))
        .route("/jobs", get(jobs::jobs))
        .route("/jobs/{id}", get(jobs::job))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/sold", get(jobs::sold))
        .route("/sold/{id}/open-late", post(jobs::open_late))
        .route("/wallet", get(money::wallet))
        .route("/wallet/send", post(money::send))
        .route("/wallet/redeem", post(money::redeem))
        .with_state(desk)
        .merge(document::routes(&super::api::document(), |person, main| {
            page("API", document::PAGE, person, main)
        }))
}

/// A whole page.
fn page(title: &str, here: &str, person: &Person, main: Markup) -> Markup {
    let nav = [
        Place::new("Inbox", "/"),
        Place::new("Data", "/data"),
        Place::new("Jobs", "/jobs"),
        Place::new("Sold", "/sold"),
        Place::new("Wallet", "/wallet"),
    ];
    Page::new(title, SiteName::DataSteward).nav(&nav, here).person(person.name.as_str()).render(main)
}

/// An amount, if it is known.
fn maybe_money(minor: Option<u64>) -> Markup {
    html! { @match minor { Some(minor) => { span.number { (money(minor)) } } None => "–" } }
}

/// A time span for people.
fn span(seconds: u64) -> String {
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=5399 => format!("{} min", (seconds + 30) / 60),
        5400..=129_599 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// What cannot be done, and what to do instead, inside a page.
fn refusal(fault: &DeskFault) -> Markup {
    let remedy = match fault {
        DeskFault::Conflict { remedy, .. } | DeskFault::Invalid { remedy, .. } => *remedy,
        _ => "try again in a moment",
    };
    parts::notice(Tone::Warning, &fault.to_string(), html! { p { "What to do: " (remedy) "." } })
}
