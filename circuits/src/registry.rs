//! The registry: who may sell, and which dataset.
//!
//! Two trees of depth 20 on the ledger. *Datasets* holds `leaf = hash(body, schema, seller)` of each active dataset; its
//! root when a request is posted is the request's anchor. *Standing* holds `hash(schema, seller)`, set at accreditation
//! and cleared at suspension; a new commitment does not touch it.

use crate::field::F;
use crate::merkle::Tree;
use crate::poseidon::{Domain, hash};
use crate::shape::REGISTRY_DEPTH;

/// Nodes of both trees.
pub const REGISTRY_NODE: Domain = Domain("galen.v1.registry.node");
/// Leaf of the tree of datasets.
pub const DATASET_LEAF: Domain = Domain("galen.v1.registry.leaf");
/// Leaf of the tree of standing.
pub const STANDING_LEAF: Domain = Domain("galen.v1.registry.stand");
/// A seller's public name.
pub const SELLER: Domain = Domain("galen.v1.seller");
/// A seller's one use of a request.
pub const NULLIFIER: Domain = Domain("galen.v1.nullifier");

/// An empty registry tree.
pub fn empty_tree() -> Tree {
    Tree::new(REGISTRY_NODE, REGISTRY_DEPTH)
}

/// A seller's public name: `hash(seller_secret)`.
pub fn seller(secret: F) -> F {
    hash(SELLER, &[secret])
}

/// Leaf of an active dataset.
pub fn dataset_leaf(body: F, schema: F, seller: F) -> F {
    hash(DATASET_LEAF, &[body, schema, seller])
}

/// Leaf of a seller in good standing for a schema.
pub fn standing_leaf(schema: F, seller: F) -> F {
    hash(STANDING_LEAF, &[schema, seller])
}

/// The nullifier of a seller for a request.
pub fn nullifier(seller_secret: F, request_id: F) -> F {
    hash(NULLIFIER, &[seller_secret, request_id])
}
