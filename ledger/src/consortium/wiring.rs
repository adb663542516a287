//! How the members of a consortium in one process reach each other.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{ConsortiumError, MemberLinks, found::member_home};
use crate::{
    chain::Genesis,
    links::{LinkSettings, Links, LinksStatus, NodeKey, Peer},
    node::{Inbox, MemoryLinks, Transport},
    types::MemberIndex,
};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The links of all members.
pub(super) enum Wiring {
    /// Calls within the process.
    Memory(MemoryLinks),
    /// As between machines, over loopback.
    Tls(Loopback),
}

impl Wiring {
    pub fn new(kind: MemberLinks, dir: &Path, genesis: &Arc<Genesis>) -> Result<Self, ConsortiumError> {
        Ok(match kind {
            MemberLinks::Memory => Self::Memory(MemoryLinks::new(genesis.members.len())),
            MemberLinks::Tls => Self::Tls(Loopback::new(dir, genesis)?),
        })
    }

    /// The sending half for a member that is about to start.
    pub fn prepare(&self, member: MemberIndex) -> Result<Box<dyn Transport>, ConsortiumError> {
        Ok(match self {
            Self::Memory(links) => Box::new(links.of(member)),
            Self::Tls(loopback) => loopback.prepare(member)?,
        })
    }

    /// A member has started.
    pub fn connect(&self, member: MemberIndex, inbox: Inbox) {
        match self {
            Self::Memory(links) => links.connect(member, Some(inbox)),
            Self::Tls(loopback) => {
                if let Some(links) = loopback.of(member) {
                    links.deliver_to(Arc::new(inbox));
                }
            }
        }
    }

    /// A member is about to stop.
    pub async fn disconnect(&self, member: MemberIndex) {
        match self {
            Self::Memory(links) => links.connect(member, None),
            Self::Tls(loopback) => loopback.close(member).await,
        }
    }

    pub fn status(&self, member: MemberIndex) -> Option<LinksStatus> {
        match self {
            Self::Memory(_) => None,
            Self::Tls(loopback) => loopback.of(member).map(|links| links.status()),
        }
    }
}

/// Members on loopback, each at a port that the system chooses when it starts.
pub(super) struct Loopback {
    genesis: Arc<Genesis>,
    keys: Vec<NodeKey>,
    running: Mutex<Vec<Option<Arc<Links>>>>,
}

impl Loopback {
    fn new(dir: &Path, genesis: &Arc<Genesis>) -> Result<Self, ConsortiumError> {
        let members = (0..).map(MemberIndex::new).take(genesis.members.len());
        let key = |member| NodeKey::load_or_create(&member_home(dir, member).join("node_key"));
        let keys = members.map(key).collect::<Result<Vec<_>, _>>()?;
        let running = Mutex::new(keys.iter().map(|_| None).collect());
        Ok(Self { genesis: Arc::clone(genesis), keys, running })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Arc<Links>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, member: MemberIndex) -> Option<Arc<Links>> {
        self.lock().get(member.at()).cloned().flatten()
    }

    /// Listens for a member, and tells everybody where.
    fn prepare(&self, member: MemberIndex) -> Result<Box<dyn Transport>, ConsortiumError> {
        let failed = |source| ConsortiumError::Links { member, source };
        let key = self.keys[member.at()].clone();
        let settings = LinkSettings::new(member.into(), key, &self.genesis);
        let mut running = self.lock();
        let links = Links::listen(settings, ANY_PORT, Vec::new()).map_err(failed)?;
        let sender = Box::new(links.sender());
        running[member.at()] = Some(Arc::new(links));
        let book = self.book(&running);
        for links in running.iter().flatten() {
            links.set_peers(book.clone()).map_err(|fault| failed(fault.into()))?;
        }
        Ok(sender)
    }

    fn book(&self, running: &[Option<Arc<Links>>]) -> Vec<Peer> {
        let members = (0..).map(MemberIndex::new).zip(&self.keys).zip(running);
        let entry = |((member, key), links): ((MemberIndex, &NodeKey), &Option<Arc<Links>>)| Peer {
            id: member.into(),
            key: key.public(),
            address: links.as_ref().and_then(|links| links.address()).map(|address| address.to_string()),
        };
        members.map(entry).collect()
    }

    async fn close(&self, member: MemberIndex) {
        let links = self.lock().get_mut(member.at()).and_then(Option::take);
        if let Some(links) = links {
            links.close().await;
        }
    }
}
