//! The task that takes connections. Each is a stranger, with one of few places, until it has shown a listed key.

use std::{sync::Arc, time::Duration};

use tokio::{select, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::{
    error::LinkError,
    handshake,
    network::{BoxStream, Listener},
    state::Shared,
    strangers::Place,
};

/// Out of file descriptors, or the like: how long to wait before trying again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Takes connections until the links close.
pub(super) async fn listen(shared: Arc<Shared>, acceptor: TlsAcceptor, mut listener: Box<dyn Listener>) {
    loop {
        let accepted = select! {
            biased;
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot take a connection");
                sleep(EXHAUSTED).await;
                continue;
            }
        };
        if let Some(place) = shared.strangers.admit(from) {
            shared.spawn(welcome(Arc::clone(&shared), acceptor.clone(), stream, place));
        }
        shared.announce();
    }
}

/// Finds out who called, and gives the connection to that peer's task.
async fn welcome(shared: Arc<Shared>, acceptor: TlsAcceptor, stream: BoxStream, place: Place) {
    let answered = select! {
        biased;
        () = shared.stop.cancelled() => return,
        answered = handshake::answer(&shared, &acceptor, stream) => answered,
    };
    drop(place);
    let (of, result) = answered;
    let peer = of.and_then(|id| shared.book.get().peers.get(&id).map(Arc::clone));
    match (peer, result) {
        // A peer whose task has too much to do, or is ending, calls again.
        (Some(peer), Ok(arrival)) => drop(peer.arrivals.try_send(arrival)),
        (Some(peer), Err(error)) => peer.note(&error),
        (None, Ok(_)) => {}
        (None, Err(error)) => stranger(&shared, &error),
    }
    shared.announce();
}

fn stranger(shared: &Shared, error: &LinkError) {
    // Anybody can cause these: only the operator's own mistakes are worth a line of the log, and each but once.
    if shared.strangers.note(error) && matches!(error, LinkError::NotListed(_)) {
        tracing::warn!(%error, "connection refused");
    } else {
        tracing::debug!(%error, "connection refused");
    }
}
