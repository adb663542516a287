//! The site, with the policy of contents that all sites have.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const STYLE: &str = "body { color: #222; background: #fff; overflow-wrap: anywhere }
    @media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } a { color: #9cf } }
    .faint { color: #222; background: inherit }
    .wide { width: 700px }";
/// The answer comes after the click has returned, so that a test which does not wait fails.
const SCRIPT: &str = "const answer = document.getElementById('answer');
    document.getElementById('ask').addEventListener('click', () => fetch('/late')
        .then(got => got.text()).then(text => { answer.textContent = text; }));";
const GOOD: &str = r#"<p id="answer" role="status"></p>
    <button id="ask" type="button">Ask the ledger</button>
    <form action="/thanks"><label>Your name <input name="name"></label>
      <label>Purpose <select name="purpose"><option value="a">Care</option><option value="b">Research</option></select></label>
      <label>Until <input type="date" name="until"></label>
      <label><input type="checkbox" name="agreed"> I agree</label>
      <fieldset><legend>Second</legend><button>Send</button></fieldset></form>
    <ul><li>First request <a href="/thanks?which=first">Open</a></li>
        <li>Other request <a href="/thanks?which=other">Open</a></li></ul>
    <p><a href="/cohort.csv">Download the cohort</a></p>"#;

/// Serves the site until the test's runtime ends.
pub async fn serve() -> String {
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes()).await });
    format!("http://{address}")
}

fn routes() -> Router {
    let plain = |kind: &'static str, body: &'static str| {
        get(move || async move { ([(header::CONTENT_TYPE, kind)], body) })
    };
    Router::new()
        .route("/", page(GOOD))
        .route("/thanks", get(thanks))
        .route("/style.css", plain("text/css", STYLE))
        .route("/script.js", plain("text/javascript", SCRIPT))
        .route("/icon.svg", plain("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>"))
        .route("/late", get(|| async { "Height 7" }))
        .route("/throws.js", plain("text/javascript", "document.nothing.here();"))
        .route("/cohort.csv", get(cohort))
        .route("/unlabelled", page(r#"<p><input name="age"></p>"#))
        .route("/faint", page(r#"<p class="faint">Dark on dark, for those who prefer dark.</p>"#))
        .route("/wide", page(r#"<div class="wide">Too wide for a telephone.</div>"#))
        .route("/throws", page(r#"<script src="/throws.js"></script>"#))
        .route(
            "/inline",
            page(r#"<p onclick="alert(1)">Inline</p><script>document.title = "inline"</script>"#),
        )
        .route("/outside", page(r#"<img alt="Outside" src="http://example.invalid/x.png">"#))
        .route("/v1/good", get(|| async { axum::Json(serde_json::json!({"height": 7})) }))
        .route("/v1/broken", get(broken))
        .layer(middleware::from_fn(guard))
}

fn page(main: &'static str) -> axum::routing::MethodRouter {
    get(move || async move { whole(main) })
}

fn whole(main: &str) -> Html<String> {
    Html(format!(
        r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
        <meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/icon.svg">
        <link rel="stylesheet" href="/style.css"></head><body><main><h1>A page</h1>{main}</main>
        {script}</body></html>"#,
        script = if main == GOOD { r#"<script src="/script.js"></script>"# } else { "" }
    ))
}

async fn thanks(request: Request) -> Html<String> {
    whole(&format!("<p>Sent: {}</p>", request.uri().query().unwrap_or_default().replace('&', " ")))
}

async fn cohort() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/csv"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"cohort.csv\""),
    ];
    (headers, "age,sex\n40-49,f\n")
}

/// Fails when it is given what its document allows.
async fn broken(request: Request) -> Response {
    let long = request.uri().query().is_some_and(|query| query.len() > 12);
    if long { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { axum::Json("short").into_response() }
}

async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
