//! The chain of a node in this process.

use std::sync::Arc;

use galen_ledger::blobs::Part;
use galen_ledger::chain::{Committee, Genesis};
use galen_ledger::execution::StoreError;
use galen_ledger::execution::upkeep::{MemberRecord, OutputRecord};
use galen_ledger::{
    BlobError, BlobHash, Blobs, Height, LightProof, MemberIndex, Node, NodeStatus, Position, StateRead,
    SubmitError, Submitted, TxHash,
};

use super::{Answer, Chain, ChainError, SeenBlock};

/// A node with its ciphertexts.
#[derive(Clone)]
pub struct OwnChain {
    node: Node,
    blobs: Arc<dyn Blobs>,
}

impl OwnChain {
    /// The chain of a node.
    pub fn new(node: Node, blobs: Arc<dyn Blobs>) -> Self {
        Self { node, blobs }
    }

    /// Does something with the ciphertexts, which lie on a disk.
    async fn with_blobs<T: Send + 'static>(
        &self,
        act: impl FnOnce(&dyn Blobs) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, ChainError> {
        let blobs = Arc::clone(&self.blobs);
        let acted = tokio::task::spawn_blocking(move || act(blobs.as_ref())).await;
        acted.map_err(|error| ChainError::Store(error.to_string()))?.map_err(|error| match error {
            BlobError::Full { .. } => ChainError::NoRoom,
            error => ChainError::Store(error.to_string()),
        })
    }
}

impl From<StoreError> for ChainError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<SubmitError> for ChainError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => {
                Self::Refused { code: refusal.code.into(), message: refusal.message }
            }
            SubmitError::TooLarge { .. } => {
                Self::Refused { code: "transaction.large".into(), message: error.to_string() }
            }
            SubmitError::Full => Self::Full,
            SubmitError::Store(error) => error.into(),
            error => Self::Away(error.to_string()),
        }
    }
}

impl Chain for OwnChain {
    fn genesis(&self) -> &Arc<Genesis> {
        self.node.genesis()
    }

    fn read_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        Ok(self.node.read(read)?)
    }

    fn position(&self) -> Position {
        self.node.position()
    }

    fn beyond(&self, height: Height) -> Answer<'_, Height> {
        Box::pin(async move {
            let mut status = self.node.status();
            loop {
                let now = status.borrow_and_update().clone();
                match now {
                    NodeStatus::Running { height: newest, .. } if newest > height => return Ok(newest),
                    NodeStatus::Running { .. } => {}
                    NodeStatus::Stopped(reason) => return Err(ChainError::Away(reason)),
                }
                status.changed().await.map_err(|_| ChainError::Away("the node has ended".into()))?;
            }
        })
    }

    fn block(&self, height: Height) -> Answer<'_, Option<SeenBlock>> {
        Box::pin(async move {
            let found =
                self.node.block(height).await.map_err(|error| ChainError::Store(error.to_string()))?;
            let Some((block, record)) = found else { return Ok(None) };
            let result = self.node.result(height)?;
            Ok(Some(SeenBlock { block, certificate: record.certificate, result }))
        })
    }

    fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, ChainError> {
        Ok(self.node.receipt(tx)?)
    }

    fn submit(&self, tx: Vec<u8>) -> Answer<'_, Submitted> {
        Box::pin(async move { Ok(self.node.submit(tx).await?) })
    }

    fn blob(&self, hash: BlobHash) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.with_blobs(move |blobs| blobs.get(&hash)))
    }

    fn blob_part(&self, hash: BlobHash, offset: u64, length: usize) -> Answer<'_, Option<Part>> {
        Box::pin(self.with_blobs(move |blobs| blobs.read(&hash, offset, length)))
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, BlobHash> {
        Box::pin(self.with_blobs(move |blobs| blobs.store(&bytes)))
    }

    fn committee(&self) -> Arc<Committee> {
        self.node.committee()
    }

    fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, ChainError> {
        Ok(self.node.standing(member)?)
    }

    fn beacon(&self) -> Result<Option<OutputRecord>, ChainError> {
        Ok(self.node.beacon()?)
    }

    fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, ChainError> {
        Ok(self.node.light_proof(keys)?)
    }
}
