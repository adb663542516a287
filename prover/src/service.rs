//! The prover as a service, for a hospital whose prover is another process or another machine of its own.
//!
//! | call | does |
//! |---|---|
//! | `POST /v1/jobs` | takes a job (the JSON of [`JobSpec`](crate::jobs::JobSpec)); 202 with its id |
//! | `GET /v1/jobs/{id}` | how far it is |
//! | `GET /v1/jobs/{id}/events` | the same as server-sent events, resumed by `Last-Event-ID` |
//! | `GET /v1/jobs/{id}/result` | the result |
//! | `DELETE /v1/jobs/{id}` | cancels it |
//! | `DELETE /v1/jobs/{id}/result` | forgets it, once it is over |
//! | `GET /healthz` | whether the service lives; the only call without a token |
//!
//! Every call carries the bearer [`Token`]. Refusals are problem details (RFC 9457) with a stable code and what to do. Each
//! answer carries `x-request-id`, the caller's own or a fresh one, and log lines name it; neither they nor addresses carry
//! anything of a job but its id.
//!
//! Caution: jobs hold raw rows, and the service speaks plain HTTP. It binds to loopback unless told otherwise; to reach it
//! from another machine, let both ends meet in a tunnel or behind a terminator of TLS in the hospital's own network.
//!
//! [`RemoteProver`] is the other end: the same [`Proving`](crate::jobs::Proving) as a queue in the process.

mod client;
mod events;
mod guard;
mod problem;
mod routes;
mod token;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

pub use client::{AddressFault, Reach, RemoteProver};
pub use token::{Token, TokenFault};

use crate::jobs::ProofQueue;

/// How the service works.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Bytes of a job at most. A scan takes about 7 KB, a release about 10.
    pub max_job_bytes: usize,
    /// Jobs that are read at a time: bounds memory together with their size.
    pub submissions: usize,
    /// How long a caller may take to send a job.
    pub upload_time: Duration,
    /// How long callers may go on after shutdown was asked for.
    pub grace: Duration,
    /// Whether to serve on an address that is not loopback.
    pub allow_network: bool,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            max_job_bytes: 32 << 20,
            submissions: 4,
            upload_time: Duration::from_secs(60),
            grace: Duration::from_secs(10),
            allow_network: false,
        }
    }
}

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address that other machines reach.
    #[error(
        "{0} is not loopback: raw rows would cross the network in the clear; allow it only inside a tunnel"
    )]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("the prover service: {0}")]
    Io(#[from] io::Error),
}

/// What all calls share.
struct Shared {
    queue: ProofQueue,
    token: Token,
    settings: ServiceSettings,
    submissions: Semaphore,
    /// Names this run of the service in event ids: revisions begin anew with each.
    epoch: String,
    /// True once shutdown was asked for.
    closing: watch::Receiver<bool>,
}

/// Serves `queue` on `listener` until `shutdown` ends, then lets callers finish for the time of grace. Whether the queue
/// is closed after that is for the caller.
///
/// # Errors
/// [`ServeError::NotLoopback`] unless the settings allow it; [`ServeError::Io`].
pub async fn serve(
    listener: TcpListener,
    queue: ProofQueue,
    token: Token,
    settings: ServiceSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !settings.allow_network && !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let (close, closing) = watch::channel(false);
    let grace = settings.grace;
    let shared = Arc::new(Shared {
        submissions: Semaphore::new(settings.submissions),
        epoch: guard::fresh_id(),
        closing: closing.clone(),
        queue,
        token,
        settings,
    });
    let signalled = |mut closing: watch::Receiver<bool>| async move {
        // The sender lives as long as this call: an error cannot come before the end.
        let _ = closing.wait_for(|closing| *closing).await;
    };
    let server =
        axum::serve(listener, routes::router(shared)).with_graceful_shutdown(signalled(closing.clone()));
    tracing::info!(%address, "the prover service is up");
    let stop = async {
        shutdown.await;
        close.send_replace(true);
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = server => served?,
        () = stop => tracing::warn!("callers were cut off at the end of the time of grace"),
    }
    tracing::info!("the prover service is down");
    Ok(())
}
