//! The other end of the service: a prover behind an address.

mod exchange;
mod follow;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Response, StatusCode, header};
use tokio::sync::watch;

use super::Token;
use super::problem::Problem;
use super::routes::JobView;
use crate::jobs::{Answer, JobId, JobSpec, Outcome, Progress, Proving, ProvingError, Refusal};

use exchange::Peer;
pub use exchange::{AddressFault, Reach};

/// Bytes of an answer at most: 2^18 rows of ciphertext in hex and their proofs.
const MOST_BYTES: usize = 64 << 20;

/// A prover service, as [`Proving`]. A connection a call; nothing is sent before the first.
#[derive(Clone)]
pub struct RemoteProver {
    peer: Arc<Peer>,
}

impl fmt::Debug for RemoteProver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteProver({})", self.peer.authority())
    }
}

impl RemoteProver {
    /// The service at `url` (`http://host:port`).
    ///
    /// # Errors
    /// [`AddressFault`] for another form, and for a host that is not loopback unless `reach` allows it.
    pub fn new(url: &str, token: Token, reach: Reach) -> Result<Self, AddressFault> {
        Ok(Self { peer: Arc::new(Peer::new(url, token, reach)?) })
    }

    async fn call(
        &self,
        id: Option<JobId>,
        method: Method,
        path: String,
        body: Full<Bytes>,
    ) -> Result<Bytes, ProvingError> {
        let response = self.peer.send(method, &path, None, body).await?;
        let (status, bytes) = self.peer.collect(response).await?;
        if status.is_success() { Ok(bytes) } else { Err(self.peer.refusal(id, status, &bytes)) }
    }

    async fn about(&self, id: JobId, method: Method, tail: &str) -> Result<Bytes, ProvingError> {
        self.call(Some(id), method, format!("/v1/jobs/{id}{tail}"), Full::default()).await
    }

    async fn view(&self, id: JobId) -> Result<Progress, ProvingError> {
        let bytes = self.about(id, Method::GET, "").await?;
        let view: JobView = serde_json::from_slice(&bytes).map_err(|_| self.peer.protocol("a job"))?;
        Ok(view.progress)
    }
}

impl Proving for RemoteProver {
    fn submit<'a>(&'a self, spec: &'a JobSpec) -> Answer<'a, JobId> {
        Box::pin(async move {
            // Refused here already: no need to send what cannot be proven.
            spec.check()?;
            let json = spec.to_json();
            let body = Full::new(Bytes::from_owner(json));
            let bytes = self.call(None, Method::POST, "/v1/jobs".to_owned(), body).await?;
            let view: JobView = serde_json::from_slice(&bytes).map_err(|_| self.peer.protocol("a job"))?;
            Ok(view.id)
        })
    }

    fn status(&self, id: JobId) -> Answer<'_, Progress> {
        Box::pin(self.view(id))
    }

    fn progress(&self, id: JobId) -> Answer<'_, watch::Receiver<Progress>> {
        Box::pin(async move {
            let (sender, receiver) = watch::channel(self.view(id).await?);
            tokio::spawn(follow::follow(Arc::clone(&self.peer), id, sender));
            Ok(receiver)
        })
    }

    fn result(&self, id: JobId) -> Answer<'_, Outcome> {
        Box::pin(async move {
            let bytes = self.about(id, Method::GET, "/result").await?;
            Outcome::from_json(&bytes).ok_or_else(|| self.peer.protocol("a result"))
        })
    }

    fn cancel(&self, id: JobId) -> Answer<'_, ()> {
        Box::pin(async move { self.about(id, Method::DELETE, "").await.map(drop) })
    }

    fn forget(&self, id: JobId) -> Answer<'_, ()> {
        Box::pin(async move { self.about(id, Method::DELETE, "/result").await.map(drop) })
    }
}

impl Peer {
    async fn collect(&self, response: Response<Incoming>) -> Result<(StatusCode, Bytes), ProvingError> {
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BYTES).collect();
        let collected = body.await.map_err(|error| self.unreachable(error.to_string()))?;
        Ok((status, collected.to_bytes()))
    }

    fn protocol(&self, reason: &'static str) -> ProvingError {
        ProvingError::Protocol { address: self.authority().to_owned(), reason }
    }

    /// The error that the service's own queue gave, as far as its words tell.
    fn refusal(&self, id: Option<JobId>, status: StatusCode, body: &[u8]) -> ProvingError {
        let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
            return self.protocol("an answer or problem details");
        };
        match (problem.code.as_str(), id) {
            ("unknown-job", Some(id)) => return ProvingError::Unknown(id),
            ("not-ready", Some(id)) => return ProvingError::NotReady(id),
            ("live", Some(id)) => return ProvingError::Live(id),
            ("cancelled", Some(id)) => return ProvingError::Cancelled(id),
            ("closing", _) => return ProvingError::Closing,
            _ => {}
        }
        match (problem.code.as_str(), id, problem.ended, problem.failure, problem.capacity) {
            ("over", Some(id), Some(status), ..) => ProvingError::Over { id, status },
            ("failed", _, _, Some(failure), _) => ProvingError::Failed(failure),
            ("queue-full", .., Some(capacity)) => ProvingError::Full { capacity },
            _ => ProvingError::Refused(Refusal {
                status: status.as_u16(),
                code: problem.code,
                detail: problem.detail,
                retry_after: problem.retry_after.map(Duration::from_secs),
            }),
        }
    }
}

/// The header by which a broken stream goes on.
const LAST_EVENT_ID: header::HeaderName = header::HeaderName::from_static("last-event-id");
