//! Refusals as problem details (RFC 9457): a stable code for programs, and a sentence that says what to do.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::chain::ChainError;

/// What a handler gives.
pub type Answered<T> = Result<T, Box<Problem>>;

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:galen:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// The reason, for programs. It stays what it is from version to version.
    pub code: String,
    /// The reason, for people.
    pub detail: String,
    /// What the caller can do.
    pub remedy: String,
    /// Seconds after which to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A refusal.
    pub fn new(
        status: StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let code = code.into();
        Self {
            kind: format!("urn:galen:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Refused").to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            remedy: remedy.into(),
            retry_after: None,
        }
    }

    /// Something that was sent makes no sense, or not now.
    pub fn bad(code: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail, remedy)
    }

    /// Something is not here: "request", "block".
    pub fn not_found(what: &str) -> Self {
        let remedy = "look for it in the list, or search by its id";
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"), remedy)
    }

    /// Something failed here. The cause goes to the log, and not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a call could not be answered");
        let detail = "this program could not read or write what it keeps";
        let remedy = "try again; if it stays so, give the operator the request's id, which is in the log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail, remedy)
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn retry(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<ChainError> for Problem {
    fn from(error: ChainError) -> Self {
        let words = error.to_string();
        match error {
            ChainError::Refused { code, message } => Self::bad(
                code,
                message,
                "correct what the reason names and send it again; nothing was changed",
            ),
            ChainError::Full => {
                let remedy = "send the same again in a moment: nothing is done twice";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "ledger-full", words, remedy).retry(2)
            }
            ChainError::NoRoom => {
                let remedy =
                    "hand it in again later, or to another gateway, and its transaction soon afterwards";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "intake-full", words, remedy).retry(600)
            }
            ChainError::Away(_) => {
                let remedy = "send the same again when the ledger answers: nothing is done twice";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "ledger-away", words, remedy).retry(5)
            }
            ChainError::Store(cause) => Self::internal(cause),
        }
    }
}

impl From<ChainError> for Box<Problem> {
    fn from(error: ChainError) -> Self {
        Self::new(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // A site shows it as a page to whoever asked for one.
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Box<Problem> {
    fn into_response(self) -> Response {
        (*self).into_response()
    }
}
