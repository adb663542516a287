//! The node of the crowded chain: a consortium of one, with all that a member has on a disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use galen_ledger::{
    Blobs, Consortium, ConsortiumSettings, Height, MemberIndex, Node, StateRead, SubmitError,
    chain::Parameters,
};
use galen_market::{Market, MarketConfig};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::trusting::Trusting;
use crate::listeners::Failure;

/// Transactions that are handed in at a time, and so the most that a block has.
const AT_A_TIME: usize = 512;

/// The node.
pub struct Chain {
    consortium: Consortium,
    node: Node,
    /// What the market began with.
    pub config: MarketConfig,
}

impl Chain {
    /// Starts it in a folder, for the first time or from where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(folder: &Path, config: MarketConfig) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)?;
        let kept = folder.join("config.json");
        // Some of it is drawn at random: on a later start it is that of the first.
        if !kept.exists() {
            std::fs::write(&kept, config.to_json())?;
        }
        let bytes = std::fs::read(&kept)?;
        let (config, _) = MarketConfig::from_json(&bytes)?;
        let mut settings = ConsortiumSettings::new(folder, bytes.clone());
        settings.name = "crowded".into();
        settings.members = 1;
        settings.parameters = Parameters { beacon_interval: 24, ..Parameters::default() };
        settings.idle_interval = Duration::from_secs(1);
        // Writing one takes a core for a while, every 5,000 blocks: not what is measured here.
        settings.snapshot_cycles = 0;
        let consortium = Consortium::start(settings, move |_, blobs| {
            Arc::new(Trusting::new(Market::new(&bytes, blobs).expect("the configuration was read before")))
        })?;
        let node = consortium.node(MemberIndex::new(0)).ok_or("the node does not run")?;
        Ok(Self { consortium, node, config })
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its ciphertexts.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        self.consortium.blobs()
    }

    /// Reads its state.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead) -> T) -> Result<T, Failure> {
        Ok(self.node.read(|state, _| read(state))?)
    }

    /// Lets blocks pass, empty if need be.
    ///
    /// # Errors
    /// When the node stops.
    pub async fn pass_to(&self, height: u64) -> Result<(), Failure> {
        let height = Height::new(height);
        self.node.demand(height).await;
        Ok(self.node.reached(height).await?)
    }

    /// Hands in transactions, and waits until all are final.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn submit(&self, txs: Vec<Vec<u8>>) -> Result<(), Failure> {
        let free = Arc::new(Semaphore::new(AT_A_TIME));
        let mut waiting = JoinSet::new();
        for tx in txs {
            let (node, place) = (self.node.clone(), Arc::clone(&free).acquire_owned().await?);
            waiting.spawn(async move {
                let submitted = submit(&node, tx).await;
                drop(place);
                submitted
            });
            while let Some(done) = waiting.try_join_next() {
                done??;
            }
        }
        while let Some(done) = waiting.join_next().await {
            done??;
        }
        Ok(())
    }

    /// Stops it in order.
    pub async fn stop(&self) {
        self.consortium.stop().await;
    }
}

/// Hands in a transaction, and waits until it is final.
///
/// # Errors
/// When it is refused.
pub async fn submit(node: &Node, tx: Vec<u8>) -> Result<(), Failure> {
    loop {
        match node.submit(tx.clone()).await {
            Ok(submitted) if submitted.receipt.accepted => return Ok(()),
            Ok(submitted) => return Err(submitted.receipt.message.into()),
            Err(SubmitError::Full) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => return Err(error.into()),
        }
    }
}
