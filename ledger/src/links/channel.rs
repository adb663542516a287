//! Channels: what travels on a link, by urgency.

use core::fmt;
use std::ops::{Index, IndexMut};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::consensus::message::{BUNDLE, COMPACT, FETCH_MINIS, MINI_BLOCK, RECEIPTS};

/// What a frame is, the most urgent first. A frame never waits for one of a later channel, but for the piece of it that
/// is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Channel {
    /// The link's own: hello, ping, pong, goodbye.
    Control = 0,
    /// Certificates.
    Certificates = 1,
    /// Votes.
    Votes = 2,
    /// Proposals.
    Proposals = 3,
    /// Where a member is, and what it asks for. Before bodies, as they are the answers. And receipts.
    Sync = 4,
    /// Blocks, mini-blocks, and the ledger's own affairs, whose dealings are long.
    Bodies = 5,
    /// Transactions for the pools.
    Transactions = 6,
    /// Chunks of blobs, which are long and of which there are many.
    Blobs = 7,
}

/// What to do with a frame for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest go. For what the protocol says again, and of which the newest is worth most. Such frames also wait
    /// for a link that is down.
    DropOldest,
    /// The new one goes. For what is asked for again. Without a link it is dropped at once.
    DropNewest,
}

impl Channel {
    /// All channels, the most urgent first.
    pub const ALL: [Self; 8] = [
        Self::Control,
        Self::Certificates,
        Self::Votes,
        Self::Proposals,
        Self::Sync,
        Self::Bodies,
        Self::Transactions,
        Self::Blobs,
    ];

    /// The channel of an encoded [`crate::consensus::Message`], by its tag; none if it is no message.
    pub fn of(frame: &[u8]) -> Option<Self> {
        Some(match *frame.first()? {
            1 | COMPACT => Self::Proposals,
            2 | BUNDLE => Self::Votes,
            3 => Self::Certificates,
            4 | 5 | 16 | 18 | 19 | 20 | FETCH_MINIS | RECEIPTS => Self::Sync,
            6 | 8 | MINI_BLOCK => Self::Bodies,
            7 => Self::Transactions,
            17 => Self::Blobs,
            _ => return None,
        })
    }

    /// The channel with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// What goes when its queue is full.
    pub const fn overflow(self) -> Overflow {
        match self {
            Self::Control | Self::Certificates | Self::Votes | Self::Proposals => Overflow::DropOldest,
            Self::Sync | Self::Bodies | Self::Transactions | Self::Blobs => Overflow::DropNewest,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Certificates => "certificates",
            Self::Votes => "votes",
            Self::Proposals => "proposals",
            Self::Sync => "sync",
            Self::Bodies => "bodies",
            Self::Transactions => "transactions",
            Self::Blobs => "blobs",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something for each channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerChannel<T>([T; 8]);

impl<T> PerChannel<T> {
    /// Makes it for each channel.
    pub fn from_fn(mut make: impl FnMut(Channel) -> T) -> Self {
        Self(Channel::ALL.map(&mut make))
    }

    /// Each channel with what it has, the most urgent first.
    pub fn iter(&self) -> impl Iterator<Item = (Channel, &T)> {
        Channel::ALL.into_iter().zip(&self.0)
    }

    /// What the channels have, the most urgent first.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }
}

impl<T> Index<Channel> for PerChannel<T> {
    type Output = T;

    fn index(&self, channel: Channel) -> &T {
        &self.0[channel as usize]
    }
}

impl<T> IndexMut<Channel> for PerChannel<T> {
    fn index_mut(&mut self, channel: Channel) -> &mut T {
        &mut self.0[channel as usize]
    }
}

impl<T: Serialize> Serialize for PerChannel<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(Channel::ALL.len()))?;
        for (channel, value) in self.iter() {
            map.serialize_entry(channel.name(), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_numbered_by_urgency() {
        for (number, channel) in (0u8..).zip(Channel::ALL) {
            assert_eq!((channel as u8, Channel::from_number(number)), (number, Some(channel)));
        }
        assert_eq!(Channel::from_number(8), None);
    }
}
