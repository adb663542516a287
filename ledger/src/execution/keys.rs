//! Where everything lies in the store, and in the authenticated state.
//!
//! | store key | value |
//! |---|---|
//! | `s` ‖ space ‖ key | value of the state |
//! | `n` ‖ node key | node of the tree |
//! | `p` ‖ key hash | space ‖ key, for proofs of absence |
//! | `r` ‖ height (big-endian) | receipts and events of a block |
//! | `m` | position: what block the store is at |
//!
//! The tree commits to `space ‖ key`. Space 1 is the application's; space 0 the ledger's own:
//!
//! | key | value |
//! |---|---|
//! | `b` ‖ block hash | height of an executed block |
//! | `t` ‖ transaction hash | height ‖ index ‖ digest of its receipt |
//! | `a` | height of the last anchor included |

use crate::types::{BlockHash, Height, TxHash};

/// The part of the state that is the ledger's.
pub const LEDGER: u8 = 0;
/// The part of the state that is the application's.
pub const APPLICATION: u8 = 1;
/// The store's position.
pub const POSITION: &[u8] = b"m";

/// Key of the state: its space, and the key there.
pub fn state_key(space: u8, key: &[u8]) -> Vec<u8> {
    [&[space], key].concat()
}

/// Store key of a key of the state.
pub fn stored(state_key: &[u8]) -> Vec<u8> {
    [b"s", state_key].concat()
}

/// Store key of a node.
pub fn node(node_key: &[u8]) -> Vec<u8> {
    [b"n", node_key].concat()
}

/// Store key of the key that has a hash.
pub fn preimage(key_hash: &[u8; 32]) -> Vec<u8> {
    [b"p", key_hash.as_slice()].concat()
}

/// Store key of a block's receipts.
pub fn result(height: Height) -> Vec<u8> {
    [b"r", height.get().to_be_bytes().as_slice()].concat()
}

/// Ledger key of a block.
pub fn block(hash: &BlockHash) -> Vec<u8> {
    [b"b", hash.as_bytes().as_slice()].concat()
}

/// Ledger key of a transaction.
pub fn transaction(hash: &TxHash) -> Vec<u8> {
    [b"t", hash.as_bytes().as_slice()].concat()
}

/// Ledger key of the height of the last anchor.
pub const ANCHOR: &[u8] = b"a";
