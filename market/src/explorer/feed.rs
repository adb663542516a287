//! What those need who follow the chain from elsewhere, verifying it themselves: the genesis, the blocks in order, the
//! ciphertexts; and where they hand in ciphertexts and transactions. See [`follow`](crate::follow).
//!
//! Nothing here depends on who asks, and nothing that is answered needs to be believed.

mod intake;
mod segment;
mod submission;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use galen_ledger::blobs::MAX_BLOB_BYTES;
use galen_ledger::codec::Encode;
use galen_ledger::{BlobHash, Height, MAX_TX_BYTES};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::intake::Intake;
pub use self::submission::{KeptBlob, Settled};
use crate::chain::Chain;
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Problem};

/// Header of the feed's answers: the height of the newest block here.
pub const HEIGHT: HeaderName = HeaderName::from_static("galen-height");
/// Longest that a call waits for a block, in seconds.
pub const LONGEST_WAIT: u64 = 25;
/// Calls that wait for a block at a time. Who comes then is answered at once.
const MOST_WAITING: usize = 512;
/// How long a transaction may take to be final before its caller is told to ask again.
const FINAL_TIME: Duration = Duration::from_secs(60);
/// Bytes that are read of a ciphertext at a time.
const PART_BYTES: usize = 256 * 1024;

/// What the routes share.
#[derive(Clone)]
struct Feed {
    chain: Arc<dyn Chain>,
    waiting: Arc<Semaphore>,
    intake: Arc<Intake>,
}

/// The routes, all under `/v1`.
pub fn routes(chain: Arc<dyn Chain>) -> OpenApiRouter {
    let feed = Feed { chain, waiting: Arc::new(Semaphore::new(MOST_WAITING)), intake: Arc::default() };
    OpenApiRouter::new()
        .routes(routes!(genesis))
        .routes(routes!(segment_from))
        .routes(routes!(blob))
        .merge(OpenApiRouter::new().routes(routes!(put_blob)).layer(DefaultBodyLimit::max(MAX_BLOB_BYTES)))
        .merge(OpenApiRouter::new().routes(routes!(submit)).layer(DefaultBodyLimit::max(MAX_TX_BYTES)))
        .with_state(feed)
}

fn octets(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], bytes).into_response()
}

/// What the chain began with, in its canonical bytes. Their digest is the chain's id.
#[utoipa::path(get, path = "/v1/genesis", tag = "following", responses(
    (status = 200, description = "The genesis", body = Vec<u8>, content_type = "application/octet-stream"),
))]
async fn genesis(State(feed): State<Feed>) -> Response {
    octets(feed.chain.genesis().to_bytes())
}

/// Where to begin, and how long to wait.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct From {
    /// Height of the first block that is wanted.
    #[param(minimum = 1)]
    from: u64,
    /// Seconds to wait for it if it is not there yet.
    #[serde(default)]
    #[param(minimum = 0, maximum = 25)]
    wait: u64,
}

/// Final blocks from a height on, about 4 MiB of them, the last with its certificate of finality: the number of blocks (u64,
/// little-endian), and for each its length (u32), its canonical bytes, and 1 and the certificate or 0.
#[utoipa::path(get, path = "/v1/feed", tag = "following", params(From), responses(
    (status = 200, description = "Blocks", body = Vec<u8>, content_type = "application/octet-stream",
     headers(("galen-height" = u64, description = "The newest block's height"))),
    (status = 204, description = "There is no such block yet"),
    (status = 410, description = "The block is not kept here", body = Problem),
    (status = 422, description = "No such height, or too long a wait", body = Problem),
))]
async fn segment_from(State(feed): State<Feed>, Query(asked): Query<From>) -> Answered<Response> {
    let (from, chain) = (Height::new(asked.from), feed.chain.as_ref());
    if asked.from == 0 || asked.wait > LONGEST_WAIT {
        let detail = format!("`from` is at least 1, and `wait` at most {LONGEST_WAIT}");
        return Err(Box::new(Problem::bad("feed", detail, "begin with from=1; ask again after a wait")));
    }
    if chain.position().height < from
        && let Ok(_place) = feed.waiting.try_acquire()
    {
        let before = Height::new(asked.from - 1);
        if let Ok(reached) = timeout(Duration::from_secs(asked.wait), chain.beyond(before)).await {
            reached?;
        }
    }
    let found = segment::from(chain, from).await?;
    let mut response = found.map_or_else(|| StatusCode::NO_CONTENT.into_response(), octets);
    let height = HeaderValue::from(chain.position().height.get());
    response.headers_mut().insert(HEIGHT, height);
    Ok(response)
}

