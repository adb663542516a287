//! The site's pages: the same views as the API's, for people.

mod chain;
mod contribution;
mod document;
mod market;
pub(crate) mod signed;
mod verify;

pub use contribution::{NOT_PROVED, PROVED};

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::get;
use maud::Markup;

use super::site::Explorer;
use crate::web::page::{Page, Place};
use crate::web::{Paging, Person, parts};

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

/// The same where reports are signed.
static NAV_WITH_REPORTS: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let (api, before) = (&NAV[NAV.len() - 1], &NAV[..NAV.len() - 1]);
    let mut nav = before.to_vec();
    nav.extend([Place::new("Reports", signed::PATH), api.clone()]);
    nav
});

/// What a page is made of: the site, and who is signed in where that is asked.
pub(crate) struct Here {
    site: Arc<Explorer>,
    person: Option<Person>,
}

impl Deref for Here {
    type Target = Explorer;

    fn deref(&self) -> &Explorer {
        &self.site
    }
}

impl FromRequestParts<Arc<Explorer>> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Explorer>) -> Result<Self, Infallible> {
        Ok(Self { site: Arc::clone(site), person: parts.extensions.get::<Person>().cloned() })
    }
}

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
pub(crate) fn page(site: &Here, title: &str, here: &str, main: Markup) -> Markup {
    shell(site, title, here).render(main)
}

fn shell(site: &Here, title: &str, here: &str) -> Page<'static> {
    let nav = if site.signs_reports() { &NAV_WITH_REPORTS[..] } else { &NAV[..] };
    let page = Page::new(title, site.name()).nav(nav, here);
    match &site.person {
        Some(person) => page.person(person.name.as_str()),
        None => page,
    }
}

/// The way on in a list: newer ones begin at the top.
fn onward(path: &str, paging: &Paging, next: Option<&str>) -> Markup {
    let newer = paging.after.as_ref().map(|_| path.to_owned());
    let older = next.map(|next| format!("{path}?after={next}"));
    parts::older_newer(newer.as_deref(), older.as_deref())
}
