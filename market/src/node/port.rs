//! How the operators' port takes connections: few at a time, one call each, and none for long. Whoever opens connections and
//! says nothing keeps nobody away for longer than that.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What a port allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; others wait until one ends.
    pub connections: usize,
    /// How long the head of a call may take to come.
    pub head: Duration,
    /// How long a connection may last, with its one call and the answer.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 64, head: Duration::from_secs(5), whole: Duration::from_secs(30) }
    }
}

/// Serves until it is aborted.
pub async fn serve(mut listener: TcpListener, router: Router, limits: Limits) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head).keep_alive(false);
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        // Waits and tries again when the system has no connection to give.
        let (stream, _) = Listener::accept(&mut listener).await;
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            match timeout(limits.whole, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a call of the operators' port was broken off"),
                Err(_) => tracing::debug!("a call of the operators' port took too long"),
            }
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use hyper::{Method, StatusCode};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::Barrier;

    use super::*;
    use crate::node::call::call;

    async fn served(router: Router, limits: Limits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, router, limits));
        address
    }

    #[tokio::test]
    async fn who_says_nothing_or_half_is_cut_off_and_the_next_is_served() {
        let limits =
            Limits { connections: 1, head: Duration::from_millis(100), whole: Duration::from_millis(400) };
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/body", get(async |body: axum::body::Bytes| body));
        let address = served(router, limits).await;
        for begun in ["", "GET / HTTP/1.1\r\nHost:", "GET /body HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"] {
            let mut silent = TcpStream::connect(address).await.expect("connects");
            silent.write_all(begun.as_bytes()).await.expect("writes");
            let (code, body) = call(address, Method::GET, "/", Vec::new()).await.expect("the next is served");
            assert_eq!((code, body.as_slice()), (StatusCode::OK, b"here".as_slice()), "{begun}");
            // Some get an answer that says so first; cut off are all.
            let _ = silent.read_to_end(&mut Vec::new()).await;
        }
    }

    #[tokio::test]
    async fn no_more_are_served_at_a_time_than_there_are_places() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let both = Arc::new(Barrier::new(2));
        let handler = async move || {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            both.wait().await;
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            NOW.fetch_sub(1, Ordering::SeqCst);
        };
        let address =
            served(Router::new().route("/", get(handler)), Limits { connections: 2, ..Limits::default() })
                .await;
        let calls: Vec<_> =
            (0..8).map(|_| tokio::spawn(call(address, Method::GET, "/", Vec::new()))).collect();
        for call in calls {
            assert_eq!(call.await.expect("ends").expect("is answered").0, StatusCode::OK);
        }
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }
}
