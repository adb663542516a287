//! A site as a whole: what every call passes.

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use super::extract::{Json, Path, Query};
use super::guard::PublicName;
use super::limit::Rates;
use super::page::SiteName;
use super::session::{Doorkeeper, Sessions};
use super::site::Site;
use super::{Paging, Person, Problem};

struct Ada;

impl Doorkeeper for Ada {
    fn find(&self, token: &[u8]) -> Option<String> {
        (token == b"ada's token").then(|| "Ada".to_owned())
    }
}

const HERE: &str = "127.0.0.1:7801";

#[derive(Deserialize)]
struct Thing {
    name: String,
}

fn routes(calls: Arc<AtomicUsize>) -> Router {
    let count = move |Json(thing): Json<Thing>| async move {
        format!("{} {}", thing.name, calls.fetch_add(1, Ordering::SeqCst))
    };
    Router::new()
        .route("/who", get(async |person: Person| person.name))
        .route("/v1/who", get(async |person: Person| person.name))
        .route("/v1/things", post(count))
        .route("/v1/things/{id}", get(async |Path(id): Path<u32>| id.to_string()))
        .route("/v1/list", get(async |Query(paging): Query<Paging>| paging.limit().map(|n| n.to_string())))
        .route("/v1/panics", get(async || -> String { panic!("on purpose") }))
}

fn desk(calls: &Arc<AtomicUsize>) -> Router {
    let listen: SocketAddr = HERE.parse().unwrap();
    let site = Site::desk(SiteName::Researcher, listen, Sessions::new(Arc::new(Ada), listen.port()));
    site.around(routes(Arc::clone(calls)))
}

struct Call(axum::http::request::Builder);

impl Call {
    fn new(method: Method, path: &str) -> Self {
        Self(Request::builder().method(method).uri(path).header(header::HOST, HERE))
    }

