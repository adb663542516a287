//! The document of a site's API: as JSON for programs, and as a page that needs no other host.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::{Value, json};
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

/// How documents name problem details, and their media type (RFC 9457).
const PROBLEM: &str = "#/components/schemas/Problem";
const PROBLEM_JSON: &str = "application/problem+json";

/// Adds to a desk's document that calls carry a person's token.
#[derive(Debug)]
pub struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// A document that says of every call how it is refused: by problem details, under their own media type. Any call may be, by
/// what stands before it: rates, sizes, sessions, names.
pub fn with_refusals(document: OpenApi) -> OpenApi {
    let Ok(mut value) = serde_json::to_value(&document) else { return document };
    let refusal = json!({ "schema": { "$ref": PROBLEM } });
    let paths = value.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flatten().filter_map(|(_, item)| item.as_object_mut()).flatten();
    for (_, operation) in operations {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for response in responses.values_mut() {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else { continue };
            if content.get("application/json") == Some(&refusal) {
                content.remove("application/json");
                content.insert(PROBLEM_JSON.to_owned(), refusal.clone());
            }
        }
        let usual = json!({ "description": "", "content": { PROBLEM_JSON: refusal } });
        responses.entry("default").or_insert(usual);
    }
    serde_json::from_value(value).unwrap_or(document)
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

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A text of the document, in which what stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! {
        @for (number, piece) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

/// A call of the API.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    operation: &'a Value,
}

impl Call<'_> {
    fn render(&self) -> Markup {
        let parameters = items(self.operation, "parameters");
        html! {
            h3 { code { (self.method.to_uppercase()) " " (self.path) } }
            @for text in [words(self.operation, "summary"), words(self.operation, "description")] {
                @if !text.is_empty() { p { (prose(text)) } }
            }
            @if !parameters.is_empty() {
                ul {
                    @for parameter in parameters {
                        @let about = words(parameter, "description");
                        li { code { (words(parameter, "name")) } @if !about.is_empty() { ": " (prose(about)) } }
                    }
                }
            }
        }
    }
}

/// The calls of a document by their tags, which come in the order of the document's own list, and then of the alphabet.
fn by_tag(document: &Value) -> Vec<(&str, &str, Vec<Call<'_>>)> {
    let named = items(document, "tags").iter();
    let mut groups: Vec<(&str, &str, Vec<Call<'_>>)> =
        named.map(|tag| (words(tag, "name"), words(tag, "description"), Vec::new())).collect();
    let known = groups.len();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            let call = Call { method, path, operation };
            match groups.iter_mut().find(|(name, ..)| *name == tag) {
                Some((.., calls)) => calls.push(call),
                None => groups.push((tag, "", vec![call])),
            }
        }
    }
    groups.get_mut(known..).unwrap_or_default().sort_by_key(|(name, ..)| *name);
    groups
}

/// The main part of the page: every call with what it does and takes.
pub fn listing(title: &str, document: &Value) -> Markup {
    html! {
        (heading(title, None))
        p { "Everything that these pages show, as JSON. The whole document, for programs: " a href=(JSON) { "openapi.json" } ". Refusals are problem details (RFC 9457) with a stable " code { "code" } " and a " code { "remedy" } "." }
        @for (name, about, calls) in by_tag(document) {
            (section(&capital(name), html! {
                @if !about.is_empty() { p { (prose(about)) } }
                @for call in calls { (call.render()) }
            }))
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::desk::{hospital, researcher};
    use crate::web::page::{Page, Place, SiteName};

    fn documents() -> [OpenApi; 2] {
        [hospital::api::document(), researcher::api::document()]
    }

    async fn get(router: &Router, path: &str, person: Option<&str>) -> (StatusCode, String) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(name) = person {
            request.extensions_mut().insert(Person { name: name.to_owned() });
        }
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn a_desk_shows_every_call_of_its_api_to_its_people() {
        for document in documents() {
            let nav = [Place::new("Start", "/")];
            let routes = routes(&document, move |person, main| {
                Page::new("API", SiteName::Researcher)
                    .nav(&nav, PAGE)
                    .person(person.name.as_str())
                    .render(main)
            });
            let (status, page) = get(&routes, PAGE, Some("Ada")).await;
            assert_eq!(status, StatusCode::OK);
            for path in document.paths.paths.keys() {
                assert!(page.contains(&format!(" {path}</code>")), "{path}");
            }
            assert!(page.contains("Ada") && page.contains("href=\"/api/openapi.json\""));
            assert!(!page.contains("http://") && !page.contains("https://"), "no outside host");
            let (_, json) = get(&routes, JSON, Some("Ada")).await;
            let served: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(served, serde_json::to_value(&document).unwrap());
            assert_eq!(get(&routes, PAGE, None).await.0, StatusCode::UNAUTHORIZED);
        }
    }

    /// A document that cannot be read back would be left as it was, without a word.
    #[test]
    fn every_call_of_every_document_says_how_it_is_refused() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 4, "{files:?}");
        for file in files {
            let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            for (path, item) in document["paths"].as_object().unwrap() {
                let methods = ["get", "put", "post", "delete", "patch"];
                for (method, operation) in
                    methods.iter().filter_map(|method| Some((method, item.get(method)?)))
                {
                    let refusal = &operation["responses"]["default"]["content"][PROBLEM_JSON];
                    let place = format!("{}: {method} {path}", file.display());
                    assert_eq!(refusal["schema"]["$ref"], PROBLEM, "{place}");
                }
            }
        }
    }

    /// T74: what a document says is text.
    #[test]
    fn t74_words_of_a_document_are_text() {
        let evil = "<script>alert(1)</script>";
        let parameters = [serde_json::json!({ "name": evil, "description": evil })];
        let operation = serde_json::json!({ "tags": [evil], "summary": evil, "description": evil, "parameters": parameters });
        let shown =
            listing(evil, &serde_json::json!({ "paths": { evil: { "get": operation } } })).into_string();
        assert!(!shown.contains("<script") && shown.matches("&lt;script&gt;").count() == 7, "{shown}");
    }

    #[test]
    fn calls_stand_below_their_tags_and_backticks_are_code() {
        let call = |tag: &str| serde_json::json!({ "get": { "tags": [tag], "summary": "Takes `a`, `b`" } });
        let paths = serde_json::json!({ "/1": call("zeta"), "/2": call("jobs"), "/3": call("alpha"), "/4": call("jobs") });
        let document =
            serde_json::json!({ "tags": [{ "name": "jobs", "description": "Work" }], "paths": paths });
        let shown = listing("T", &document).into_string();
        let order = ["Jobs", "Work", "/2", "/4", "Alpha", "/3", "Zeta", "/1"];
        let places: Vec<_> = order.iter().map(|text| shown.find(&format!("{text}<"))).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}: {shown}");
        assert!(
            shown.contains("<p>Takes <code>a</code>, <code>b</code></p>") && !shown.contains('`'),
            "{shown}"
        );
    }

    #[test]
    fn the_foot_of_a_page_leads_to_the_api_where_the_navigation_does_not() {
        let link = "<a href=\"/api\">API</a>";
        let with = |places: &[Place]| {
            let page = Page::new("T", SiteName::DataSteward).nav(places, "/");
            page.render(html! { h1 { "T" } }).into_string().matches(link).count()
        };
        let (start, api) = (Place::new("Start", "/"), Place::new("API", PAGE));
        assert_eq!((with(&[]), with(std::slice::from_ref(&start)), with(&[start, api])), (0, 1, 1));
    }
}
