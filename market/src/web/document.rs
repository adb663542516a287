//! The document of a site's API: as JSON for programs, and as a page that needs no other host.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use super::extract::Json;
use super::parts::{heading, section};
use super::session::Person;

/// Where a site shows its document.
pub const PAGE: &str = "/api";
/// Where programs find it.
pub const JSON: &str = "/api/openapi.json";

/// Adds to a desk's document that calls carry a person's token.
#[derive(Debug)]
pub struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The page and the document of a desk's API. `around` is the shell of the desk's pages.
pub fn routes(
    document: &OpenApi,
    around: impl Fn(&Person, Markup) -> Markup + Clone + Send + Sync + 'static,
) -> Router {
    // Texts and numbers: writing them into memory cannot fail.
    let document = Arc::new(serde_json::to_value(document).unwrap_or_default());
    let shown = Arc::clone(&document);
    let page = move |person: Person| {
        std::future::ready(around(&person, listing("The API of this desk", shown.as_ref())))
    };
    let json = move || std::future::ready(Json(document.as_ref().clone()));
    Router::new().route(PAGE, get(page)).route(JSON, get(json))
}

fn words<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The main part of the page: every call with what it does and takes.
pub fn listing(title: &str, document: &Value) -> Markup {
    let paths = document.get("paths").and_then(Value::as_object);
    let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    html! {
        (heading(title, None))
        p { "Everything that these pages show, as JSON. The whole document, for programs: " a href=(JSON) { "openapi.json" } ". Refusals are problem details (RFC 9457) with a stable " code { "code" } " and a " code { "remedy" } "." }
        @for (path, method, operation) in operations {
            (section(words(operation, "summary"), html! {
                p { code { (method.to_uppercase()) " " (path) } }
                @if !words(operation, "description").is_empty() { p { (words(operation, "description")) } }
                @let parameters = operation.get("parameters").and_then(Value::as_array);
                @if let Some(parameters) = parameters {
                    ul { @for parameter in parameters { li { code { (words(parameter, "name")) } ": " (words(parameter, "description")) } } }
                }
            }))
        }
    }
}
