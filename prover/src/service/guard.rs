//! What every call passes: a request id, the token, a log line.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rand::RngCore;
use rand::rngs::OsRng;

use super::Shared;
use super::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;

/// 64 random bits.
pub(super) fn fresh_id() -> String {
    format!("{:016x}", OsRng.next_u64())
}

/// Names the request and logs it: the pattern of its address, never the address itself or anything of its body.
pub(super) async fn name_and_log(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(fresh_id);
    let method = request.method().clone();
    let call = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let millis = begun.elapsed().as_millis();
    let call = call.as_deref().unwrap_or("none");
    tracing::info!(request = %id, %method, call, status = response.status().as_u16(), millis, "call");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The caller's own request id, if it cannot spoil a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && !text.is_empty() && text.len() <= LONGEST_REQUEST_ID).then(|| text.to_owned())
}

/// Lets a call through that carries the token. Before anything of its body is read.
pub(super) async fn authorize(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    match given.and_then(bearer) {
        Some(token) if shared.token.is(token) => next.run(request).await,
        _ => Problem::unauthorized().into_response(),
    }
}

/// The credentials of a bearer header; the scheme's name in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}
