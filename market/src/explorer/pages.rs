//! The site's pages: the same views as the API's, for people.

mod chain;
mod contribution;
mod document;
mod market;
mod verify;

pub use contribution::{NOT_PROVED, PROVED};

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::routing::get;
use maud::Markup;

use super::site::Explorer;
use crate::web::page::{Page, Place, SiteName};
use crate::web::{Paging, parts};

static NAV: LazyLock<[Place; 8]> = LazyLock::new(|| {
    [
        Place::new("Overview", "/"),
        Place::new("Blocks", "/blocks"),
        Place::new("Requests", "/requests"),
        Place::new("Participants", "/participants"),
        Place::new("Schemas", "/schemas"),
        Place::new("Members", "/members"),
        Place::new("Openings", "/openings"),
        Place::new("API", "/api"),
    ]
});

/// The pages.
pub fn routes() -> Router<Arc<Explorer>> {
    Router::new()
        .route("/", get(chain::overview))
        .route("/blocks", get(chain::blocks))
        .route("/blocks/{height}", get(chain::block))
        .route("/transactions/{hash}", get(chain::transaction))
        .route("/members", get(chain::members))
        .route("/participants", get(market::participants))
        .route("/participants/{account}", get(market::participant))
        .route("/schemas", get(market::schemas))
        .route("/schemas/{id}", get(market::schema))
        .route("/requests", get(market::requests))
        .route("/requests/{id}", get(market::request))
        .route("/openings", get(market::openings))
        .route("/notes/{position}", get(market::note))
        .route("/contributions/{id}", get(contribution::contribution))
        .route("/contributions/{id}/verify", get(verify::page))
        .route("/search", get(market::search))
        .route("/api", get(document::page_of_api))
        .route("/api/openapi.json", get(document::json))
        .merge(verify::files())
}

/// A page of the site.
fn page(title: &str, here: &str, main: Markup) -> Markup {
    shell(title, here).render(main)
}

fn shell(title: &str, here: &str) -> Page<'static> {
    Page::new(title, SiteName::Explorer).nav(&NAV[..], here)
}

/// The way on in a list: newer ones begin at the top.
fn onward(path: &str, paging: &Paging, next: Option<&str>) -> Markup {
    let newer = paging.after.as_ref().map(|_| path.to_owned());
    let older = next.map(|next| format!("{path}?after={next}"));
    parts::older_newer(newer.as_deref(), older.as_deref())
}
