//! A site on a port: connections, and all that every call passes on its way in and out.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::guard::{self, Names};
use super::idempotency::{self, Answers};
use super::limit::{self, Limit, Rates};
use super::page::SiteName;
use super::problem::Problem;
use super::session::{self, Sessions};
use super::{assets, sign_in};

/// Bytes of a body, unless a route takes more.
const MOST_BODY: usize = 1 << 20;
/// How long a caller may say nothing in the middle of a body.
const BODY_SILENCE: Duration = Duration::from_secs(30);
/// How long a caller may take for the head of a call, or be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// How long calls may go on after the site was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// What kind of site it is.
#[derive(Clone)]
pub struct Site {
    /// Whose pages these are.
    pub name: SiteName,
    /// By which names it is called.
    pub names: Names,
    /// What it bears.
    pub rates: Rates,
    /// Connections at a time; others wait.
    pub connections: usize,
    /// Who may come in; none for a public site.
    pub sessions: Option<Sessions>,
}

impl Site {
    /// A desk on this machine, for its people. They reach it by this machine's names, and by the public one of `sessions`.
    pub fn desk(name: SiteName, listen: SocketAddr, sessions: Sessions) -> Self {
        let rates = Rates { per_second: at_least_one(200), burst: at_least_one(400), at_a_time: 256 };
        let names = Names::ThisMachine { listen, public: sessions.public().cloned() };
        Self { name, names, rates, connections: 1024, sessions: Some(sessions) }
    }

    /// A public site, for anybody.
    pub fn public(name: SiteName, rates: Rates) -> Self {
        Self { name, names: Names::Any, rates, connections: 2048, sessions: None }
    }

    /// The routes behind all that every call passes. Assets and the sign-in page are for everybody, signed in or not.
    pub fn around(&self, routes: Router) -> Router {
        let name = self.name;
        let limit = Limit::new(self.rates);
        let inner = routes.layer(middleware::from_fn_with_state(Answers::default(), idempotency::once));
        let inner = match &self.sessions {
            None => inner,
            Some(sessions) => {
                let gate = Router::new()
                    .route("/sign-in", get(move |query| sign_in::page(name, query)).post(session::sign_in))
                    .route("/sign-out", axum::routing::post(session::sign_out))
                    .with_state(sessions.clone());
                inner.layer(middleware::from_fn_with_state(sessions.clone(), session::admit)).merge(gate)
            }
        };
        let forget = limit.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(forget.forget());
        }
        inner
            .merge(assets::router())
            .route("/healthz", get(async || "alive\n"))
            .fallback(async || Problem::not_found("page"))
            .method_not_allowed_fallback(async || wrong_method())
            .layer(DefaultBodyLimit::max(MOST_BODY))
            .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
            .layer(middleware::from_fn_with_state(limit, limit::limit))
            .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
                Problem::internal("a handler panicked").into_response()
            }))
            .layer(middleware::from_fn_with_state(self.names.clone(), guard::guard))
            .layer(middleware::from_fn(move |request, next| as_page(name, request, next)))
            .layer(CompressionLayer::new())
            .layer(middleware::from_fn(guard::name))
    }
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

fn wrong_method() -> Problem {
    let detail = "this address does not know the method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail, "see the document of this API")
}

/// Shows a refusal as a page to whoever asked for one.
async fn as_page(name: SiteName, request: Request, next: Next) -> Response {
    let accept = request.headers().get("accept").and_then(|accept| accept.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    let api = request.uri().path().starts_with("/v1/");
    let id = request.extensions().get::<guard::RequestId>().cloned();
    let response = next.run(request).await;
    if !wants_page || api {
        return response;
    }
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let page = name.refusal(problem, id.as_ref().map(|id| &*id.0));
    let mut shown = (response.status(), page).into_response();
    if let Some(after) = response.headers().get("retry-after") {
        shown.headers_mut().insert("retry-after", after.clone());
    }
    shown
}

/// Ends when the site is told to stop, or nobody is left who could.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Serves until told to stop, then lets calls finish for a moment.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    connections: usize,
    mut stop: watch::Receiver<bool>,
) {
    let free = Arc::new(Semaphore::new(connections));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut open = JoinSet::new();
    loop {
        // Ends with the semaphore only, which is here.
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = told(&mut stop) => break,
            _ = open.join_next(), if !open.is_empty() => continue,
        };
        let router = router.clone();
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut stop = stop.clone();
        open.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection was broken off");
                    }
                }
                () = told(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    // Streams of events never end by themselves.
                    let _ = tokio::time::timeout(GRACE, connection).await;
                }
            }
            drop(place);
        });
    }
    while open.join_next().await.is_some() {}
}
