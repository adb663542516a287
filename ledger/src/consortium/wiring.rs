//! How the members of a consortium in one process reach each other.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
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
    pub fn new(kind: MemberLinks, dir: &Path, genesis: &Arc<Genesis>) -> Self {
        match kind {
            MemberLinks::Memory => Self::Memory(MemoryLinks::new()),
            MemberLinks::Tls => Self::Tls(Loopback::new(dir, genesis)),
        }
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
    dir: PathBuf,
    genesis: Arc<Genesis>,
    members: Mutex<BTreeMap<MemberIndex, Ends>>,
}

/// One member's end of its links.
struct Ends {
    key: NodeKey,
    links: Option<Arc<Links>>,
}

impl Loopback {
    fn new(dir: &Path, genesis: &Arc<Genesis>) -> Self {
        Self { dir: dir.to_owned(), genesis: Arc::clone(genesis), members: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MemberIndex, Ends>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, member: MemberIndex) -> Option<Arc<Links>> {
        self.lock().get(&member).and_then(|ends| ends.links.clone())
    }

    /// Listens for a member, and tells everybody where.
    fn prepare(&self, member: MemberIndex) -> Result<Box<dyn Transport>, ConsortiumError> {
        let failed = |source| ConsortiumError::Links { member, source };
        let key = NodeKey::load_or_create(&member_home(&self.dir, member).join("node_key"))?;
        let settings = LinkSettings::new(member.into(), key.clone(), &self.genesis);
        let links = Links::listen(settings, ANY_PORT, Vec::new()).map_err(failed)?;
        let sender = Box::new(links.sender());
        let mut members = self.lock();
        members.insert(member, Ends { key, links: Some(Arc::new(links)) });
        let book: Vec<Peer> = members.iter().map(|(member, ends)| ends.entry(*member)).collect();
        for links in members.values().filter_map(|ends| ends.links.as_ref()) {
            links.set_peers(book.clone()).map_err(|fault| failed(fault.into()))?;
        }
        Ok(sender)
    }

    async fn close(&self, member: MemberIndex) {
        let links = self.lock().get_mut(&member).and_then(|ends| ends.links.take());
        if let Some(links) = links {
            links.close().await;
        }
    }
}

impl Ends {
    fn entry(&self, member: MemberIndex) -> Peer {
        let address = self.links.as_ref().and_then(|links| links.address());
        Peer {
            id: member.into(),
            key: self.key.public(),
            address: address.map(|address| address.to_string()),
        }
    }
}
