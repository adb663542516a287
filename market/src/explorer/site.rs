//! What the site's handlers share: the chain, what is remembered beside it, and news of new blocks.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::block::Lines;
use super::index::Index;
use super::material::Materials;
use super::search::Newest;
use crate::chain::{Chain, ChainError};
use crate::web::events::Shot;
use crate::web::page::SiteName;

/// How a node is: what a chain does not know of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthView {
    /// Whether it keeps up with the others.
    pub ready: bool,
    /// Why not, or that all is well.
    pub words: String,
    /// Blocks that it is behind, as far as it knows.
    pub behind: u64,
    /// Peers that it is linked to.
    pub linked: usize,
    /// Peers that it should be linked to.
    pub peers: usize,
    /// Transactions that wait.
    pub waiting: usize,
}

/// Who knows how the node is. A chain that is merely followed has nobody.
pub trait Health: Send + Sync {
    /// How it is now.
    fn health(&self) -> HealthView;
}

/// The site of a chain.
pub struct Explorer {
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// Requests by time, and counts.
    pub index: Index,
    /// Blocks as lists show them.
    pub lines: Lines,
    /// Names in the newest blocks.
    pub newest: Newest,
    /// Contributions as others verify them.
    pub materials: Materials,
    /// How the node is.
    pub health: Option<Arc<dyn Health>>,
    name: SiteName,
    news: watch::Receiver<Shot>,
    /// The API's document.
    pub(crate) document: OnceLock<serde_json::Value>,
}

impl Explorer {
    /// The public site of a chain. News of blocks are followed until it is dropped; call it inside a runtime.
    pub fn start(chain: Arc<dyn Chain>, health: Option<Arc<dyn Health>>) -> Arc<Self> {
        Self::named(SiteName::Explorer, chain, health)
    }

    /// The same pages at an auditor's desk, where they lead to signed reports. The desk serves those.
    pub fn of_auditor(chain: Arc<dyn Chain>) -> Arc<Self> {
        Self::named(SiteName::Auditor, chain, None)
    }

    fn named(name: SiteName, chain: Arc<dyn Chain>, health: Option<Arc<dyn Health>>) -> Arc<Self> {
        let (sender, news) = watch::channel(shot(chain.as_ref()));
        tokio::spawn(follow(Arc::clone(&chain), sender));
        Arc::new(Self {
            chain,
            index: Index::default(),
            lines: Lines::default(),
            newest: Newest::default(),
            materials: Materials::default(),
            health,
            name,
            news,
            document: OnceLock::new(),
        })
    }

    /// Whose pages these are.
    pub fn name(&self) -> SiteName {
        self.name
    }

    /// Whether reports are signed here: at an auditor's desk, and at no public site.
    pub fn signs_reports(&self) -> bool {
        self.name == SiteName::Auditor
    }

    /// News of new blocks.
    pub fn news(&self) -> watch::Receiver<Shot> {
        self.news.clone()
    }
}

fn shot(chain: &dyn Chain) -> Shot {
    let position = chain.position();
    let data = json!({
        "height": position.height.get(),
        "time_ms": position.time_ms,
        "block": position.block.to_string(),
        "app_hash": position.outcome.app_hash.to_string(),
    });
    Shot { revision: position.height.get(), over: false, data }
}

/// Tells of each new block until nobody listens, or the chain ends.
async fn follow(chain: Arc<dyn Chain>, sender: watch::Sender<Shot>) {
    loop {
        let height = galen_ledger::Height::new(sender.borrow().revision);
        let beyond: Result<_, ChainError> = tokio::select! {
            beyond = chain.beyond(height) => beyond,
            () = sender.closed() => return,
        };
        if beyond.is_err() {
            let over = Shot { over: true, ..sender.borrow().clone() };
            sender.send_replace(over);
            return;
        }
        sender.send_replace(shot(chain.as_ref()));
    }
}
