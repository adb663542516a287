//! The ledger that a demonstration plays on: members in this process, or a network of others, through a gateway of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use galen_ledger::{Blobs, Consortium, ExportError, Height, Node, SubmitError, Submitted, export};

use crate::node::run::Running;

/// Where the ledger is.
pub enum Members {
    /// All members are here.
    Here(Box<Consortium>),
    /// They are elsewhere; here is a gateway, which follows the chain and has no vote.
    There(Box<Running>),
}

impl Members {
    /// Submits a transaction, and waits until it is final.
    ///
    /// # Errors
    /// When it is refused, or nobody takes it.
    pub async fn submit(&self, tx: Vec<u8>) -> Result<Submitted, SubmitError> {
        match self {
            Self::Here(consortium) => consortium.submit(tx).await,
            Self::There(gateway) => gateway.node.submit(tx).await,
        }
    }

    /// The node that is furthest.
    ///
    /// # Errors
    /// When none runs.
    pub fn node(&self) -> anyhow::Result<Node> {
        match self {
            Self::Here(consortium) => {
                consortium.nodes().into_iter().max_by_key(Node::height).context("no member runs")
            }
            Self::There(gateway) => Ok(gateway.node.clone()),
        }
    }

    /// Height of the newest block that is known to be final.
    ///
    /// # Errors
    /// When no node runs.
    pub fn height(&self) -> anyhow::Result<Height> {
        Ok(self.node()?.height())
    }

    /// Waits until so many blocks more have passed, empty if need be. Members elsewhere make empty ones by themselves.
    ///
    /// # Errors
    /// When a node stops meanwhile.
    pub async fn advance(&self, blocks: u64) -> anyhow::Result<()> {
        match self {
            Self::Here(consortium) => consortium.advance(blocks).await.map(drop)?,
            Self::There(gateway) => {
                let target = gateway.node.height().get().saturating_add(blocks);
                gateway.reached(Height::new(target)).await?;
            }
        }
        Ok(())
    }

    /// Waits until every node here has reached a height.
    ///
    /// # Errors
    /// When one stops meanwhile.
    pub async fn settled(&self, height: Height) -> anyhow::Result<()> {
        match self {
            Self::Here(consortium) => Ok(consortium.settled(height).await?),
            Self::There(gateway) => gateway.reached(height).await,
        }
    }

    /// The ciphertexts.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        match self {
            Self::Here(consortium) => consortium.blobs(),
            Self::There(gateway) => &gateway.blobs,
        }
    }

    /// Writes the chain to a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn export(&self, path: &Path) -> Result<Height, ExportError> {
        match self {
            Self::Here(consortium) => consortium.export(path).await,
            Self::There(gateway) => export::export(&gateway.node, gateway.blobs.as_ref(), path).await,
        }
    }

    /// Stops what runs here.
    pub async fn stop(&self) {
        match self {
            Self::Here(consortium) => consortium.stop().await,
            Self::There(gateway) => gateway.stop().await,
        }
    }
}
