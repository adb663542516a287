//! Where frames from peers go.

use super::peer::PeerId;
use crate::node::{Frame, Held, Inbox};

/// Takes frames. Must not block.
pub trait Receive: Send + Sync + 'static {
    /// Takes a frame; false if it was dropped. `held` is dropped when the frame has been dealt with: a peer may have
    /// only so much held, and is not read from until there is room again.
    fn receive(&self, from: PeerId, frame: Frame, held: Held) -> bool;
}

impl Receive for Inbox {
    /// Only members speak to a member's protocol.
    fn receive(&self, from: PeerId, frame: Frame, held: Held) -> bool {
        from.member().is_some_and(|member| self.deliver_held(member, &frame, held))
    }
}
