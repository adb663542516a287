//! Nodes that have nothing but links, and strangers that speak the protocol by hand.

use std::{sync::Arc, time::Duration};

use galen_ledger::{
    codec::{Decode, Encode},
    links::{
        Channel, LinkSettings, LinkState, LinkStatus, Links, Network, NodeKey, NodePublicKey, Peer, PeerId,
        Receive,
        control::{Control, Hello},
        network::BoxStream,
        tls::{AllowList, Tls, server_name},
        wire::{HEADER_BYTES, Header, encode_frame},
    },
    node::{Frame, Held},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::net::{Host, Net};
use crate::rules::world;

/// Longer than anything should take; of paused time where the test pauses it.
pub const LONG: Duration = Duration::from_secs(300);

pub fn id(number: u32) -> PeerId {
    PeerId::new(number)
}

pub fn key(number: u32) -> NodeKey {
    NodeKey::from_bytes(&[number as u8 + 1; 32])
}

pub fn name(number: u32) -> String {
    format!("host-{number}")
}

/// Peers 0, 1, … at hosts of their names.
pub fn peers(count: u32) -> Vec<Peer> {
    (0..count).map(|n| Peer { id: id(n), key: key(n).public(), address: Some(name(n)) }).collect()
}

/// The same, none of which can be dialed.
pub fn callers(count: u32) -> Vec<Peer> {
    peers(count).into_iter().map(|peer| Peer { address: None, ..peer }).collect()
}

pub fn settings(number: u32) -> LinkSettings {
    let (genesis, _) = world(4);
    let mut settings = LinkSettings::new(id(number), key(number), &genesis);
    settings.seed = [number as u8; 32];
    settings
}

/// A frame of some length that travels as what its tag says: 2 a vote, 3 a certificate, 6 a block.
pub fn frame(tag: u8, fill: u8, length: usize) -> Frame {
    let mut bytes = vec![fill; length];
    bytes[0] = tag;
    bytes.into()
}

/// A node with links and no ledger.
pub struct Node {
    pub links: Links,
    pub inbox: mpsc::UnboundedReceiver<(PeerId, Frame, Held)>,
}

struct Recorder(mpsc::UnboundedSender<(PeerId, Frame, Held)>);

impl Receive for Recorder {
    fn receive(&self, from: PeerId, frame: Frame, held: Held) -> bool {
        self.0.send((from, frame, held)).is_ok()
    }
}

impl Node {
    pub fn start(net: &Net, settings: LinkSettings, peers: Vec<Peer>) -> Self {
        let (host, door) = net.host(&name(settings.me.get()));
        Self::of(Links::start(settings, Arc::new(host), Some(Box::new(door)), peers).expect("starts"))
    }

    pub fn of(links: Links) -> Self {
        let (sender, inbox) = mpsc::unbounded_channel();
        links.deliver_to(Arc::new(Recorder(sender)));
        Self { links, inbox }
    }

    pub fn send(&self, to: u32, frame: &Frame) {
        self.links.sender().send_to(id(to), frame);
    }

    pub async fn receive(&mut self) -> (PeerId, Frame) {
        let (from, frame, _) = timeout(LONG, self.inbox.recv()).await.expect("in time").expect("open");
        (from, frame)
    }

    pub fn peer(&self, number: u32) -> LinkStatus {
        self.links.status().peers.remove(&id(number)).expect("listed")
    }

    /// Waits until the link to a peer is as wanted.
    pub async fn until(&self, number: u32, wanted: impl Fn(&LinkStatus) -> bool) -> LinkStatus {
        let all = self.links.until(|status| status.peers.get(&id(number)).is_some_and(&wanted));
        let mut all = match timeout(LONG, all).await {
            Ok(all) => all,
            Err(_) => panic!("never: {:#?}", self.peer(number)),
        };
        all.peers.remove(&id(number)).expect("listed")
    }

    pub async fn linked(&self, number: u32) -> LinkStatus {
        self.until(number, is_linked).await
    }

    /// Waits until an error of a kind was counted.
    pub async fn erred(&self, number: u32, kind: &str) -> String {
        self.until(number, |peer| peer.errors.contains_key(kind)).await.last_error.unwrap_or_default()
    }
}

pub fn is_linked(peer: &LinkStatus) -> bool {
    matches!(peer.state, LinkState::Linked { .. })
}

/// Somebody who trusts everybody.
struct Anybody;

impl AllowList for Anybody {
    fn owner(&self, _key: &NodePublicKey) -> Option<PeerId> {
        None
    }
}

/// A node's own hello.
pub fn hello(number: u32) -> Hello {
    let settings = settings(number);
    let (chain_id, genesis) = (settings.chain_id, settings.genesis);
    Hello { chain_id, genesis, peer: id(number), incarnation: 1 }
}

/// A connection made by hand: whoever holds a key can say what they like.
pub struct Puppet(pub TlsStream<BoxStream>);

impl Puppet {
    /// As node `me`, does the handshake with node `to`, and reads its hello.
    pub async fn call(stream: BoxStream, me: u32, to: u32) -> std::io::Result<Self> {
        let config = Tls::new(&key(me), Arc::new(Anybody)).expect("key").client(id(to), key(to).public());
        let connector = TlsConnector::from(Arc::new(config.expect("settings")));
        let mut puppet = Self(connector.connect(server_name(), stream).await?);
        puppet.read().await?;
        Ok(puppet)
    }

    /// The same, and says hello.
    pub async fn link(host: &Host, me: u32, to: u32) -> Self {
        let stream = host.dial(&name(to)).await.expect("listens");
        let mut puppet = Self::call(stream, me, to).await.expect("shakes hands");
        puppet.control(&Control::Hello(hello(me))).await;
        puppet
    }

    pub async fn control(&mut self, control: &Control) {
        self.raw(&encode_frame(Channel::Control, &control.to_bytes())).await;
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("written");
        self.0.flush().await.expect("flushed");
    }

    /// The next piece.
    pub async fn read(&mut self) -> std::io::Result<(Header, Vec<u8>)> {
        let mut header = [0; HEADER_BYTES];
        self.0.read_exact(&mut header).await?;
        let header = Header::decode(header).expect("honest");
        let mut bytes = vec![0; header.length];
        self.0.read_exact(&mut bytes).await?;
        Ok((header, bytes))
    }

    /// The next control frame that is no ping, if there is one.
    pub async fn word(&mut self) -> Option<Control> {
        loop {
            let (header, bytes) = self.read().await.ok()?;
            match (header.channel, Control::from_bytes(&bytes)) {
                (Channel::Control, Ok(Control::Ping(_))) | (_, Err(_)) => {}
                (Channel::Control, Ok(control)) => return Some(control),
                _ => {}
            }
        }
    }
}
