//! The blocks in the store, and whether the store can be what it says.

use super::{FollowFault, Follower, put_frame, read_frame};
use crate::{
    chain::{Block, Certificate, Genesis},
    codec::{Decode, Reader},
    consensus::Committed,
    execution::{Position, Store, StoreError, keys},
    state::overlay::Writes,
    types::Height,
};

/// A store of another chain is left alone.
pub(super) fn ensure_own(store: &dyn Store, genesis: &Genesis) -> Result<(), FollowFault> {
    let expected = genesis.chain_id();
    // What is damaged is found, and begun anew, when it is opened.
    let position = store.get(keys::POSITION).ok().flatten();
    let position = position.and_then(|bytes| Position::from_bytes(&bytes).ok());
    match position.map(|position| position.chain_id).filter(|found| *found != expected) {
        Some(found) => Err(FollowFault::OtherChain { found, expected }),
        None => Ok(()),
    }
}

/// Keeps blocks.
pub(super) fn keep(store: &dyn Store, blocks: &[Committed]) -> Result<(), StoreError> {
    let frame = |committed: &Committed| {
        let mut frame = Vec::new();
        put_frame(&mut frame, &committed.block, committed.certificate.as_ref());
        (keys::block(committed.block.header.height), Some(frame))
    };
    store.apply(blocks.iter().map(frame).collect::<Writes>())
}

/// A block that is kept.
pub(super) fn block(
    store: &dyn Store,
    height: Height,
) -> Result<Option<(Block, Option<Certificate>)>, StoreError> {
    let Some(bytes) = store.get(&keys::block(height))? else { return Ok(None) };
    let mut reader = Reader::new(&bytes);
    let frame = read_frame(&mut reader).and_then(|frame| reader.finish().map(|()| frame));
    frame.map(Some).map_err(|error| StoreError::Damaged(format!("block {height}: {error}")))
}

impl Follower {
    /// Goes back to the genesis if what is kept cannot be.
    pub(super) fn ensure_sound(&self) -> Result<(), FollowFault> {
        let reason = match self.unsound() {
            Ok(None) => return Ok(()),
            Ok(Some(reason)) => reason.to_owned(),
            Err(FollowFault::Store(StoreError::Damaged(reason))) => reason,
            Err(error) => return Err(error),
        };
        tracing::warn!(reason, "what is kept of the chain is damaged: following it from its genesis again");
        Ok(self.executor.reset()?)
    }

    /// Why the store cannot be what it says: its newest block is not there, or the state after it has another root.
    fn unsound(&self) -> Result<Option<&'static str>, FollowFault> {
        let tip = self.position();
        if tip.height == Height::new(0) {
            let right = tip.outcome == self.executor.genesis_outcome()?;
            return Ok((!right).then_some("the state is not that of the genesis"));
        }
        let newest = self.block(tip.height)?;
        if newest.is_none_or(|(block, _)| block.hash() != tip.block) {
            return Ok(Some("the newest block is not there"));
        }
        let root = self.query(&[])?.verify(&tip.outcome.app_hash, &[]);
        Ok(root.is_err().then_some("the state is not that after the newest block"))
    }
}
