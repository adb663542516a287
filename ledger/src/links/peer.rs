//! Who may connect: the address book.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::NodePublicKey;
use crate::types::MemberIndex;

/// Most peers of a node: members, and gateways beside them.
pub const MAX_PEERS: usize = 1024;

/// Names a node among those that may connect, for as long as it is listed. The first 65,536 are members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PeerId(u32);

impl PeerId {
    /// The peer with this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The member that this peer is; none for a gateway.
    pub fn member(self) -> Option<MemberIndex> {
        u16::try_from(self.0).ok().map(MemberIndex::new)
    }
}

impl From<MemberIndex> for PeerId {
    fn from(member: MemberIndex) -> Self {
        Self(u32::from(member.get()))
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An entry of the address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its name.
    pub id: PeerId,
    /// Its node key.
    pub key: NodePublicKey,
    /// Where it listens, as `host:port`, looked up at each attempt; none if it only dials in.
    pub address: Option<String>,
}

/// An address book that says two things at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BookFault {
    /// One name, two entries.
    #[error("peer {0} is listed twice")]
    SamePeer(PeerId),
    /// One key, two names.
    #[error("peers {0} and {1} have the same node key")]
    SameKey(PeerId, PeerId),
    /// This node is listed with a key that it does not have.
    #[error("peer {me} is this node, but its listed key is {listed}, not {own}")]
    OwnKey {
        /// This node.
        me: PeerId,
        /// The key in the list.
        listed: NodePublicKey,
        /// The key that it has.
        own: NodePublicKey,
    },
    /// Too many.
    #[error("{0} peers exceed the limit of {MAX_PEERS}")]
    TooMany(usize),
}

/// Checks a list of peers and leaves this node itself out of it.
///
/// # Errors
/// When a name or key occurs twice, or this node is listed with another key.
pub fn check(me: PeerId, own: NodePublicKey, peers: Vec<Peer>) -> Result<BTreeMap<PeerId, Peer>, BookFault> {
    if peers.len() > MAX_PEERS {
        return Err(BookFault::TooMany(peers.len()));
    }
    let mut keys = BTreeMap::from([(own, me)]);
    let mut book = BTreeMap::new();
    for peer in peers {
        if peer.id == me {
            if peer.key != own {
                return Err(BookFault::OwnKey { me, listed: peer.key, own });
            }
            continue;
        }
        if let Some(other) = keys.insert(peer.key, peer.id) {
            return Err(BookFault::SameKey(other, peer.id));
        }
        if let Some(earlier) = book.insert(peer.id, peer) {
            return Err(BookFault::SamePeer(earlier.id));
        }
    }
    Ok(book)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(id: u32, key: u8) -> Peer {
        Peer { id: PeerId::new(id), key: NodePublicKey::from_bytes([key; 32]), address: None }
    }

    #[test]
    fn a_book_that_contradicts_itself_is_refused() {
        let (me, own) = (PeerId::new(0), NodePublicKey::from_bytes([9; 32]));
        let check = |peers| check(me, own, peers);
        assert_eq!(check(vec![peer(0, 9), peer(1, 1), peer(2, 2)]).expect("good").len(), 2);
        assert_eq!(check(vec![peer(1, 1), peer(1, 2)]), Err(BookFault::SamePeer(PeerId::new(1))));
        let same = BookFault::SameKey(PeerId::new(1), PeerId::new(2));
        assert_eq!(check(vec![peer(1, 1), peer(2, 1)]), Err(same));
        assert_eq!(check(vec![peer(1, 9)]), Err(BookFault::SameKey(me, PeerId::new(1))));
        assert!(matches!(check(vec![peer(0, 1)]), Err(BookFault::OwnKey { .. })));
        assert!(matches!(check(vec![peer(1, 1); 1025]), Err(BookFault::TooMany(1025))));
    }
}
