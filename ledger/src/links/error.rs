//! Why there is no link.

use std::{io, sync::Arc, time::Duration};

use super::{
    control::{Goodbye, HelloFault},
    key::NodePublicKey,
    peer::PeerId,
    wire::FrameFault,
};

/// Why a connection did not come about, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nobody answers at the address.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A step of the beginning took too long.
    #[error("no {0} in time")]
    TimedOut(Step),
    /// Whoever answers has another key.
    #[error(transparent)]
    WrongKey(#[from] WrongKey),
    /// The peer has a key that is not listed.
    #[error("a node with key {0} called, which is not in the list of peers")]
    NotListed(NodePublicKey),
    /// The peer ended the handshake.
    #[error("the peer refused the handshake ({0}): is this node's key in its list of peers?")]
    Refused(String),
    /// The handshake failed on this side.
    #[error("handshake: {0}")]
    Handshake(String),
    /// The peer is not on the same chain, or not who it says.
    #[error(transparent)]
    Hello(#[from] HelloFault),
    /// The peer broke the rules of the link.
    #[error("the peer broke the rules of the link: {0}")]
    Frame(#[from] FrameFault),
    /// The peer said why it closes.
    #[error("the peer closed the link: {0}")]
    Goodbye(Goodbye),
    /// The peer closed without a word.
    #[error("the peer closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// The peer does not take what is sent.
    #[error("the peer did not take 64 KiB in {0:?}")]
    SlowReader(Duration),
    /// Nothing was heard, not even an answer to a ping.
    #[error("nothing was heard from the peer in {0:?}")]
    Silent(Duration),
    /// The peer has connected anew.
    #[error("the peer has connected anew")]
    Replaced,
    /// This is not the connection of the two that stays.
    #[error("there is another connection to the peer")]
    Duplicate,
    /// The peer broke the rules before.
    #[error("the peer is cut off for a while, for breaking the rules of the link")]
    CutOff,
    /// The peer was taken off the list, or the links are closed.
    #[error("closed by this node")]
    Stopped,
}

/// A step of the beginning of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Step {
    /// Connecting.
    #[error("connection")]
    Connect,
    /// The TLS handshake and the hello.
    #[error("handshake")]
    Handshake,
}

/// A node was reached that is not the one that was dialed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node at the address of peer {wanted} has key {found}, {}, not the key {expected} listed for that peer", owner(*of))]
pub struct WrongKey {
    /// Who was dialed.
    pub wanted: PeerId,
    /// The key listed for it.
    pub expected: NodePublicKey,
    /// The key found.
    pub found: NodePublicKey,
    /// Whose key that is in the list.
    pub of: Option<PeerId>,
}

fn owner(of: Option<PeerId>) -> String {
    of.map_or_else(
        || "which is not in the list of peers".into(),
        |peer| format!("which is that of peer {peer}"),
    )
}

impl LinkError {
    /// Whether an honest peer with an honest network never causes it.
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::Frame(_))
    }

    /// A word for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::TimedOut(_) => "timed_out",
            Self::WrongKey(_) => "wrong_key",
            Self::NotListed(_) => "not_listed",
            Self::Refused(_) => "refused",
            Self::Handshake(_) => "handshake",
            Self::Hello(_) => "hello",
            Self::Frame(_) => "frame",
            Self::Goodbye(_) => "goodbye",
            Self::Closed => "closed",
            Self::Broken(_) => "broken",
            Self::SlowReader(_) => "slow_reader",
            Self::Silent(_) => "silent",
            Self::Replaced => "replaced",
            Self::Duplicate => "duplicate",
            Self::CutOff => "cut_off",
            Self::Stopped => "stopped",
        }
    }

    /// What ended a handshake.
    pub(super) fn handshake(error: io::Error) -> Self {
        let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return Self::io(error);
        };
        match tls {
            rustls::Error::AlertReceived(alert) => Self::Refused(format!("{alert:?}")),
            rustls::Error::InvalidCertificate(rustls::CertificateError::Other(reason)) => {
                reason_of(&reason.0)
            }
            tls => Self::Handshake(tls.to_string()),
        }
    }

    /// What broke a connection after its handshake. The peer's verdict on this node's key comes only then.
    pub(super) fn io(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(alert)) => Self::Refused(format!("{alert:?}")),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Broken(error),
        }
    }
}

/// The verifier's own reason, given through the TLS library.
fn reason_of(reason: &Arc<dyn std::error::Error + Send + Sync>) -> LinkError {
    if let Some(wrong) = reason.downcast_ref::<WrongKey>() {
        return LinkError::WrongKey(wrong.clone());
    }
    match reason.downcast_ref::<NotListed>() {
        Some(NotListed(key)) => LinkError::NotListed(*key),
        None => LinkError::Handshake(reason.to_string()),
    }
}

/// What the verifier says of a stranger.
#[derive(Debug, thiserror::Error)]
#[error("key {0} is not in the list of peers")]
pub(super) struct NotListed(pub NodePublicKey);

/// Links cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The list of peers contradicts itself.
    #[error("list of peers: {0}")]
    Book(#[from] super::peer::BookFault),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// There is no runtime to run on.
    #[error("links must be started within a tokio runtime")]
    NoRuntime(#[from] tokio::runtime::TryCurrentError),
}
