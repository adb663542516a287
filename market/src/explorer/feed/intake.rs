//! What strangers may put on a node's disk.
//!
//! A ciphertext comes before the transaction that names it, and only that transaction shows that anybody has a use for it.
//! Between members a node takes blobs that a transaction names only. Here anybody may hand some in, so this much is taken
//! and no more: so many at a time, and so many bytes an hour, of all callers together. At a node what was handed in waits
//! beside the store of blobs, which forgets nothing: only so many bytes do, and each for an hour, unless a transaction that
//! passes every check names it, or one that a member sends. See [`galen_ledger::blobs::staging`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use galen_ledger::blobs::MAX_BLOB_BYTES;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::web::{Answered, Problem};

/// Ciphertexts that are taken at a time, each in memory.
const AT_A_TIME: usize = 4;
/// How long one may take to come.
const WHOLE_TIME: Duration = Duration::from_secs(120);
/// Bytes that are taken in an hour: room for some tens of the largest.
const HOURLY: u64 = 2 * 1024 * 1024 * 1024;

/// What may still be taken.
pub(super) struct Intake {
    free: Semaphore,
    taken: Mutex<Bucket>,
}

/// Fills as bytes come, and empties over an hour.
struct Bucket {
    level: f64,
    since: Instant,
}

impl Default for Intake {
    fn default() -> Self {
        let taken = Mutex::new(Bucket { level: 0.0, since: Instant::now() });
        Self { free: Semaphore::new(AT_A_TIME), taken }
    }
}

impl Bucket {
    fn add(&mut self, bytes: u64, now: Instant) -> bool {
        let emptied = now.saturating_duration_since(self.since).as_secs_f64() / 3600.0 * HOURLY as f64;
        (self.level, self.since) = ((self.level - emptied).max(0.0), now);
        let fits = self.level + bytes as f64 <= HOURLY as f64;
        if fits {
            self.level += bytes as f64;
        }
        fits
    }
}

impl Intake {
    /// Takes a ciphertext.
    pub(super) async fn take(&self, request: Request) -> Answered<Vec<u8>> {
        let Ok(_place) = self.free.try_acquire() else {
            let detail = "too many ciphertexts are being handed in";
            let remedy = "send it again in a moment";
            let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, remedy);
            return Err(Box::new(busy.retry(5)));
        };
        let taken = timeout(WHOLE_TIME, body(request, MAX_BLOB_BYTES)).await;
        let bytes = taken.unwrap_or_else(|_| Err(Box::new(broken_off("it took too long"))))?;
        let mut bucket = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if bucket.add(bytes.len() as u64, Instant::now()) {
            return Ok(bytes);
        }
        let detail = "too much was handed in during the last hour";
        let remedy = "send it again later, or to another gateway";
        Err(Box::new(Problem::new(StatusCode::TOO_MANY_REQUESTS, "intake", detail, remedy).retry(600)))
    }
}

fn broken_off(why: &str) -> Problem {
    let detail = format!("the body did not come: {why}");
    Problem::new(StatusCode::BAD_REQUEST, "body", detail, "send it again")
}

/// The body of a call.
pub(super) async fn body(request: Request, limit: usize) -> Answered<Vec<u8>> {
    let body: Limited<Body> = Limited::new(request.into_body(), limit);
    let read = body.collect().await.map_err(|error| {
        Box::new(if error.is::<LengthLimitError>() {
            let detail = format!("the body has more than {limit} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail, "send less")
        } else {
            broken_off("the connection broke, or was silent for too long")
        })
    })?;
    Ok(read.to_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_in_an_hour_than_there_is_room_for() {
        let begun = Instant::now();
        let mut bucket = Bucket { level: 0.0, since: begun };
        assert!(bucket.add(HOURLY, begun));
        assert!(!bucket.add(1 << 20, begun));
        let later = begun + Duration::from_secs(1800);
        assert!(!bucket.add(HOURLY / 2 + (1 << 20), later), "half an hour frees half");
        assert!(bucket.add(HOURLY / 2 - (1 << 20), later));
    }
}
