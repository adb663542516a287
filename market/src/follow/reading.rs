//! Reading a followed chain: everything is answered from what was verified here.

use std::sync::Arc;

use galen_ledger::blobs::Part;
use galen_ledger::chain::{Committee, Genesis};
use galen_ledger::execution::upkeep::{MemberRecord, OutputRecord};
use galen_ledger::{
    BlobHash, FollowFault, Follower, Height, LightProof, MemberIndex, Position, StateRead, Submitted, TxHash,
};

use super::FollowedChain;
use crate::chain::{Answer, Chain, ChainError, SeenBlock};

impl FollowedChain {
    /// Does something that takes time or the disk.
    pub(super) async fn with_follower<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Follower) -> Result<T, FollowFault> + Send + 'static,
    ) -> Result<T, ChainError> {
        let follower = Arc::clone(&self.follower);
        let acted = tokio::task::spawn_blocking(move || act(&follower)).await;
        acted
            .map_err(|error| ChainError::Store(error.to_string()))?
            .map_err(|error| ChainError::Store(error.to_string()))
    }
}

impl Chain for FollowedChain {
    fn genesis(&self) -> &Arc<Genesis> {
        self.follower.genesis()
    }

    fn read_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        Ok(self.follower.read(read)?)
    }

    fn read_long_with(&self, read: &mut dyn FnMut(&dyn StateRead, &Position)) -> Result<(), ChainError> {
        Ok(self.follower.read_long(read)?)
    }

    fn position(&self) -> Position {
        self.follower.position()
    }

    fn beyond(&self, height: Height) -> Answer<'_, Height> {
        Box::pin(async move {
            let mut status = self.status.clone();
            let reached = status.wait_for(|status| status.height > height).await;
            reached
                .map(|status| status.height)
                .map_err(|_| ChainError::Away("the chain is not followed any more".into()))
        })
    }

    fn block(&self, height: Height) -> Answer<'_, Option<SeenBlock>> {
        Box::pin(self.with_follower(move |follower| {
            let Some((block, certificate)) = follower.block(height)? else { return Ok(None) };
            Ok(Some(SeenBlock { block, certificate, result: follower.result(height)? }))
        }))
    }

    fn receipt(&self, tx: &TxHash) -> Result<Option<Submitted>, ChainError> {
        Ok(self.follower.receipt(tx)?)
    }

    fn submit(&self, tx: Vec<u8>) -> Answer<'_, Submitted> {
        Box::pin(self.hand_in(tx))
    }

    fn blob(&self, hash: BlobHash) -> Answer<'_, Option<Vec<u8>>> {
        Box::pin(self.with_follower(move |follower| Ok(follower.blobs().get(&hash)?)))
    }

    fn blob_part(&self, hash: BlobHash, offset: u64, length: usize) -> Answer<'_, Option<Part>> {
        Box::pin(self.with_follower(move |follower| Ok(follower.blobs().read(&hash, offset, length)?)))
    }

    fn put_blob(&self, bytes: Vec<u8>) -> Answer<'_, BlobHash> {
        Box::pin(self.hand_in_blob(bytes))
    }

    fn committee(&self) -> Arc<Committee> {
        self.follower.committee()
    }

    fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, ChainError> {
        Ok(self.follower.member(member)?)
    }

    fn beacon(&self) -> Result<Option<OutputRecord>, ChainError> {
        Ok(self.follower.beacon()?)
    }

    fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, ChainError> {
        Ok(self.follower.light_proof(keys)?)
    }
}
