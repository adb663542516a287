//! Paths of Merkle trees.

use super::wire::{Bit, Builder, Wire};
use crate::field::F;
use crate::poseidon::Domain;

impl Builder {
    /// The root that a leaf has at the position given by `bits`, least significant first, one sibling a level from the
    /// leaf up. 241 constraints a level; the siblings are new witnesses.
    pub fn merkle_root(&mut self, domain: Domain, leaf: &Wire, bits: &[Bit], siblings: &[F]) -> Wire {
        assert_eq!(bits.len(), siblings.len(), "one sibling a level");
        let mut node = leaf.clone();
        for (bit, sibling) in bits.iter().zip(siblings) {
            let sibling = self.witness(*sibling);
            let left = self.select(bit, &sibling, &node);
            let right = node.add(&sibling).sub(&left);
            node = self.compress(domain, &left, &right);
        }
        node
    }
}
