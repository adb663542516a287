//! The Jellyfish Merkle tree over the state: version h is the state after block h.

use jmt::{
    JellyfishMerkleTree, KeyHash, OwnedValue, Version,
    storage::{HasPreimage, LeafNode, Node, NodeKey, TreeReader, TreeUpdateBatch},
};
use sha2::Sha256;

use super::{StoreError, keys, view::View};
use crate::{
    state::overlay::Writes,
    types::{AppHash, Height},
};

/// The tree's values begin with this byte, as ICS-23 knows no empty values.
const PRESENT: u8 = 1;

/// Hash of a key of the state (space and key).
pub(crate) fn key_hash(state_key: &[u8]) -> KeyHash {
    KeyHash::with::<Sha256>(state_key)
}

/// A value as it is in the tree.
pub(crate) fn leaf_value(value: &[u8]) -> Vec<u8> {
    [&[PRESENT], value].concat()
}

/// Root and changes of the tree after writes at a height, on the state in `view`.
pub(super) fn update(
    view: &View,
    height: Height,
    writes: &Writes,
) -> Result<(AppHash, TreeUpdateBatch), StoreError> {
    let values = writes.iter().map(|(key, value)| (key_hash(key), value.as_deref().map(leaf_value)));
    let (root, batch) = JellyfishMerkleTree::<_, Sha256>::new(view)
        .put_value_set(values.collect::<Vec<_>>(), height.get())
        .map_err(damaged)?;
    Ok((AppHash::from_bytes(root.0), batch))
}

/// What is at a key of the state at a height, with the proof.
pub(super) fn prove(
    view: &View,
    height: Height,
    state_key: Vec<u8>,
) -> Result<(Option<Vec<u8>>, ics23::CommitmentProof), StoreError> {
    let tree = JellyfishMerkleTree::<_, Sha256>::new(view);
    let (value, proof) = tree.get_with_ics23_proof(state_key, height.get()).map_err(damaged)?;
    Ok((value.map(|value| value.get(1..).unwrap_or_default().to_vec()), proof))
}

fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}

impl TreeReader for View {
    fn get_node_option(&self, node_key: &NodeKey) -> anyhow::Result<Option<Node>> {
        if let Some(node) = self.layers().iter().find_map(|layer| layer.nodes.get(node_key)) {
            return Ok(Some(node.clone()));
        }
        let stored = self.store().get(&keys::node(&borsh::to_vec(node_key)?))?;
        Ok(stored.map(|bytes| borsh::from_slice(&bytes)).transpose()?)
    }

    /// Only the newest version is ever asked for: older values are not kept.
    fn get_value_option(&self, _newest: Version, key_hash: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        let Some(key) = self.preimage(key_hash)? else { return Ok(None) };
        let value = self.value(&key);
        self.intact()?;
        Ok(value.map(|value| leaf_value(&value)))
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        anyhow::bail!("a tree is restored in one go, and never looked at meanwhile")
    }
}

impl HasPreimage for View {
    fn preimage(&self, hash: KeyHash) -> anyhow::Result<Option<Vec<u8>>> {
        let in_layer = |writes: &Writes| writes.keys().find(|key| key_hash(key) == hash).cloned();
        match self.layers().iter().find_map(|layer| in_layer(&layer.writes)) {
            Some(key) => Ok(Some(key)),
            None => Ok(self.store().get(&keys::preimage(&hash.0))?),
        }
    }
}