fn hash_of(text: &str) -> Answered<BlobHash> {
    BlobHash::from_hex(text).map_err(|_| {
        let detail = "the name of a ciphertext is 64 hexadecimal digits";
        Box::new(Problem::new(StatusCode::NOT_FOUND, "not-an-id", detail, "use the name that a block shows"))
    })
}

/// A ciphertext by its BLAKE3 hash.
#[utoipa::path(get, path = "/v1/blobs/{hash}", tag = "following",
    params(("hash" = String, Path, description = "Its BLAKE3 hash, 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "It is not here", body = Problem),
    ))]
async fn blob(State(feed): State<Feed>, Path(hash): Path<String>) -> Answered<Response> {
    let hash = hash_of(&hash)?;
    let chain = feed.chain;
    let first = chain.blob_part(hash, 0, PART_BYTES).await?;
    let Some(first) = first else { return Err(Box::new(Problem::not_found("ciphertext"))) };
    let size = first.size;
    // One part in memory for each who reads, however slowly.
    let parts = stream::try_unfold((0u64, Some(first.bytes)), move |(offset, ready)| {
        let chain = Arc::clone(&chain);
        async move {
            if offset >= size {
                return Ok(None);
            }
            let bytes = match ready {
                Some(bytes) => bytes,
                None => match chain.blob_part(hash, offset, PART_BYTES).await {
                    Ok(Some(part)) if !part.bytes.is_empty() => part.bytes,
                    _ => return Err(std::io::Error::other("the ciphertext cannot be read any more")),
                },
            };
            let next = offset + bytes.len() as u64;
            Ok(Some((Bytes::from(bytes), (next, None))))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// Hands in a ciphertext of at most 64 MiB, before the transaction that names it. One that no transaction has named after an
/// hour is removed.
#[utoipa::path(put, path = "/v1/blobs", tag = "following",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It is kept", body = KeptBlob),
        (status = 413, description = "It is too large", body = Problem),
        (status = 429, description = "Too much was handed in lately", body = Problem),
        (status = 503, description = "Too many are being handed in, or wait for their transactions", body = Problem),
    ))]
async fn put_blob(State(feed): State<Feed>, request: Request) -> Answered<Json<KeptBlob>> {
    let bytes = feed.intake.take(request).await?;
    let hash = feed.chain.put_blob(bytes).await?;
    Ok(Json(KeptBlob { hash: hash.to_string() }))
}

/// Hands in a transaction in its canonical bytes, and says what became of it when it is final. The same again gives the
/// same answer.
#[utoipa::path(post, path = "/v1/transactions", tag = "following",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It is final", body = Settled),
        (status = 413, description = "It is too large", body = Problem),
        (status = 422, description = "It is refused, and changed nothing", body = Problem),
        (status = 503, description = "Too many wait", body = Problem),
        (status = 504, description = "It is not final yet", body = Problem),
    ))]
async fn submit(State(feed): State<Feed>, request: Request) -> Answered<Json<Settled>> {
    let bytes = intake::body(request, MAX_TX_BYTES).await?;
    match timeout(FINAL_TIME, feed.chain.submit(bytes)).await {
        Ok(submitted) => Ok(Json(submitted?.into())),
        Err(_) => {
            let detail = "the transaction is not final yet";
            let remedy = "send the same again in a moment: nothing is done twice";
            let late = Problem::new(StatusCode::GATEWAY_TIMEOUT, "not-final-yet", detail, remedy);
            Err(Box::new(late.retry(5)))
        }
    }
}
