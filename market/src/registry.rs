//! The two trees of the registry, in the state, with their past.
//!
//! A node is stored under the height that changed it, and never removed: a seller must prove against the root as it was
//! when a request was posted (its *anchor*), or at a boundary (*recent*), and finds its path in that version at any later
//! time. A change costs 21 small entries. Nodes that were never set are roots of empty subtrees.

pub mod recent;
pub mod sellers;

use std::sync::LazyLock;

use galen_circuits::field::F;
use galen_circuits::merkle::Path;
use galen_circuits::poseidon::compress;
use galen_circuits::registry::REGISTRY_NODE;
use galen_circuits::shape::REGISTRY_DEPTH;
use galen_ledger::{StateRead, StateWrite};

use crate::codec::{Canonical, canonical};
use crate::id::{AccountKey, SchemaId, SellerName};
use crate::state::{load, store};
use crate::state_key;

/// One of the two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeName {
    /// Active datasets: `hash(body, schema, seller)`.
    Datasets,
    /// Sellers in good standing: `hash(schema, seller)`.
    Standing,
}

impl TreeName {
    /// The byte that stands for it in keys.
    pub const fn tag(self) -> u8 {
        match self {
            Self::Datasets => 0,
            Self::Standing => 1,
        }
    }
}

/// A commitment to a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// What hides root, size and salt.
    pub body: F,
    /// The height of the commitment.
    pub height: u64,
}

canonical!(struct Commitment { body, height });

/// A hospital's place in both trees for one schema; it stays the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The position of both leaves.
    pub position: u64,
    /// The hospital's name inside circuits.
    pub seller: SellerName,
    /// Whether the leaf of standing is set.
    pub standing: bool,
    /// The active dataset.
    pub dataset: Option<Commitment>,
}

canonical!(struct Place { position, seller, standing, dataset });

/// Roots of empty subtrees, by height.
static EMPTY: LazyLock<Vec<F>> = LazyLock::new(|| {
    let mut empty = vec![F::from(0u64)];
    for _ in 0..REGISTRY_DEPTH {
        let below = empty.last().copied().unwrap_or_default();
        empty.push(compress(REGISTRY_NODE, below, below));
    }
    empty
});

/// A node as it was after the block at `height`.
fn node_at(state: &(impl StateRead + ?Sized), tree: TreeName, level: u8, index: u64, height: u64) -> F {
    let end = galen_ledger::state::prefix_end(&state_key::node_versions(tree, level, index));
    let newest = state.scan(&state_key::node(tree, level, index, height), end.as_deref()).next();
    let read = newest.map(|(_, bytes)| F::from_canonical(&bytes).expect("nodes are field elements"));
    read.or_else(|| EMPTY.get(usize::from(level)).copied()).unwrap_or_default()
}

/// A tree's root after the block at `height`.
pub fn root_at(state: &(impl StateRead + ?Sized), tree: TreeName, height: u64) -> F {
    node_at(state, tree, REGISTRY_DEPTH as u8, 0, height)
}

/// A leaf after the block at `height`; 0 where there is none.
pub fn leaf_at(state: &(impl StateRead + ?Sized), tree: TreeName, position: u64, height: u64) -> F {
    node_at(state, tree, 0, position, height)
}

/// The path of a position in a tree after the block at `height`.
pub fn path_at(state: &(impl StateRead + ?Sized), tree: TreeName, position: u64, height: u64) -> Path {
    let sibling = |level: u8| node_at(state, tree, level, position >> level ^ 1, height);
    Path { position, siblings: (0..REGISTRY_DEPTH as u8).map(sibling).collect() }
}

/// Sets a leaf in the block at `height`; 0 clears it. Positions come from [`take_place`] and lie inside the tree.
pub fn set(state: &mut (impl StateWrite + ?Sized), tree: TreeName, position: u64, leaf: F, height: u64) {
    store(state, &state_key::node(tree, 0, position, height), &leaf);
    let mut node = leaf;
    for level in 0..REGISTRY_DEPTH as u8 {
        let index = position >> level;
        let sibling = node_at(state, tree, level, index ^ 1, height);
        let (left, right) = if index & 1 == 1 { (sibling, node) } else { (node, sibling) };
        node = compress(REGISTRY_NODE, left, right);
        store(state, &state_key::node(tree, level + 1, index >> 1, height), &node);
    }
}

/// A hospital's place for a schema.
pub fn place(state: &(impl StateRead + ?Sized), account: &AccountKey, schema: &SchemaId) -> Option<Place> {
    load(state, &state_key::place(account, schema))
}

/// Takes the next free position for a hospital and a schema; `None` when the registry is full.
pub fn take_place(state: &mut (impl StateWrite + ?Sized), seller: SellerName) -> Option<Place> {
    let position: u64 = load(state, &state_key::next_position()).unwrap_or(0);
    if position >> REGISTRY_DEPTH != 0 {
        return None;
    }
    store(state, &state_key::next_position(), &(position + 1));
    Some(Place { position, seller, standing: false, dataset: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_circuits::registry::empty_tree;
    use galen_ledger::MemoryState;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn every_version_of_the_tree_agrees_with_a_tree_in_memory(changes in prop::collection::vec((0u64..6, 0u64..4), 1..12)) {
            let mut state = MemoryState::new();
            let mut tree = empty_tree();
            let mut versions = vec![tree.clone()];
            for (height, (position, leaf)) in (1u64..).zip(changes) {
                set(&mut state, TreeName::Datasets, position, F::from(leaf), height);
                tree.set(position, F::from(leaf)).unwrap();
                versions.push(tree.clone());
            }
            for (height, tree) in (0u64..).zip(&versions) {
                prop_assert_eq!(root_at(&state, TreeName::Datasets, height), tree.root());
                for position in 0..6 {
                    prop_assert_eq!(path_at(&state, TreeName::Datasets, position, height), tree.path(position).unwrap());
                    prop_assert_eq!(leaf_at(&state, TreeName::Datasets, position, height), tree.leaf(position));
                }
                prop_assert_eq!(root_at(&state, TreeName::Standing, height), versions[0].root());
            }
        }
    }
}
