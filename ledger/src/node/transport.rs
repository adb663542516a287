//! Links between members.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, mpsc},
};

use tokio::sync::OwnedSemaphorePermit;

use super::event::Event;
use crate::{consensus::MAX_FRAME_BYTES, types::MemberIndex};

/// An encoded message. Shared, as most go to everybody.
pub type Frame = Arc<[u8]>;

/// Sends frames to the other members. May lose them, late or early: the protocol says again what matters. Must not
/// block, and must not forge: the receiver is told truly who sent a frame.
pub trait Transport: Send + Sync + 'static {
    /// Sends a frame to a member.
    fn send(&self, to: MemberIndex, frame: &Frame);
}

/// A link's claim on a frame that the node has not dealt with yet; the link lets its peer send more when it is dropped.
#[derive(Debug, Default)]
pub struct Held(#[expect(dead_code, reason = "it matters when it is dropped")] Option<OwnedSemaphorePermit>);

impl Held {
    /// Gives a permit back when the frame has been dealt with.
    pub fn by(permit: OwnedSemaphorePermit) -> Self {
        Self(Some(permit))
    }
}

/// Where frames from other members go in.
#[derive(Clone)]
pub struct Inbox(pub(super) mpsc::SyncSender<Event>);

impl Inbox {
    /// Delivers a frame; false if it was dropped, because it is too long, or the member too slow or gone.
    pub fn deliver(&self, from: MemberIndex, frame: &Frame) -> bool {
        self.deliver_held(from, frame, Held::default())
    }

    /// Delivers a frame with the link's claim on it.
    pub(crate) fn deliver_held(&self, from: MemberIndex, frame: &Frame, held: Held) -> bool {
        frame.len() <= MAX_FRAME_BYTES
            && self.0.try_send(Event::Frame { from, frame: Arc::clone(frame), held }).is_ok()
    }
}

/// Links between members in one process.
#[derive(Clone, Default)]
pub struct MemoryLinks(Arc<RwLock<BTreeMap<MemberIndex, Inbox>>>);

impl MemoryLinks {
    /// Links between members none of which is there yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The links of a member to the others.
    pub fn of(&self, member: MemberIndex) -> MemoryLink {
        MemoryLink { from: member, links: self.clone() }
    }

    /// Connects a member, or disconnects it: what is sent to and by it is lost.
    pub fn connect(&self, member: MemberIndex, inbox: Option<Inbox>) {
        let mut inboxes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match inbox {
            Some(inbox) => inboxes.insert(member, inbox),
            None => inboxes.remove(&member),
        };
    }
}

/// The links of one member to the others.
pub struct MemoryLink {
    from: MemberIndex,
    links: MemoryLinks,
}

impl Transport for MemoryLink {
    fn send(&self, to: MemberIndex, frame: &Frame) {
        let inboxes = self.links.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(inbox) = inboxes.get(&to).filter(|_| inboxes.contains_key(&self.from)) {
            inbox.deliver(self.from, frame);
        }
    }
}
