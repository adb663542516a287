//! Calls that are made again after a broken connection. A caller names what it sends with the header `Idempotency-Key`; the same
//! key with the same body gets the first answer again, and nothing is done twice.
//!
//! Answers are kept for a day while the program runs. What may not be done twice over a restart either has other means: orders
//! are kept on disk before they are sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};

use super::problem::{Answered, Problem};
use super::session::Person;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 64;
/// Keys that are remembered at a time.
const MOST: usize = 4096;
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a body, and of an answer that is kept.
const MOST_BYTES: usize = 1 << 20;

#[derive(Clone)]
enum Kept {
    /// Being worked on.
    Begun,
    /// The answer.
    Done { status: StatusCode, headers: HeaderMap, body: Bytes },
}

struct Entry {
    of: [u8; 32],
    since: Instant,
    kept: Kept,
}

/// Answers that were given.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<BTreeMap<[u8; 32], Entry>>>);

/// Ends as "never happened" when the call is dropped half way.
struct Claim<'a> {
    answers: &'a Answers,
    key: Option<[u8; 32]>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.answers.with(|kept| kept.remove(&key));
        }
    }
}

impl Answers {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<[u8; 32], Entry>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer that was given; or none, and the key is claimed.
    fn claim(&self, key: [u8; 32], of: [u8; 32]) -> Answered<Option<Kept>> {
        self.with(|entries| {
            entries.retain(|_, entry| entry.since.elapsed() < LIFE);
            if let Some(entry) = entries.get(&key) {
                let other = "this Idempotency-Key was used for another call";
                let remedy = "draw a fresh key for each thing that is to be done";
                let fault = || Problem::bad("idempotency-key", other, remedy);
                return if entry.of == of { Ok(Some(entry.kept.clone())) } else { Err(Box::new(fault())) };
            }
            if entries.len() >= MOST {
                let detail = "too many calls with an Idempotency-Key are remembered";
                let remedy = "try again later, or without the header";
                let fault = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, remedy);
                return Err(Box::new(fault.retry(60)));
            }
            entries.insert(key, Entry { of, since: Instant::now(), kept: Kept::Begun });
            Ok(None)
        })
    }
}

/// Answers a repeated call as the first one was.
pub async fn once(State(answers): State<Answers>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match repeat(&answers, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn repeat(answers: &Answers, request: Request, next: Next) -> Answered<Response> {
    let text = request.headers().get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if text.is_empty() || text.len() > LONGEST_KEY || !plain {
        let detail = format!("an Idempotency-Key is 1 to {LONGEST_KEY} letters, digits, - and _");
        return Err(Box::new(Problem::bad("idempotency-key", detail, "draw one at random, such as a UUID")));
    }
    let person = request.extensions().get::<Person>().map_or("", |person| person.name.as_str());
    let key = digest(&[person.as_bytes(), text.as_bytes()]);
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| {
        let detail = "with an Idempotency-Key a body has at most 1 MiB, and arrives whole";
        Box::new(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            detail,
            "send it without the header",
        ))
    })?;
    let body = body.to_bytes();
    let of = digest(&[parts.uri.to_string().as_bytes(), &body]);
    match answers.claim(key, of)? {
        Some(Kept::Done { status, headers, body }) => {
            let mut response = (status, body).into_response();
            *response.headers_mut() = headers;
            response.headers_mut().insert("idempotent-replay", header::HeaderValue::from_static("true"));
            return Ok(response);
        }
        Some(Kept::Begun) => {
            let detail = "the first call with this Idempotency-Key is being worked on";
            let problem = Problem::new(StatusCode::CONFLICT, "in-progress", detail, "ask again in a moment");
            return Err(Box::new(problem.retry(1)));
        }
        None => {}
    }
    let mut claim = Claim { answers, key: Some(key) };
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (head, body) = response.into_parts();
    let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
        return Err(Box::new(Problem::internal(
            "an answer to a call with an Idempotency-Key was too large to keep",
        )));
    };
    let body = body.to_bytes();
    // What may go otherwise the next time is not an answer for ever.
    let lasting = !head.status.is_server_error() && head.status != StatusCode::TOO_MANY_REQUESTS;
    if lasting {
        let kept = Kept::Done { status: head.status, headers: head.headers.clone(), body: body.clone() };
        answers.with(|entries| entries.get_mut(&key).map(|entry| entry.kept = kept));
        claim.key = None;
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}
