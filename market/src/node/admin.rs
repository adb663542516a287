//! The operators' port.
//!
//! | call | answers |
//! |---|---|
//! | `GET /healthz` | 200 while the process lives |
//! | `GET /readyz` | 200, or 503 with the reasons, one a line |
//! | `GET /metrics` | figures for Prometheus |
//! | `GET /status` | everything, as JSON |
//! | `POST /v1/transactions` | takes a transaction, its canonical bytes, and answers when it is final: its receipt, as JSON |
//! | `POST /v1/changes` | takes an approved change of the membership: its canonical bytes |
//!
//! All by address: see [`guard`](super::guard).

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use galen_ledger::chain::SignedChange;
use galen_ledger::codec::Decode;
use galen_ledger::{MAX_TX_BYTES, SubmitError, Submitted};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;

use super::guard::guard;
use super::health::{Health, now_ms};
use super::metrics::Metrics;
use super::port::{self, Limits};
use super::run::Running;

/// What the calls need.
#[derive(Clone)]
struct Served {
    running: Arc<Running>,
    metrics: Metrics,
}

/// Bytes of a change at most: a hundred approvals fit.
const MAX_CHANGE_BYTES: usize = 64 * 1024;

/// Takes the port.
///
/// # Errors
/// When it cannot be had.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("api.listen = \"{address}\": choose another port, or stop what uses it"))
}

/// Serves until it is aborted.
pub async fn serve(listener: TcpListener, running: Arc<Running>) {
    let listen = listener.local_addr().unwrap_or(running.config.api.listen);
    let served = Served { running, metrics: Metrics::default() };
    tokio::spawn(count(served.clone()));
    let router = Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/v1/changes", post(change).layer(DefaultBodyLimit::max(MAX_CHANGE_BYTES)))
        .route("/v1/transactions", post(submit).layer(DefaultBodyLimit::max(MAX_TX_BYTES)))
        .layer(middleware::from_fn_with_state(listen, guard))
        .with_state(served);
    port::serve(listener, router, Limits::default()).await;
}

/// Counts final blocks.
async fn count(served: Served) {
    let mut blocks = served.running.node.subscribe();
    loop {
        let block = match blocks.recv().await {
            Ok(block) => block,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let took = now_ms().saturating_sub(block.block.header.time_ms);
        served.metrics.count(&block, took as f64 / 1000.0);
    }
}

fn failed(error: impl std::fmt::Display) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

async fn readyz(State(served): State<Served>) -> Response {
    match Health::of(&served.running) {
        Ok(health) if health.is_ready() => "ready\n".into_response(),
        Ok(health) => (StatusCode::SERVICE_UNAVAILABLE, health.not_ready.join("\n") + "\n").into_response(),
        Err(error) => failed(error),
    }
}

async fn metrics(State(served): State<Served>) -> Response {
    let text =
        Health::of(&served.running).and_then(|health| Ok(served.metrics.text(&served.running, &health)?));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    text.map_or_else(failed, |text| ([(header::CONTENT_TYPE, kind)], text).into_response())
}

async fn status(State(served): State<Served>) -> Response {
    Health::of(&served.running).map_or_else(failed, |health| axum::Json(health).into_response())
}

async fn submit(State(served): State<Served>, body: Bytes) -> Response {
    match served.running.node.submit(body.to_vec()).await {
        Ok(Submitted { height, receipt, .. }) => {
            let code = if receipt.accepted { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            let answer = json!({
                "height": height.get(), "accepted": receipt.accepted,
                "code": receipt.code, "message": receipt.message,
            });
            (code, axum::Json(answer)).into_response()
        }
        Err(SubmitError::Refused(refusal)) => {
            let answer = json!({ "accepted": false, "code": refusal.code, "message": refusal.message });
            (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(answer)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn change(State(served): State<Served>, body: Bytes) -> Response {
    let change = match SignedChange::from_bytes(&body) {
        Ok(change) => change,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("not a change: {error}\n")).into_response(),
    };
    match served.running.node.change(change).await {
        Ok(()) => (StatusCode::ACCEPTED, "taken; it is in force with the next cycle\n").into_response(),
        Err(error) => (StatusCode::CONFLICT, format!("{error}\n")).into_response(),
    }
}
