//! Refusals as problem details (RFC 9457), with a stable code and what to do.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::jobs::{Failure, ProvingError, Status};

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Problem {
    /// `urn:galen:prover:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) detail: String,
    /// What the caller can do.
    remedy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    /// Of a full queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) capacity: Option<usize>,
    /// How the job ended, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Status>,
    /// Of a job that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<Failure>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>, remedy: &str) -> Self {
        Self {
            kind: format!("urn:galen:prover:{code}"),
            title: status.canonical_reason().unwrap_or("refused").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            remedy: remedy.to_owned(),
            retry_after: None,
            capacity: None,
            ended: None,
            failure: None,
        }
    }

    pub(super) fn retry(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub(super) fn unauthorized() -> Self {
        let detail = "the call carries no token, or a wrong one";
        let remedy = "send `Authorization: Bearer` with the token that the service keeps in its token file";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail, remedy)
    }

    pub(super) fn no_such_call() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no-such-call",
            "the service has no such call",
            "see the list of calls",
        )
    }

    pub(super) fn wrong_method() -> Self {
        let detail = "this address does not know the method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail, "see the list of calls")
    }

    pub(super) fn bad_id() -> Self {
        let detail = "a job's id is 64 lowercase hex digits";
        Self::new(StatusCode::NOT_FOUND, "unknown-job", detail, "use the id that the submission gave")
    }

    pub(super) fn too_large(most: usize) -> Self {
        let detail = format!("a job has at most {most} bytes here");
        let remedy = "ask the operator for a higher limit, or prove a smaller request";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail, remedy)
    }

    pub(super) fn too_slow() -> Self {
        let detail = "the job did not arrive in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail, "send it again over a better connection")
    }

    pub(super) fn broken_off() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "broken-off", "the job did not arrive whole", "send it again")
    }

    pub(super) fn busy() -> Self {
        let detail = "other jobs are being submitted right now";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail, "try again in a moment").retry(1)
    }
}

impl From<ProvingError> for Problem {
    fn from(error: ProvingError) -> Self {
        let detail = error.to_string();
        let conflict = |code, remedy| Self::new(StatusCode::CONFLICT, code, detail.clone(), remedy);
        match error {
            ProvingError::Spec(_) => {
                let remedy = "plan the contribution again with the same version as the prover";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "spec-refused", detail, remedy)
            }
            ProvingError::Full { capacity } => {
                let problem =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue-full", detail, "try again later");
                Self { capacity: Some(capacity), ..problem.retry(30) }
            }
            ProvingError::Unknown(_) => {
                let remedy = "submit the job: the same plan gets the same id";
                Self::new(StatusCode::NOT_FOUND, "unknown-job", detail, remedy)
            }
            ProvingError::NotReady(_) => {
                conflict("not-ready", "follow the job's events until it is over").retry(2)
            }
            ProvingError::Over { status, .. } => {
                Self { ended: Some(status), ..conflict("over", "read the result, or forget the job") }
            }
            ProvingError::Live(_) => conflict("live", "cancel the job, then forget it"),
            ProvingError::Failed(failure) => Self {
                failure: Some(failure),
                ..conflict("failed", "see `failure`, repair, and submit again")
            },
            ProvingError::Cancelled(_) => {
                conflict("cancelled", "submit the job again if it is wanted after all")
            }
            ProvingError::Closing => {
                let remedy = "try again when the service is back: nothing is lost";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "closing", detail, remedy).retry(5)
            }
            other => {
                // Paths and the system's words are for the operator's log.
                tracing::error!(error = %other, "the prover service could not answer");
                let remedy = "look for the request id in the service's log";
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "the prover's storage failed",
                    remedy,
                )
            }
        }
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
        response
    }
}

impl From<ProvingError> for Box<Problem> {
    fn from(error: ProvingError) -> Self {
        Self::new(error.into())
    }
}

impl IntoResponse for Box<Problem> {
    fn into_response(self) -> Response {
        (*self).into_response()
    }
}
