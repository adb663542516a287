//! The API's document, as JSON and as a page.

use axum::extract::State;
use maud::Markup;
use serde_json::Value;

use super::{Here, page};
use crate::explorer::api::Shared;
use crate::explorer::site::Explorer;
use crate::web::document::listing;
use crate::web::extract::Json;

/// The document, worked out once a site, unless who serves it gave another.
fn document(site: &std::sync::Arc<Explorer>) -> &Value {
    site.document.get_or_init(|| serde_json::to_value(crate::explorer::api::api(site).1).unwrap_or_default())
}

pub(super) async fn json(State(site): Shared) -> Json<Value> {
    Json(document(&site).clone())
}

pub(super) async fn page_of_api(site: Here) -> Markup {
    let title = if site.signs_reports() { "The API of this desk" } else { "The API of this node" };
    page(&site, "API", "/api", listing(title, document(&site.site)))
}
