//! The API's document, as JSON and as a page without any outside host.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};
use serde_json::Value;

use super::page;
use crate::explorer::api::Shared;
use crate::explorer::site::Explorer;
use crate::web::extract::Json;
use crate::web::parts::{heading, section};

/// The document, worked out once a site.
fn document(site: &Arc<Explorer>) -> &Value {
    site.document.get_or_init(|| serde_json::to_value(crate::explorer::api::api(site).1).unwrap_or_default())
}

pub(super) async fn json(State(site): Shared) -> Json<Value> {
    Json(document(&site).clone())
}

fn words<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(|value| value.as_str()).unwrap_or_default()
}

pub(super) async fn page_of_api(State(site): Shared) -> Markup {
    let paths = document(&site).get("paths").and_then(|paths| paths.as_object());
    let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    page(
        "API",
        "/api",
        html! {
            (heading("The API of this node", None))
            p { "Everything that these pages show, as JSON. The whole document, for programs: " a href="/api/openapi.json" { "openapi.json" } ". Refusals are problem details (RFC 9457) with a stable " code { "code" } " and a " code { "remedy" } "." }
            @for (path, method, operation) in operations {
                (section(words(operation, "summary"), html! {
                    p { code { (method.to_uppercase()) " " (path) } }
                    @if !words(operation, "description").is_empty() { p { (words(operation, "description")) } }
                    @let parameters = operation.get("parameters").and_then(|list| list.as_array());
                    @if let Some(parameters) = parameters {
                        ul { @for parameter in parameters { li { code { (words(parameter, "name")) } ": " (words(parameter, "description")) } } }
                    }
                }))
            }
        },
    )
}