    fn with(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    fn token(self) -> Self {
        self.with("authorization", "Bearer ada's token")
    }

    async fn of(self, router: &Router, body: &'static str) -> (StatusCode, Response<()>, String) {
        let mut request = self.0.body(Body::from(body)).unwrap();
        let peer: SocketAddr = "127.0.0.1:1".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (parts.status, Response::from_parts(parts, ()), text)
    }
}

fn code(text: &str) -> String {
    let problem: Problem = serde_json::from_str(text).expect("problem details");
    assert!(!problem.remedy.is_empty() && problem.kind.ends_with(&problem.code));
    problem.code
}

#[tokio::test]
async fn every_refusal_is_a_problem_with_what_to_do() {
    let router = desk(&Arc::default());
    let json = "application/json";
    for (call, body, status, expected) in [
        (Call::new(Method::GET, "/v1/who"), "", 401, "unauthorized"),
        (Call::new(Method::GET, "/v1/nothing").token(), "", 404, "not-found"),
        (Call::new(Method::PUT, "/v1/who").token(), "", 405, "method"),
        (Call::new(Method::GET, "/v1/things/x").token(), "", 404, "not-an-id"),
        (Call::new(Method::GET, "/v1/list?limit=x").token(), "", 400, "query"),
        (Call::new(Method::GET, "/v1/list?limit=201").token(), "", 422, "limit"),
        (Call::new(Method::POST, "/v1/things").token(), "{}", 415, "media-type"),
        (Call::new(Method::POST, "/v1/things").token().with("content-type", json), "{", 400, "body"),
        (Call::new(Method::POST, "/v1/things").token().with("content-type", json), "{}", 422, "body"),
        (Call::new(Method::GET, "/v1/panics").token(), "", 500, "internal"),
        (Call::new(Method::POST, "/v1/things").token().with("origin", "http://evil"), "{}", 403, "origin"),
    ] {
        let (found, response, text) = call.of(&router, body).await;
        assert_eq!((found.as_u16(), code(&text).as_str()), (status, expected), "{text}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert!(response.headers().contains_key("x-request-id"));
        assert!(
            response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'")
        );
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    let (status, _, text) =
        Call::new(Method::GET, "/nothing").token().with("accept", "text/html").of(&router, "").await;
    assert_eq!(status.as_u16(), 404);
    assert!(
        text.contains("<h1>Not found</h1>") && text.contains("What to do:") && text.contains("Request "),
        "{text}"
    );
}

/// T70: a browser signs in with its token, acts by its cookie, and is nobody after signing out.
#[tokio::test]
async fn t70_a_browser_signs_in_and_out() {
    let router = desk(&Arc::default());
    let (status, response, _) = Call::new(Method::GET, "/who?x=1").of(&router, "").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(to, "/sign-in?next=%2F%77%68%6F%3F%78%3D%31");
    let form = "application/x-www-form-urlencoded";
    let sign_in = |body| {
        let router = router.clone();
        async move { Call::new(Method::POST, "/sign-in").with("content-type", form).of(&router, body).await }
    };
    // Under a policy of `no-referrer` browsers say `Origin: null` of this form, which the guard refuses.
    let (_, response, _) = Call::new(Method::GET, "/sign-in").of(&router, "").await;
    assert_eq!(response.headers()["referrer-policy"], "same-origin");
    let (_, response, _) = sign_in("token=wrong&next=%2Fwho").await;
    assert_eq!(response.headers()["location"], "/sign-in?wrong=1");
    assert!(!response.headers().contains_key("set-cookie"));
    let (_, response, _) = sign_in("token=ada%27s+token&next=%2Fwho").await;
    assert_eq!(response.headers()["location"], "/who");
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.starts_with("galen_7801=")
    );
    let cookie = cookie.split(';').next().unwrap();
    let who = || Call::new(Method::GET, "/v1/who").with("cookie", cookie);
    assert_eq!(who().of(&router, "").await.2, "Ada");
    Call::new(Method::POST, "/sign-out").with("cookie", cookie).of(&router, "").await;
    assert_eq!(who().of(&router, "").await.0, StatusCode::UNAUTHORIZED);
    let (status, response, _) = Call::new(Method::GET, "/assets/galen.css").of(&router, "").await;
    assert_eq!(status, StatusCode::OK, "open to all");
    assert_eq!(
        response.headers()["cache-control"],
        "no-cache",
        "assets say themselves how long they may be kept"
    );
    let (status, _, page) =
        Call::new(Method::GET, "/sign-in?wrong=1&next=%2Fwho%22%3E").of(&router, "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("That token is not known here") && page.contains("/who&quot;&gt;"), "{page}");
}

/// T70: behind what ends TLS a desk is called by its public name too, and its cookie goes over TLS only.
#[tokio::test]
async fn t70_a_browser_signs_in_by_the_public_name() {
    let listen: SocketAddr = HERE.parse().unwrap();
    let url = reqwest::Url::parse("https://desk.example").unwrap();
    let sessions = Sessions::new(Arc::new(Ada), listen.port()).behind(PublicName::of(&url).unwrap());
    let router = Site::desk(SiteName::Researcher, listen, sessions).around(routes(Arc::default()));
    let call =
        |method, path, host: &str| Call(Request::builder().method(method).uri(path)).with("host", host);
    let sign_in = |origin| {
        let call = call(Method::POST, "/sign-in", "desk.example").with("origin", origin);
        call.with("content-type", "application/x-www-form-urlencoded")
    };
    let (status, _, text) = sign_in("https://evil.example").of(&router, "token=ada%27s+token").await;
    assert_eq!((status, code(&text).as_str()), (StatusCode::FORBIDDEN, "origin"));
    let (_, response, _) = sign_in("https://desk.example").of(&router, "token=ada%27s+token").await;
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-galen_7801=") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let (status, _, text) =
        call(Method::GET, "/v1/who", "desk.example").with("cookie", cookie).of(&router, "").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "Ada"));
    let (status, _, text) =
        call(Method::GET, "/v1/who", "evil.example").with("cookie", cookie).of(&router, "").await;
    assert_eq!((status, code(&text).as_str()), (StatusCode::FORBIDDEN, "host"));
    // Programs on the machine go on as before.
    assert_eq!(Call::new(Method::GET, "/v1/who").token().of(&router, "").await.2, "Ada");
}

#[tokio::test]
async fn a_repeated_call_is_answered_and_not_done_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let router = desk(&calls);
    let call = |key| {
        Call::new(Method::POST, "/v1/things")
            .token()
            .with("content-type", "application/json")
            .with("idempotency-key", key)
    };
    let first = call("k1").of(&router, r#"{"name":"a"}"#).await;
    let again = call("k1").of(&router, r#"{"name":"a"}"#).await;
    assert_eq!((first.2.as_str(), again.2.as_str()), ("a 0", "a 0"));
    assert!(again.1.headers().contains_key("idempotent-replay"));
    assert_eq!(code(&call("k1").of(&router, r#"{"name":"b"}"#).await.2), "idempotency-key");
    assert_eq!(call("k2").of(&router, r#"{"name":"a"}"#).await.2, "a 1");
    assert_eq!(code(&call("k 3").of(&router, r#"{"name":"a"}"#).await.2), "idempotency-key");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// T73: the log has which call it was, and nothing of what stands in its address, its headers or its body.
#[tokio::test]
async fn t73_the_log_repeats_no_word_of_a_call() {
    const VALUE: &str = "SECRETVALUE";
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let router = desk(&Arc::default());
    let json = "application/json";
    for (call, body) in [
        (Call::new(Method::GET, "/v1/things/SECRETVALUE?patient=SECRETVALUE").token(), ""),
        (Call::new(Method::GET, "/SECRETVALUE?patient=SECRETVALUE").token(), ""),
        (Call::new(Method::GET, "/v1/who").with("authorization", "Bearer SECRETVALUE"), ""),
        (Call::new(Method::GET, "/v1/who").with("cookie", "galen_7801=SECRETVALUE"), ""),
        (Call::new(Method::GET, "/v1/who").token().with("x-request-id", "SECRETVALUE\t1"), ""),
        (
            Call::new(Method::POST, "/v1/things").token().with("content-type", json),
            r#"{"name":"SECRETVALUE"}"#,
        ),
        (
            Call::new(Method::POST, "/v1/things").token().with("content-type", json),
            r#"{"nam":"SECRETVALUE"}"#,
        ),
        (Call::new(Method::POST, "/v1/things").token().with("origin", "http://SECRETVALUE"), ""),
    ] {
        call.of(&router, body).await;
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("/v1/things/{id}") && logged.contains("/v1/who"), "{logged}");
    assert!(!logged.contains(VALUE), "{logged}");
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let two = NonZeroU32::new(2).unwrap();
    let site = Site::public(SiteName::Explorer, Rates { per_second: two, burst: two, at_a_time: 1 });
    let router = site.around(routes(Arc::default()));
    let call = || Call::new(Method::GET, "/v1/things/1");
    for _ in 0..2 {
        assert_eq!(call().of(&router, "").await.0, StatusCode::OK);
    }
    let (status, response, text) = call().of(&router, "").await;
    assert_eq!((status, code(&text).as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate"));
    assert_eq!(response.headers()["retry-after"], "1");
}
