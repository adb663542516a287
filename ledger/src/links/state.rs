//! What the tasks of a node's links share. Locks are held for moments, never while waiting.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, mpsc, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    control::Hello,
    error::LinkError,
    handshake::Arrival,
    key::NodePublicKey,
    network::Network,
    outbox::Outbox,
    peer::{Peer, PeerId},
    receive::Receive,
    settings::{Limits, LinkSettings},
    status::{LinkState, LinksStatus, Record},
    strangers::Strangers,
    tls::{AllowList, Tls},
};

/// Connections that may wait for the task of a peer; it takes them at once.
const ARRIVALS: usize = 4;

/// Shared by all tasks of the links.
pub(super) struct Shared {
    pub settings: LinkSettings,
    pub hello: Hello,
    pub tls: Tls,
    pub network: Arc<dyn Network>,
    pub book: Arc<BookCell>,
    pub strangers: Arc<Strangers>,
    /// Where frames go; nowhere yet.
    pub receiver: watch::Sender<Option<Arc<dyn Receive>>>,
    /// Says that the status has changed.
    pub changed: watch::Sender<()>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    pub runtime: Handle,
}

impl Shared {
    /// Runs a task that is waited for when the links close.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// Something worth looking at has changed.
    pub fn announce(&self) {
        self.changed.send_replace(());
    }

    pub fn status(&self) -> LinksStatus {
        let book = self.book.get();
        LinksStatus {
            me: self.settings.me,
            peers: book.peers.iter().map(|(id, peer)| (*id, peer.status())).collect(),
            strangers: self.strangers.status(),
        }
    }

    /// Bytes for randomness of one purpose.
    pub fn seed(&self, purpose: u32) -> [u8; 32] {
        seed(&self.settings, purpose)
    }
}

/// Bytes for randomness of one purpose: the name of a peer, or `u32::MAX`.
pub(super) fn seed(settings: &LinkSettings, purpose: u32) -> [u8; 32] {
    let material = [&settings.seed[..], &purpose.to_be_bytes()].concat();
    blake3::derive_key("galen links v1 seed", &material)
}

/// The address book in force.
#[derive(Default)]
pub(super) struct BookCell(RwLock<Arc<Book>>);

/// An address book.
#[derive(Default)]
pub(super) struct Book {
    pub peers: BTreeMap<PeerId, Arc<PeerState>>,
    keys: BTreeMap<NodePublicKey, PeerId>,
}

impl BookCell {
    pub fn get(&self) -> Arc<Book> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the book. Peers that are not in it any more, or with another key, are told to stop; gives those that
    /// are new.
    pub fn replace(
        &self,
        wanted: BTreeMap<PeerId, Peer>,
        make: impl Fn(Peer) -> Arc<PeerState>,
    ) -> Vec<Arc<PeerState>> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (mut book, mut new) = (Book::default(), Vec::new());
        for (id, peer) in wanted {
            let state = match current.peers.get(&id).filter(|state| state.key == peer.key) {
                Some(state) => {
                    state.set_address(peer.address);
                    Arc::clone(state)
                }
                None => {
                    new.push(make(peer));
                    Arc::clone(&new[new.len() - 1])
                }
            };
            book.keys.insert(state.key, id);
            book.peers.insert(id, state);
        }
        for (id, state) in &current.peers {
            if book.peers.get(id).is_none_or(|kept| !Arc::ptr_eq(kept, state)) {
                state.stop.cancel();
            }
        }
        *current = Arc::new(book);
        new
    }
}

impl AllowList for BookCell {
    fn owner(&self, key: &NodePublicKey) -> Option<PeerId> {
        self.get().keys.get(key).copied()
    }
}

/// What is known of a peer, and what waits for it.
pub(super) struct PeerState {
    pub id: PeerId,
    pub key: NodePublicKey,
    address: Mutex<Option<String>>,
    /// The address has changed: no need to wait before dialing.
    pub redial: Notify,
    pub outbox: Outbox,
    record: Mutex<Record>,
    /// What the node may have undigested of this peer, in KiB.
    pub undigested: Arc<Semaphore>,
    /// Connections that it has made to this node, for its task.
    pub arrivals: mpsc::Sender<Arrival>,
    /// Given to the task when it starts.
    pub arriving: Mutex<Option<mpsc::Receiver<Arrival>>>,
    pub stop: CancellationToken,
}

impl PeerState {
    pub fn new(peer: Peer, limits: &Limits, stop: CancellationToken) -> Arc<Self> {
        let (arrivals, arriving) = mpsc::channel(ARRIVALS);
        Arc::new(Self {
            id: peer.id,
            key: peer.key,
            address: Mutex::new(peer.address),
            redial: Notify::new(),
            outbox: Outbox::new(limits),
            record: Mutex::default(),
            undigested: Arc::new(Semaphore::new(limits.undigested_bytes / 1024)),
            arrivals,
            arriving: Mutex::new(Some(arriving)),
            stop,
        })
    }

    pub fn address(&self) -> Option<String> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_address(&self, address: Option<String>) {
        let mut current = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != address {
            *current = address;
            self.redial.notify_one();
        }
    }

    pub fn record<T>(&self, write: impl FnOnce(&mut Record) -> T) -> T {
        write(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_state(&self, state: LinkState) {
        self.record(|record| record.state = state);
    }

    /// Counts an error, and logs it unless it is the same as before.
    pub fn note(&self, error: &LinkError) {
        let peer = self.id;
        match error {
            LinkError::Replaced | LinkError::Duplicate | LinkError::Stopped => {
                tracing::debug!(%peer, %error, "no link");
                self.record(|record| *record.errors.entry(error.kind()).or_default() += 1);
            }
            _ if self.record(|record| record.note(error)) => tracing::warn!(%peer, %error, "no link"),
            _ => tracing::debug!(%peer, %error, "no link, still"),
        }
    }

    fn status(&self) -> super::status::LinkStatus {
        let (address, sent) = (self.address(), self.outbox.sent());
        self.record(|record| record.status(address, sent))
    }
}
