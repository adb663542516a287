//! Links between members, and gateways, over TCP: TLS 1.3, both sides known by their node keys.
//!
//! | question | module |
//! |---|---|
//! | who may connect? | [`peer`], [`key`], [`tls`] |
//! | what must both sides agree on? | [`control`] |
//! | what travels, and what first? | [`channel`], [`wire`], [`outbox`] |
//! | how much of it? | [`settings`], [`quota`] |
//! | what becomes of a connection? | `handshake`, `connection`, `keep` (one task a peer), `listen` |
//! | what can go wrong? | [`error`] |
//! | what do operators see? | [`status`] |
//!
//! [`Links`] owns the tasks; [`LinkSender`] is the [`Transport`] of a node; frames from peers go to a [`Receive`], which
//! a node's [`crate::node::Inbox`] is.
//!
//! Caution: a link says truly which listed key sent a frame, and nothing else. Frames may be lost, as when a link is
//! replaced: the protocol says again what matters.

pub mod backoff;
pub mod channel;
mod connection;
pub mod control;
pub mod error;
mod handshake;
mod keep;
pub mod key;
mod listen;
pub mod network;
pub mod outbox;
pub mod peer;
pub mod quota;
pub mod receive;
pub mod settings;
mod state;
pub mod status;
mod strangers;
pub mod tls;
pub mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError},
    time::Duration,
};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tokio::{runtime::Handle, sync::watch};
use tokio_rustls::TlsAcceptor;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use self::{
    channel::Channel,
    error::{LinkError, StartError},
    key::{KeyFileError, NodeKey, NodePublicKey},
    network::{Listener, Network, Tcp},
    peer::{BookFault, Peer, PeerId},
    receive::Receive,
    settings::{Limits, LinkSettings, LinkTiming},
    status::{LinkState, LinkStatus, LinksStatus},
};
use self::{
    control::Hello,
    state::{BookCell, PeerState, Shared},
    strangers::Strangers,
    tls::Tls,
};
use crate::{
    node::{Frame, Transport},
    types::MemberIndex,
};

/// The links of a node. They end when this is closed or dropped.
pub struct Links {
    shared: Arc<Shared>,
    address: Option<SocketAddr>,
    _stop: DropGuard,
}

impl Links {
    /// Listens on a TCP address and begins to link with the peers. Port 0 lets the system choose.
    ///
    /// # Errors
    /// When the address cannot be had, the list of peers contradicts itself, or there is no runtime.
    pub fn listen(settings: LinkSettings, address: SocketAddr, peers: Vec<Peer>) -> Result<Self, StartError> {
        let runtime = Handle::try_current()?;
        let _inside = runtime.enter();
        let io = |source| StartError::Listen { address, source };
        let listener = Tcp::listen(address).map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        let links = Self::start(settings, Arc::new(Tcp), Some(Box::new(listener)), peers)?;
        Ok(Self { address: Some(address), ..links })
    }

    /// Begins to link with the peers over some network; without a listener it only dials.
    ///
    /// # Errors
    /// When the list of peers contradicts itself, or there is no runtime.
    pub fn start(
        settings: LinkSettings,
        network: Arc<dyn Network>,
        listener: Option<Box<dyn Listener>>,
        peers: Vec<Peer>,
    ) -> Result<Self, StartError> {
        let book = Arc::new(BookCell::default());
        let tls = Tls::new(&settings.key, Arc::clone(&book) as _)?;
        let acceptor = TlsAcceptor::from(Arc::new(tls.server()?));
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            hello: hello(&settings),
            tls,
            network,
            book,
            strangers: Strangers::new(&settings.limits),
            receiver: watch::Sender::new(None),
            changed: watch::Sender::new(()),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            runtime: Handle::try_current()?,
            settings,
        });
        let links = Self { shared, address: None, _stop: stop.drop_guard() };
        links.set_peers(peers)?;
        if let Some(listener) = listener {
            links.shared.spawn(listen::listen(Arc::clone(&links.shared), acceptor, listener));
        }
        Ok(links)
    }

    /// Where it listens, if on TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The sending half, for a node.
    pub fn sender(&self) -> LinkSender {
        LinkSender(Arc::clone(&self.shared))
    }

    /// Where frames from peers go from now on. Until this is said, they wait with the peers.
    pub fn deliver_to(&self, receiver: Arc<dyn Receive>) {
        self.shared.receiver.send_replace(Some(receiver));
    }

    /// Replaces the list of peers. Who is not in it any more, or with another key, is cut off at once; links to the
    /// others stay. This node itself may be in it.
    ///
    /// # Errors
    /// When it contradicts itself; the list in force stays.
    pub fn set_peers(&self, peers: Vec<Peer>) -> Result<(), BookFault> {
        let settings = &self.shared.settings;
        let wanted = peer::check(settings.me, settings.key.public(), peers)?;
        let make = |peer| PeerState::new(peer, &settings.limits, self.shared.stop.child_token());
        for peer in self.shared.book.replace(wanted, make) {
            let arriving = peer.arriving.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(arriving) = arriving {
                self.shared.spawn(keep::keep(Arc::clone(&self.shared), peer, arriving));
            }
        }
        self.shared.announce();
        Ok(())
    }

    /// What operators see.
    pub fn status(&self) -> LinksStatus {
        self.shared.status()
    }

    /// Waits until the links are as wanted. Looks whenever a link comes or goes, or a stranger does.
    pub async fn until(&self, mut wanted: impl FnMut(&LinksStatus) -> bool) -> LinksStatus {
        let mut changed = self.shared.changed.subscribe();
        loop {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            // The sender is in `self`.
            let _ = changed.changed().await;
        }
    }

    /// Closes all links, with a goodbye to those who listen, and waits until all tasks have ended.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        let most = 8 * self.shared.settings.timing.farewell + Duration::from_secs(1);
        if tokio::time::timeout(most, self.shared.tasks.wait()).await.is_err() {
            tracing::error!("tasks of the links did not end in time");
        }
    }
}

fn hello(settings: &LinkSettings) -> Hello {
    let mut rng = ChaCha20Rng::from_seed(state::seed(settings, u32::MAX));
    Hello {
        chain_id: settings.chain_id,
        genesis: settings.genesis,
        peer: settings.me,
        incarnation: rng.next_u64(),
    }
}

/// Sends a node's frames. Never blocks.
#[derive(Clone)]
pub struct LinkSender(Arc<Shared>);

impl LinkSender {
    /// Sends an encoded [`crate::consensus::Message`] to a peer; to a stranger, or if it is none, nothing is sent.
    pub fn send_to(&self, to: PeerId, frame: &Frame) {
        let Some(channel) = Channel::of(frame) else {
            tracing::error!(peer = %to, tag = frame.first(), "a frame of no channel was not sent");
            return;
        };
        if let Some(peer) = self.0.book.get().peers.get(&to) {
            peer.outbox.push(channel, Arc::clone(frame));
        }
    }
}

impl Transport for LinkSender {
    fn send(&self, to: MemberIndex, frame: &Frame) {
        self.send_to(to.into(), frame);
    }
}
