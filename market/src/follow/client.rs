//! Calls to a gateway. Every one has a time and a size after which it is given up.

use std::sync::Once;
use std::time::Duration;

use galen_ledger::blobs::MAX_BLOB_BYTES;
use galen_ledger::chain::MAX_CONFIG_BYTES;
use galen_ledger::follow::MAX_SEGMENT_BYTES;
use galen_ledger::{BlobHash, Height};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};

use super::gateway::{Gateway, GatewayFault, is_here};
use crate::explorer::feed::{HEIGHT, LONGEST_WAIT};
use crate::web::Problem;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a gateway may say nothing: longer than it may wait for a block, or for a transaction to be final.
const SILENCE: Duration = Duration::from_secs(75);
/// How long anything may take.
const WHOLE_TIME: Duration = Duration::from_secs(600);
/// A genesis, with room for its members.
const GENESIS_BYTES: usize = MAX_CONFIG_BYTES + 4 * 1024 * 1024;
/// A refusal, or a receipt.
const WORDS_BYTES: usize = 256 * 1024;
/// Characters of a gateway's words that are repeated.
const WORDS: usize = 300;

/// A call to a gateway came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallFault {
    /// It does not answer.
    #[error("{gateway} cannot be reached: {reason}")]
    Away {
        /// Who.
        gateway: String,
        /// Why.
        reason: String,
    },
    /// It refuses.
    #[error("{gateway} refuses ({status}): {words}")]
    Refused {
        /// Who.
        gateway: String,
        /// The status.
        status: u16,
        /// The reason as a dotted name.
        code: String,
        /// Its words.
        words: String,
    },
    /// It answers what makes no sense.
    #[error("{gateway} answers what no gateway does: {reason}")]
    Strange {
        /// Who.
        gateway: String,
        /// What.
        reason: String,
    },
}

/// What the feed gave.
pub(super) struct Fed {
    /// Blocks, if there were any.
    pub segment: Option<Vec<u8>>,
    /// The newest block that the gateway says there is.
    pub claimed: Option<Height>,
}

/// Calls one gateway.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
}

impl Client {
    pub(super) fn new(gateway: &Gateway) -> Result<Self, GatewayFault> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Somebody else in this process may have chosen one, which does as well.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let base = gateway.base()?;
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIME)
            .read_timeout(SILENCE)
            .timeout(WHOLE_TIME)
            .user_agent("galen");
        let builder = match base.scheme() {
            "https" => builder.https_only(true),
            // No certificate is looked at, so none of the system's need be there.
            _ => builder.tls_certs_only(std::iter::empty()),
        };
        let builder = if is_here(&base) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| GatewayFault::Tls(words(&error)))?;
        Ok(Self { http, base })
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> String {
        format!("the gateway {}", self.base)
    }

    pub(super) async fn genesis(&self) -> Result<Vec<u8>, CallFault> {
        let response = self.answer(self.call(Method::GET, "v1/genesis")).await?;
        self.body(response, GENESIS_BYTES).await
    }

    /// Blocks from a height on, which it waits for.
    pub(super) async fn feed(&self, from: Height) -> Result<Fed, CallFault> {
        let call = self.call(Method::GET, &format!("v1/feed?from={from}&wait={LONGEST_WAIT}"));
        let response = self.answer(call).await?;
        let claimed = response.headers().get(HEIGHT).and_then(|height| height.to_str().ok()?.parse().ok());
        let segment = match response.status() {
            StatusCode::NO_CONTENT => None,
            _ => Some(self.body(response, MAX_SEGMENT_BYTES).await?),
        };
        Ok(Fed { segment, claimed: claimed.map(Height::new) })
    }

    /// A ciphertext, as it is served: it need not be the one.
    pub(super) async fn blob(&self, hash: &BlobHash) -> Result<Vec<u8>, CallFault> {
        let response = self.answer(self.call(Method::GET, &format!("v1/blobs/{hash}"))).await?;
        self.body(response, MAX_BLOB_BYTES).await
    }

    pub(super) async fn put_blob(&self, bytes: Vec<u8>) -> Result<(), CallFault> {
        let response = self.answer(self.call(Method::PUT, "v1/blobs").body(bytes)).await?;
        self.body(response, WORDS_BYTES).await.map(drop)
    }

    /// Hands a transaction in. What the gateway says became of it is of no interest.
    pub(super) async fn submit(&self, tx: Vec<u8>) -> Result<(), CallFault> {
        let response = self.answer(self.call(Method::POST, "v1/transactions").body(tx)).await?;
        self.body(response, WORDS_BYTES).await.map(drop)
    }

    fn call(&self, method: Method, route: &str) -> RequestBuilder {
        // A route is always joined to a base that ends with a slash.
        let url = self.base.join(route).unwrap_or_else(|_| self.base.clone());
        let call = self.http.request(method.clone(), url);
        match method {
            Method::GET => call,
            _ => call.header("content-type", "application/octet-stream"),
        }
    }

    /// The answer, if it is none that refuses.
    async fn answer(&self, call: RequestBuilder) -> Result<Response, CallFault> {
        let response = call.send().await.map_err(|error| self.away(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response, WORDS_BYTES).await?;
        let problem = serde_json::from_slice::<Problem>(&body).ok();
        let (code, words) = problem.map_or_else(
            || {
                (
                    "gateway.refused".to_owned(),
                    status.canonical_reason().unwrap_or("it does not say why").to_owned(),
                )
            },
            |problem| (problem.code, problem.detail),
        );
        let short = |text: String| text.chars().filter(|c| !c.is_control()).take(WORDS).collect();
        let (gateway, status) = (self.name(), status.as_u16());
        Err(CallFault::Refused { gateway, status, code: short(code), words: short(words) })
    }

    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, CallFault> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.away(&error))? {
            if bytes.len() + chunk.len() > limit {
                let reason = format!("more than {limit} bytes");
                return Err(CallFault::Strange { gateway: self.name(), reason });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn away(&self, error: &reqwest::Error) -> CallFault {
        CallFault::Away { gateway: self.name(), reason: words(error) }
    }
}

/// An error with its causes, without the address, which is named already.
fn words(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the call was broken off"
    };
    let mut source = std::error::Error::source(error);
    let mut last = None;
    while let Some(cause) = source {
        last = Some(cause.to_string());
        source = cause.source();
    }
    last.map_or_else(|| kind.to_owned(), |cause| format!("{kind} ({cause})"))
}
