//! What can be said of a stretch before any of it is executed: whether a quorum agreed on it.

use std::sync::Arc;

use super::{FollowFault, Follower, Stretch};
use crate::{
    chain::{Block, Certificate, Statement},
    types::{BlockHash, Height, OutcomeHash, View},
};

/// A stretch that a quorum of its cycle's committee agreed on. Whether this program agrees is still to be seen.
#[derive(Clone, Debug)]
pub struct Vetted {
    pub(super) stretch: Stretch,
    /// The block that it follows.
    pub(super) parent: BlockHash,
    /// What executing the last block gave, as the members signed it.
    pub(super) outcome: OutcomeHash,
}

impl Vetted {
    /// The blocks in their order.
    pub fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.stretch.blocks()
    }

    /// Height of the last block.
    pub fn height(&self) -> Height {
        self.stretch.last.header.height
    }
}

impl Follower {
    /// Checks that a stretch follows the newest block, and that the committee made its last block final: then all of it is.
    ///
    /// # Errors
    /// The first fault.
    pub fn vet(&self, stretch: Stretch) -> Result<Vetted, FollowFault> {
        let (tip, committee) = (self.position(), self.committee());
        let genesis = self.genesis();
        let mut at = (tip.height, tip.block, tip.view);
        let certified = stretch.before.len();
        for (place, block) in stretch.blocks().enumerate() {
            let height = at.0.next();
            block.validate(genesis, &committee).map_err(|fault| FollowFault::Block { height, fault })?;
            at = linked(at, block)?;
            // No descendant in its cycle can vouch for the last block, and the next cycle has other voters.
            if place < certified && genesis.schedule().is_last(height) {
                return Err(FollowFault::NotFinal(height));
            }
        }
        let outcome = self.certified(&stretch.last, at.1, &stretch.certificate)?;
        let height = at.0;
        let verified = stretch.certificate.verify(&committee);
        verified.map_err(|fault| FollowFault::Certificate { height, fault })?;
        Ok(Vetted { stretch, parent: tip.block, outcome })
    }

    /// The outcome that a certificate is for, if it makes this block final.
    fn certified(
        &self,
        block: &Block,
        hash: BlockHash,
        certificate: &Certificate,
    ) -> Result<OutcomeHash, FollowFault> {
        let (height, first) = (block.header.height, block.header.view);
        match *certificate.statement() {
            // Only the last block of a cycle may be proposed, and made final, in later views than its own.
            Statement::Finalize { view, block, outcome }
                if block == hash
                    && (view == first || view > first && self.genesis().schedule().is_last(height)) =>
            {
                Ok(outcome)
            }
            _ => Err(FollowFault::Statement(height)),
        }
    }
}

/// The place after a block that follows a place.
fn linked(
    (height, parent, view): (Height, BlockHash, View),
    block: &Block,
) -> Result<(Height, BlockHash, View), FollowFault> {
    let (header, height) = (&block.header, height.next());
    if header.height != height || header.parent != parent || header.parent_view != view {
        return Err(FollowFault::Link(height));
    }
    Ok((height, block.hash(), header.view))
}
