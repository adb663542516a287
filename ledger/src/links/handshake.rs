//! The beginning of a connection: TLS, then a hello each way. The side that was dialed speaks first, so that a dialing
//! node whose key is refused reads the refusal before it has sent anything.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use std::sync::Arc;

use super::{
    channel::Channel,
    control::{Control, Goodbye, Hello},
    error::{LinkError, Step},
    key::NodePublicKey,
    network::BoxStream,
    peer::PeerId,
    state::{PeerState, Shared},
    tls,
    wire::{FrameFault, HEADER_BYTES, Header, encode_frame},
};
use crate::codec::Encode;

/// An authenticated connection.
pub(super) struct Arrival {
    pub stream: TlsStream<BoxStream>,
    pub incarnation: u64,
    pub dialed: bool,
}

/// Dials a peer.
pub(super) async fn dial(
    shared: Arc<Shared>,
    peer: Arc<PeerState>,
    address: String,
) -> Result<Arrival, LinkError> {
    let timing = shared.settings.timing;
    let connected = timeout(timing.connect, shared.network.dial(&address)).await;
    let stream = connected
        .map_err(|_| LinkError::TimedOut(Step::Connect))?
        .map_err(|source| LinkError::Connect { address, source })?;
    let shaken = timeout(timing.handshake, call(&shared, &peer, stream)).await;
    shaken.map_err(|_| LinkError::TimedOut(Step::Handshake))?
}

async fn call(shared: &Shared, peer: &PeerState, stream: BoxStream) -> Result<Arrival, LinkError> {
    let config =
        shared.tls.client(peer.id, peer.key).map_err(|error| LinkError::Handshake(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let connected = connector.connect(tls::server_name(), stream).await;
    let mut stream = TlsStream::from(connected.map_err(LinkError::handshake)?);
    let theirs = read_hello(&mut stream).await;
    // They are told who speaks although they may be no match: what differs is then known on both sides.
    write_control(&mut stream, &Control::Hello(shared.hello.clone())).await?;
    let incarnation = judge(&mut stream, &shared.hello, theirs, peer.id).await?;
    Ok(Arrival { stream, incarnation, dialed: true })
}

/// Answers a connection that came in: whose it is, as far as that is known, and whether it is good.
pub(super) async fn answer(
    shared: &Shared,
    acceptor: &TlsAcceptor,
    stream: BoxStream,
) -> (Option<PeerId>, Result<Arrival, LinkError>) {
    let mut of = None;
    let shaken = timeout(shared.settings.timing.handshake, greet(shared, acceptor, stream, &mut of)).await;
    (of, shaken.unwrap_or(Err(LinkError::TimedOut(Step::Handshake))))
}

async fn greet(
    shared: &Shared,
    acceptor: &TlsAcceptor,
    stream: BoxStream,
    of: &mut Option<PeerId>,
) -> Result<Arrival, LinkError> {
    let accepted = acceptor.accept(stream).await.map_err(LinkError::handshake)?;
    let mut stream = TlsStream::from(accepted);
    let key = peer_key(&stream)?;
    // The list may have changed since the handshake began.
    let listed = super::tls::AllowList::owner(&*shared.book, &key).ok_or(LinkError::NotListed(key))?;
    *of = Some(listed);
    write_control(&mut stream, &Control::Hello(shared.hello.clone())).await?;
    let theirs = read_hello(&mut stream).await;
    let incarnation = judge(&mut stream, &shared.hello, theirs, listed).await?;
    Ok(Arrival { stream, incarnation, dialed: false })
}

fn peer_key(stream: &TlsStream<BoxStream>) -> Result<NodePublicKey, LinkError> {
    let shown = stream.get_ref().1.peer_certificates().and_then(|keys| keys.first());
    let key = shown.and_then(|spki| NodePublicKey::from_spki(spki));
    key.ok_or_else(|| LinkError::Handshake("the peer has shown no key".into()))
}

async fn judge(
    stream: &mut TlsStream<BoxStream>,
    ours: &Hello,
    theirs: Result<Hello, LinkError>,
    listed: PeerId,
) -> Result<u64, LinkError> {
    let judged = theirs.and_then(|theirs| {
        ours.check(&theirs, listed)?;
        Ok(theirs.incarnation)
    });
    if judged.is_err() {
        // An orderly end, so that the peer reads the hello that it has not read yet.
        let _ = stream.shutdown().await;
    }
    judged
}

async fn read_hello(stream: &mut TlsStream<BoxStream>) -> Result<Hello, LinkError> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header).await.map_err(LinkError::io)?;
    let header = Header::decode(header)?;
    if header.channel != Channel::Control || header.more || header.length > 256 {
        return Err(FrameFault::Control("the first frame must be a hello").into());
    }
    let mut frame = vec![0; header.length];
    stream.read_exact(&mut frame).await.map_err(LinkError::io)?;
    Ok(Hello::from_frame(&frame)?)
}

async fn write_control(stream: &mut TlsStream<BoxStream>, control: &Control) -> Result<(), LinkError> {
    stream.write_all(&encode_frame(Channel::Control, &control.to_bytes())).await.map_err(LinkError::io)?;
    stream.flush().await.map_err(LinkError::io)
}

/// Ends a connection that is not wanted, with the reason.
pub(super) async fn send_away(shared: Arc<Shared>, mut arrival: Arrival, reason: Goodbye) {
    let farewell = async {
        if write_control(&mut arrival.stream, &Control::Goodbye(reason)).await.is_ok() {
            let _ = arrival.stream.shutdown().await;
        }
    };
    let _ = timeout(shared.settings.timing.farewell, farewell).await;
}
