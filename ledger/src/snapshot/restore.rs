//! Building the tree again from chunks, each verified against the certified root before anything of it is written.

use std::sync::{Arc, Mutex, PoisonError};

use jmt::{
    JellyfishMerkleTree, OwnedValue, RootHash, Version,
    restore::{JellyfishMerkleRestore, StateSnapshotReceiver},
    storage::{LeafNode, Node, NodeBatch, NodeKey, TreeReader, TreeWriter},
};
use sha2::Sha256;

use super::{Chunk, Manifest, Snapshot, SnapshotFault};
use crate::{
    codec::Decode,
    execution::{StoreError, keys, tree},
    state::overlay::Writes,
    types::{AppHash, Height},
};

/// Verifies all chunks of a snapshot, whose manifest has been verified, and hands what each brings to a store to `write`.
/// That the state is whole is known only when this returns.
///
/// # Errors
/// The first fault, or that of `write`.
pub(crate) fn restore(
    snapshot: &Snapshot,
    mut write: impl FnMut(Writes) -> Result<(), StoreError>,
) -> Result<(), SnapshotFault> {
    let mut restoring = Restoring::begin(&snapshot.manifest)?;
    for index in 0..snapshot.manifest.chunks.len() {
        write(restoring.add(&snapshot.chunk(index)?)?)?;
    }
    Ok(write(restoring.finish()?)?)
}

/// A state on its way from chunks to a tree.
pub(crate) struct Restoring {
    height: Height,
    root: AppHash,
    /// Chunks that have been added.
    added: usize,
    tree: JellyfishMerkleRestore<Sha256>,
    nodes: Arc<Nodes>,
}

impl Restoring {
    /// Begins with nothing.
    ///
    /// # Errors
    /// When the manifest has no block.
    pub fn begin(manifest: &Manifest) -> Result<Self, SnapshotFault> {
        let (height, root) = (manifest.height()?, manifest.root()?);
        let nodes = Arc::new(Nodes::default());
        let (version, expected): (Version, _) = (height.get(), RootHash(*root.as_bytes()));
        let tree = JellyfishMerkleRestore::new_overwrite(Arc::clone(&nodes), version, expected);
        let tree = tree.map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(Self { height, root, added: 0, tree, nodes })
    }

    /// How many chunks have been added.
    pub fn added(&self) -> usize {
        self.added
    }

    /// Verifies the next chunk, and gives what it brings to a store. After a fault nothing more can be added.
    ///
    /// # Errors
    /// When it does not follow those before it in the state.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Writes, SnapshotFault> {
        let (index, root) = (self.added, self.root);
        let fault = |reason: String| SnapshotFault::Chunk { index, root, reason };
        let chunk = Chunk::from_bytes(bytes).map_err(|error| fault(error.to_string()))?;
        let proof = chunk.proof().map_err(|error| fault(error.to_string()))?;
        self.tree.add_chunk(chunk.leaves(), proof).map_err(|error| fault(error.to_string()))?;
        self.added += 1;
        Ok(entries(chunk, self.nodes.take()?))
    }

    /// Ends it, and gives the last nodes.
    ///
    /// # Errors
    /// When something of the state is missing.
    pub fn finish(self) -> Result<Writes, SnapshotFault> {
        let Self { height, root, added: chunks, tree, nodes } = self;
        tree.finish().map_err(|error| StoreError::Damaged(error.to_string()))?;
        let last = nodes.take()?;
        if root_of(&last, height) == Some(root) {
            Ok(last)
        } else {
            Err(SnapshotFault::Incomplete { root, chunks })
        }
    }
}

/// What a chunk brings to a store, with the nodes that are complete with it.
fn entries(chunk: Chunk, nodes: Writes) -> Writes {
    let mut writes = nodes;
    for (key, value) in chunk.entries {
        writes.insert(keys::preimage(&tree::key_hash(&key).0), Some(key.clone()));
        writes.insert(keys::stored(&key), Some(value));
    }
    writes
}

/// The root that the tree has come to, which is among the last nodes.
fn root_of(last: &Writes, height: Height) -> Option<AppHash> {
    let root = JellyfishMerkleTree::<_, Sha256>::new(&Root(last)).get_root_hash(height.get()).ok()?;
    Some(AppHash::from_bytes(root.0))
}

/// Reads a root from the nodes that were written last.
struct Root<'a>(&'a Writes);

impl TreeReader for Root<'_> {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        let bytes = self.0.get(&keys::node(&borsh::to_vec(key)?)).and_then(Option::as_ref);
        Ok(bytes.map(|bytes| borsh::from_slice(bytes)).transpose()?)
    }

    fn get_value_option(&self, _: Version, _: jmt::KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(None)
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

/// Nodes that will not change any more, on their way to a store.
#[derive(Default)]
struct Nodes(Mutex<Vec<(NodeKey, Node)>>);

impl Nodes {
    fn take(&self) -> Result<Writes, StoreError> {
        let nodes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let encoded = |(key, node): (NodeKey, Node)| {
            Ok((keys::node(&borsh::to_vec(&key)?), Some(borsh::to_vec(&node)?)))
        };
        let encoded: Result<Writes, std::io::Error> = nodes.into_iter().map(encoded).collect();
        encoded.map_err(|error| StoreError::Damaged(error.to_string()))
    }
}

impl TreeWriter for Nodes {
    fn write_node_batch(&self, batch: &NodeBatch) -> anyhow::Result<()> {
        let nodes = batch.nodes().iter().map(|(key, node)| (key.clone(), node.clone()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(nodes);
        Ok(())
    }
}
