//! Binary Merkle trees over [`compress`](crate::poseidon::compress): sparse, fixed depth, absent leaves are 0.

use std::collections::BTreeMap;

use ark_ff::Zero;
use serde::{Deserialize, Serialize};

use crate::field::F;
use crate::poseidon::{Domain, compress};

/// The siblings from a leaf up to the root, and the leaf's position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Position of the leaf, in `0..2^depth`.
    pub position: u64,
    /// One sibling a level, the leaf's own first.
    pub siblings: Vec<F>,
}

impl Path {
    /// The root that this path gives to a leaf.
    pub fn root(&self, domain: Domain, leaf: F) -> F {
        self.siblings.iter().enumerate().fold(leaf, |node, (level, sibling)| {
            if self.position >> level & 1 == 1 {
                compress(domain, *sibling, node)
            } else {
                compress(domain, node, *sibling)
            }
        })
    }
}

/// An updatable tree that stores only what is not empty.
#[derive(Clone, Debug)]
pub struct Tree {
    domain: Domain,
    /// `empty[level]`: the root of an empty subtree of that height.
    empty: Vec<F>,
    /// (height above the leaves, index at that height) → node, where it differs from `empty`.
    nodes: BTreeMap<(usize, u64), F>,
}

/// A position outside the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("position {position} is outside a tree of depth {depth}")]
pub struct OutsideTree {
    /// The position asked for.
    pub position: u64,
    /// The tree's depth.
    pub depth: usize,
}

impl Tree {
    /// The empty tree of this depth.
    pub fn new(domain: Domain, depth: usize) -> Self {
        let mut empty = vec![F::zero()];
        for level in 0..depth {
            empty.push(compress(domain, empty[level], empty[level]));
        }
        Self { domain, empty, nodes: BTreeMap::new() }
    }

    /// The tree whose first leaves are these, the rest empty.
    ///
    /// # Errors
    /// When there are more leaves than the depth holds.
    pub fn from_leaves(domain: Domain, depth: usize, leaves: &[F]) -> Result<Self, OutsideTree> {
        use rayon::prelude::*;
        let mut tree = Self::new(domain, depth);
        if leaves.len() as u64 > 1 << depth {
            return Err(OutsideTree { position: leaves.len() as u64 - 1, depth });
        }
        let mut level: Vec<F> = leaves.to_vec();
        for height in 0..=depth {
            let empty = tree.empty[height];
            tree.nodes.extend(
                level.iter().enumerate().filter(|(_, n)| **n != empty).map(|(i, n)| ((height, i as u64), *n)),
            );
            level = level
                .par_chunks(2)
                .map(|pair| compress(domain, pair[0], pair.get(1).copied().unwrap_or(empty)))
                .collect();
        }
        Ok(tree)
    }

    /// Levels between a leaf and the root.
    pub fn depth(&self) -> usize {
        self.empty.len() - 1
    }

    fn node(&self, height: usize, index: u64) -> F {
        self.nodes.get(&(height, index)).copied().unwrap_or(self.empty[height])
    }

    /// The root.
    pub fn root(&self) -> F {
        self.node(self.depth(), 0)
    }

    /// The leaf at a position; 0 where none was set.
    pub fn leaf(&self, position: u64) -> F {
        self.node(0, position)
    }

    /// Sets a leaf; 0 clears it.
    ///
    /// # Errors
    /// [`OutsideTree`].
    pub fn set(&mut self, position: u64, leaf: F) -> Result<(), OutsideTree> {
        self.inside(position)?;
        self.store(0, position, leaf);
        for height in 1..=self.depth() {
            let index = position >> height;
            let node =
                compress(self.domain, self.node(height - 1, 2 * index), self.node(height - 1, 2 * index + 1));
            self.store(height, index, node);
        }
        Ok(())
    }

    /// The path of a position.
    ///
    /// # Errors
    /// [`OutsideTree`].
    pub fn path(&self, position: u64) -> Result<Path, OutsideTree> {
        self.inside(position)?;
        let siblings = (0..self.depth()).map(|height| self.node(height, position >> height ^ 1)).collect();
        Ok(Path { position, siblings })
    }

    fn inside(&self, position: u64) -> Result<(), OutsideTree> {
        if position >> self.depth() == 0 {
            Ok(())
        } else {
            Err(OutsideTree { position, depth: self.depth() })
        }
    }

    fn store(&mut self, height: usize, index: u64, node: F) {
        if node == self.empty[height] {
            self.nodes.remove(&(height, index));
        } else {
            self.nodes.insert((height, index), node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const D: Domain = Domain("galen.test");

    proptest! {
        #[test]
        fn updates_build_and_paths_agree(leaves in proptest::collection::vec(0u64..1000, 0..16), clear in 0usize..16) {
            let mut leaves: Vec<F> = leaves.into_iter().map(F::from).collect();
            let mut tree = Tree::new(D, 4);
            for (i, leaf) in leaves.iter().enumerate() {
                tree.set(i as u64, *leaf).unwrap();
            }
            if clear < leaves.len() {
                leaves[clear] = F::zero();
                tree.set(clear as u64, F::zero()).unwrap();
            }
            let built = Tree::from_leaves(D, 4, &leaves).unwrap();
            prop_assert_eq!(built.root(), tree.root());
            prop_assert_eq!(&built.nodes, &tree.nodes);
            for position in 0..16 {
                prop_assert_eq!(tree.path(position).unwrap().root(D, tree.leaf(position)), tree.root());
            }
            prop_assert!(tree.path(16).is_err());
        }
    }
}
