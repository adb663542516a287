//! What one block changed, held in memory until the block is final.

use std::{collections::BTreeMap, sync::Arc};

use jmt::storage::{Node, NodeKey};

use super::{Position, StoreError, keys};
use crate::{
    chain::{Block, BlockResult, Committee},
    codec::Encode,
    state::overlay::Writes,
};

/// What one block changed.
#[derive(Debug)]
pub struct Layer {
    /// The block it is of; none for the genesis.
    pub block: Option<Arc<Block>>,
    /// Where the chain is after it.
    pub position: Position,
    /// Who decides on the block after it.
    pub committee: Arc<Committee>,
    /// Writes by key of the state (space and key).
    pub writes: Writes,
    /// New nodes of the tree.
    pub nodes: BTreeMap<NodeKey, Node>,
    /// Nodes that the tree does not need any more.
    pub stale: Vec<NodeKey>,
    /// Receipts and events.
    pub result: BlockResult,
}

impl Layer {
    /// The batch that makes it part of the store.
    pub(super) fn batch(&self) -> Result<Writes, StoreError> {
        let mut batch = Writes::new();
        for (key, value) in &self.writes {
            let hash = super::tree::key_hash(key);
            batch.insert(keys::preimage(&hash.0), value.as_ref().map(|_| key.clone()));
            batch.insert(keys::stored(key), value.clone());
        }
        for key in &self.stale {
            batch.insert(keys::node(&encode(key)?), None);
        }
        for (key, node) in &self.nodes {
            batch.insert(keys::node(&encode(key)?), Some(encode(node)?));
        }
        batch.insert(keys::result(self.position.height), Some(self.result.to_bytes()));
        batch.insert(keys::POSITION.to_vec(), Some(self.position.to_bytes()));
        Ok(batch)
    }
}

fn encode(value: &impl borsh::BorshSerialize) -> Result<Vec<u8>, StoreError> {
    borsh::to_vec(value).map_err(|error| StoreError::Damaged(error.to_string()))
}
