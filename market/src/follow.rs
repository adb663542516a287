//! A chain that somebody else serves, followed and verified here.
//!
//! A desk stands beside its owner's keys and data, and takes part in no consortium. It gets genesis, blocks and ciphertexts
//! from any gateway over HTTP, and believes none of it: the genesis must be that of the chain whose name its owner pinned,
//! every block under a certificate of its cycle's committee, and every transaction is checked and executed again
//! ([`galen_ledger::follow`]). A gateway can be silent, or withhold the newest blocks; it cannot make anything up.
//!
//! Nor does it learn what its owner is interested in: all blocks are fetched, and all ciphertexts, in the order of the chain.
//! What the owner hands in it does see, and from where that comes.
//!
//! ```text
//! FOLDER/lock       one process a folder
//! FOLDER/genesis    what the chain began with
//! FOLDER/state/     blocks and state
//! FOLDER/blobs/     ciphertexts
//! ```

mod client;
mod fault;
mod gateway;
mod reading;
mod status;
mod submit;
mod task;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use galen_ledger::chain::Genesis;
use galen_ledger::codec::{Decode, Encode};
use galen_ledger::execution::SledStore;
use galen_ledger::storage::HomeLock;
use galen_ledger::{AppError, Application, Blobs, ChainId, FileBlobs, Follower};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::client::Client;
pub use self::fault::FollowError;
pub use self::gateway::{Gateway, GatewayFault};
pub use self::status::FollowStatus;
use self::task::Task;
use crate::application::Market;

/// How long stopping may take: a block that is being executed is finished.
const STOP_TIME: Duration = Duration::from_secs(10);

/// A chain that is followed. It goes on in the background until it is closed or dropped.
pub struct FollowedChain {
    follower: Arc<Follower>,
    client: Client,
    status: watch::Receiver<FollowStatus>,
    stop: watch::Sender<bool>,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl FollowedChain {
    /// Follows the chain that a gateway serves, from where it was left. For the first time the gateway must answer; later it
    /// need not, and what is kept can be read meanwhile.
    ///
    /// # Errors
    /// When the gateway is none that can be used, does not answer the first time, or has another chain; or the folder is in
    /// use, cannot be used, or holds another chain.
    pub async fn open(folder: &Path, gateway: Gateway) -> Result<Self, FollowError> {
        let market = |genesis: &Genesis, blobs| {
            let market = Market::new(&genesis.config, blobs).map_err(|fault| AppError(fault.to_string()))?;
            Ok(Arc::new(market) as Arc<dyn Application>)
        };
        Self::open_with(folder, gateway, market).await
    }

    /// As [`Self::open`], with an application of one's own.
    pub(crate) async fn open_with(
        folder: &Path,
        gateway: Gateway,
        make: impl FnOnce(&Genesis, Arc<dyn Blobs>) -> Result<Arc<dyn Application>, AppError> + Send + 'static,
    ) -> Result<Self, FollowError> {
        let client = Client::new(&gateway)?;
        let lock = HomeLock::acquire(folder)?;
        let genesis = Arc::new(genesis(folder, &client, gateway.chain).await?);
        let folder = folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || opened(&folder, genesis, make)).await;
        let follower = opened.map_err(|error| FollowError::Broken(error.to_string()))??;
        let (status, watched) = watch::channel(FollowStatus::at(follower.position().height));
        let (stop, told) = watch::channel(false);
        let task = Task { follower: Arc::clone(&follower), client: client.clone(), status, stop: told };
        let task = tokio::spawn(async move {
            task.run().await;
            drop(lock);
        });
        Ok(Self { follower, client, status: watched, stop, task: std::sync::Mutex::new(Some(task)) })
    }

    /// How far it is; changes can be waited for.
    pub fn status(&self) -> watch::Receiver<FollowStatus> {
        self.status.clone()
    }

    /// The followed chain itself, with all that can be read of it.
    pub fn follower(&self) -> &Arc<Follower> {
        &self.follower
    }

    /// Stops following, when the block at hand is finished. What is kept can still be read; the folder is free when this was
    /// the last of its handles.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(task) = task else { return };
        if tokio::time::timeout(STOP_TIME, task).await.is_err() {
            tracing::warn!("following did not end in time; what is kept is whole");
        }
    }
}

impl Drop for FollowedChain {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl std::fmt::Debug for FollowedChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FollowedChain({:?})", self.status.borrow())
    }
}

/// The genesis of the pinned chain, from the folder or else from the gateway.
async fn genesis(folder: &Path, client: &Client, chain: ChainId) -> Result<Genesis, FollowError> {
    let path = folder.join("genesis");
    let failed = |source| FollowError::Io { path: path.clone(), source };
    match tokio::fs::read(&path).await {
        Ok(bytes) => return checked(&bytes, chain).map_err(|reason| FollowError::Genesis { path, reason }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let bytes = client.genesis().await?;
    let genesis = checked(&bytes, chain)
        .map_err(|reason| FollowError::OtherChain { gateway: client.name(), reason })?;
    let draft = folder.join("genesis.draft");
    tokio::fs::write(&draft, genesis.to_bytes()).await.map_err(failed)?;
    tokio::fs::rename(&draft, &path).await.map_err(failed)?;
    Ok(genesis)
}

/// Bytes that are the genesis of a chain, or why they are not.
fn checked(bytes: &[u8], chain: ChainId) -> Result<Genesis, String> {
    let genesis = Genesis::from_bytes(bytes).map_err(|error| format!("it is no genesis ({error})"))?;
    let found = genesis.chain_id();
    if found != chain {
        return Err(format!("it is that of chain {found}, not of {chain}"));
    }
    genesis.validate().map_err(|fault| fault.to_string())?;
    Ok(genesis)
}

fn opened(
    folder: &Path,
    genesis: Arc<Genesis>,
    make: impl FnOnce(&Genesis, Arc<dyn Blobs>) -> Result<Arc<dyn Application>, AppError>,
) -> Result<Arc<Follower>, FollowError> {
    let blobs: Arc<dyn Blobs> = Arc::new(FileBlobs::open(folder.join("blobs"))?);
    let store = Arc::new(SledStore::open(&folder.join("state"))?);
    let app = make(&genesis, Arc::clone(&blobs))?;
    Ok(Arc::new(Follower::open(app, genesis, store, blobs)?))
}
