//! What operators see of the links. Nothing secret.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{channel::PerChannel, error::LinkError, outbox::Sent, peer::PeerId};

/// All links of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinksStatus {
    /// This node.
    pub me: PeerId,
    /// The others, by name.
    pub peers: BTreeMap<PeerId, LinkStatus>,
    /// Connections that did not, or do not yet, belong to a peer.
    pub strangers: StrangersStatus,
}

impl LinksStatus {
    /// How many peers are linked.
    pub fn linked(&self) -> usize {
        self.peers.values().filter(|peer| matches!(peer.state, LinkState::Linked { .. })).count()
    }
}

/// The link to one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkStatus {
    /// Where it is dialed.
    pub address: Option<String>,
    /// Whether it is there.
    pub state: LinkState,
    /// How often there was a new one.
    pub links: u64,
    /// Why there was none the last time, in words.
    pub last_error: Option<String>,
    /// How often there was none, by kind of reason.
    pub errors: BTreeMap<&'static str, u64>,
    /// From a ping to its answer, in microseconds.
    pub round_trip_us: Option<u64>,
    /// How long reading was paused, as the peer sent more than its share, in milliseconds.
    pub paused_ms: u64,
    /// Sent to it.
    pub sent: PerChannel<Sent>,
    /// Received from it.
    pub received: PerChannel<Received>,
}

/// Whether there is a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum LinkState {
    /// No, and none is being made just now.
    #[default]
    Down,
    /// It is being dialed.
    Dialing,
    /// Yes.
    Linked {
        /// Since when, in milliseconds since 1970.
        since_ms: u64,
        /// Whether this node dialed.
        dialed: bool,
    },
    /// It may not connect for a while.
    CutOff,
}

/// Counts of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Whole frames.
    pub frames: u64,
    /// Bytes of pieces.
    pub bytes: u64,
    /// Frames that the node did not take.
    pub dropped: u64,
}

/// Connections without a listed key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StrangersStatus {
    /// There now.
    pub now: usize,
    /// Closed at once, as there were too many.
    pub turned_away: u64,
    /// Closed, by kind of reason.
    pub errors: BTreeMap<&'static str, u64>,
    /// The last reason, in words.
    pub last_error: Option<String>,
}

/// What is written down about one peer.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub state: LinkState,
    pub links: u64,
    pub last_error: Option<String>,
    pub errors: BTreeMap<&'static str, u64>,
    pub round_trip: Option<Duration>,
    pub paused: Duration,
    pub received: PerChannel<Received>,
}

impl Record {
    /// Counts an error; says whether it is another than the last.
    pub fn note(&mut self, error: &LinkError) -> bool {
        *self.errors.entry(error.kind()).or_default() += 1;
        let words = Some(error.to_string());
        let new = self.last_error != words;
        self.last_error = words;
        new
    }

    pub fn status(&self, address: Option<String>, sent: PerChannel<Sent>) -> LinkStatus {
        let whole = |duration: u128| u64::try_from(duration).unwrap_or(u64::MAX);
        LinkStatus {
            address,
            state: self.state,
            links: self.links,
            last_error: self.last_error.clone(),
            errors: self.errors.clone(),
            round_trip_us: self.round_trip.map(|time| whole(time.as_micros())),
            paused_ms: whole(self.paused.as_millis()),
            sent,
            received: self.received,
        }
    }
}

/// The wall clock, for operators only.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
