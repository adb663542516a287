//! The desk's pages. Each works without a script; what is wrong with a form is said beside its field.

mod codes;
mod data;
mod explain;
mod form;
mod list;
mod request;
mod review;
mod steps;
mod trail;
mod wallet;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::Markup;

use super::ResearcherDesk;
use crate::web::extract::Json;
use crate::web::page::{Page, Place, SiteName};
use crate::web::parts::Tone;
use crate::web::session::Sessions;
use crate::web::site::Site;
use crate::web::{Person, document};

/// What handlers work on.
type Desk = State<Arc<ResearcherDesk>>;

/// Pages and API of a desk, for its people, on the address that it listens on.
pub fn site(desk: Arc<ResearcherDesk>, listen: SocketAddr, sessions: Sessions) -> (Site, Router) {
    let (api, document) = super::api::api(Arc::clone(&desk));
    let document = get(move || std::future::ready(Json(document)));
    let routes = pages(desk).merge(api).route("/v1/openapi.json", document);
    let site = Site::desk(SiteName::Researcher, listen, sessions);
    let router = site.around(routes);
    (site, router)
}

/// The pages of a desk.
pub fn pages(desk: Arc<ResearcherDesk>) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/requests")))
        .route("/requests", get(list::list))
        .route("/requests/{id}", get(request::show))
        .route("/requests/{id}/collect", post(data::collect))
        .route("/requests/{id}/data", get(data::show))
        .route("/requests/{id}/files/{name}", get(data::file))
        .route("/drafts/new", get(steps::new))
        .route("/drafts", post(steps::begin))
        .route("/drafts/{id}/delete", post(list::delete))
        .route("/drafts/{id}/restore", post(list::restore))
        .route("/drafts/{id}/codes", get(codes::show).post(codes::add))
        .route("/drafts/{id}/review", get(review::show))
        .route("/drafts/{id}/post", post(review::post))
        .route("/drafts/{id}/{step}", get(steps::show).post(steps::save))
        .route("/wallet", get(wallet::show).post(wallet::ask))
        .route("/wallet/pay", post(wallet::pay))
        .route("/wallet/receipts.json", get(wallet::receipts))
        .with_state(desk)
        .merge(document::routes(&super::api::document(), |person, main| {
            page(person, "API", document::PAGE, main)
        }))
}

/// The desk's pages by name.
fn nav() -> [Place; 3] {
    [
        Place::new("Requests", "/requests"),
        Place::new("New request", "/drafts/new"),
        Place::new("Wallet", "/wallet"),
    ]
}

/// A page for somebody who is signed in.
fn page(person: &Person, title: &str, here: &str, main: Markup) -> Markup {
    flashed(person, (title, here), None, main)
}

/// The same, with a notice of what the person just did.
fn flashed(
    person: &Person,
    (title, here): (&str, &str),
    flash: Option<(Tone, &str)>,
    main: Markup,
) -> Markup {
    let nav = nav();
    let page = Page::new(title, SiteName::Researcher).nav(&nav, here).person(person.name.as_str());
    match flash {
        Some((tone, words)) => page.flash(tone, words).render(main),
        None => page.render(main),
    }
}
