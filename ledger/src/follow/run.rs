//! Executing what was vetted.

use std::sync::{Arc, PoisonError};

use super::{FollowFault, Follower, Vetted, fault::failed, kept};
use crate::{
    chain::{Block, Certificate, Outcome},
    consensus::Committed,
    execution::{FinalBlock, executor::Clock},
    types::BlobHash,
};

/// Most blocks that are executed before they become part of the state.
const AT_ONCE: usize = 64;

/// A block with what the members say that executing it gave.
struct Expected<'a> {
    block: &'a Arc<Block>,
    outcome: Said,
    certificate: Option<&'a Certificate>,
}

/// As a header shows an outcome, and as a certificate does.
enum Said {
    Whole(Outcome),
    Digest(crate::types::OutcomeHash),
}

impl Said {
    fn is(&self, outcome: &Outcome) -> bool {
        match self {
            Self::Whole(said) => said == outcome,
            Self::Digest(said) => *said == outcome.hash(),
        }
    }
}

impl Follower {
    /// Blobs that a block's transactions refer to, and that are not here. They must be before it is followed.
    ///
    /// # Errors
    /// When the store of blobs fails.
    pub fn missing(&self, block: &Block) -> Result<Vec<BlobHash>, FollowFault> {
        let mut missing = Vec::new();
        for blob in block.txs.iter().flat_map(|tx| self.attachments(tx)) {
            if !missing.contains(&blob) && !self.blobs.has(&blob)? {
                missing.push(blob);
            }
        }
        Ok(missing)
    }

    /// Checks and executes a stretch, and makes it part of the state. Readers see blocks of which it is known that
    /// executing them gave what the members signed.
    ///
    /// # Errors
    /// The first fault. The blocks before it, which a quorum made final and whose outcome was right, stay.
    pub fn follow(&self, vetted: &Vetted) -> Result<Vec<FinalBlock>, FollowFault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = self.position();
        if tip.block != vetted.parent {
            return Err(FollowFault::Link(tip.height.next()));
        }
        for block in vetted.blocks() {
            if let Some(blob) = self.missing(block)?.into_iter().next() {
                return Err(FollowFault::BlobMissing { height: block.header.height, blob });
            }
        }
        let mut finals = Vec::new();
        for batch in expected(vetted).chunks(AT_ONCE) {
            let followed = self.run(batch);
            if followed.is_err() {
                self.executor.forget();
            }
            finals.extend(followed?);
        }
        Ok(finals)
    }

    /// Executes blocks on top of each other, and makes them final if all gave what they should.
    fn run(&self, batch: &[Expected<'_>]) -> Result<Vec<FinalBlock>, FollowFault> {
        let mut committed = Vec::with_capacity(batch.len());
        for expected in batch {
            let height = expected.block.header.height;
            // What was in the future of the members once is not any more.
            let clock = Clock { latest_ms: u64::MAX };
            let executed = self.executor.execute(expected.block, Some(clock)).map_err(failed(height))?;
            let executed = executed
                .map_err(|rejection| FollowFault::Rejected { height, reason: rejection.to_string() })?;
            if !expected.outcome.is(&executed.outcome) {
                return Err(FollowFault::Outcome(height));
            }
            let (block, certificate) = (Arc::clone(expected.block), expected.certificate.cloned());
            committed.push(Committed { block, outcome: executed.outcome, certificate });
        }
        if self.keeps {
            // Before the state says that they are there.
            kept::keep(self.store.as_ref(), &committed)?;
        }
        Ok(self.executor.commit(committed)?)
    }
}

/// The blocks, each with what the next header, or at the end the certificate, says of it.
fn expected(vetted: &Vetted) -> Vec<Expected<'_>> {
    let stretch = &vetted.stretch;
    let said = stretch.blocks().skip(1).map(|next| Said::Whole(next.header.parent_outcome));
    let said = said.chain(std::iter::once(Said::Digest(vetted.outcome)));
    let certificates = stretch.before.iter().map(|_| None).chain(std::iter::once(Some(&stretch.certificate)));
    let blocks = stretch.blocks().zip(said).zip(certificates);
    blocks.map(|((block, outcome), certificate)| Expected { block, outcome, certificate }).collect()
}
