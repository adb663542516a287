//! Where everything lies in the store, and in the authenticated state.
//!
//! | store key | value |
//! |---|---|
//! | `s` ‖ space ‖ key | value of the state |
//! | `n` ‖ node key | node of the tree |
//! | `p` ‖ key hash | space ‖ key, for proofs of absence |
//! | `r` ‖ height (big-endian) | receipts and events of a block |
//! | `m` | position: what block the store is at |
//! | `a` | that block's header with its own certificate of finality, if it has one |
//! | `w` ‖ cycle (big-endian) | step of the light client's walk: how the cycle ended |
//! | `b` ‖ height (big-endian) | a block with its certificate, of a chain that is followed; nodes have them in their log |
//!
//! The tree commits to `space ‖ key`. Space 1 is the application's; space 0 the ledger's own:
//!
//! | key | value |
//! |---|---|
//! | `t` ‖ transaction hash | height ‖ index ‖ digest of its receipt |
//! | `c` | committee of the next block's cycle |
//! | `k` ‖ cycle | committee of a cycle, for good: light clients and evidence need those of the past |
//! | `m` ‖ member | its name, keys, credit, what is to change about it |
//! | `y` ‖ member | what it did in this cycle |
//! | `l` | mini-blocks in blocks of this cycle |
//! | `r` | the round of the beacon that is running, or ran last |
//! | `e` ‖ dealer | its dealing in that round |
//! | `f` ‖ dealer | its secret, once it is known |
//! | `h` ‖ dealer ‖ holder | a decrypted share of it |
//! | `o` | the newest output of the beacon |
//! | `g` ‖ change | last cycle in which a change of membership, which was made, could have been |
//!
//! Numbers of members and cycles are big-endian, so that they are read in order.

use crate::types::{ChangeHash, Cycle, Height, MemberIndex, TxHash};

/// The part of the state that is the ledger's.
pub const LEDGER: u8 = 0;
/// The part of the state that is the application's.
pub const APPLICATION: u8 = 1;
/// The store's position.
pub const POSITION: &[u8] = b"m";
/// The certified header of the store's position.
pub const ANCHOR: &[u8] = b"a";

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

/// What store keys of the keys that have hashes begin with: in the order of the hashes, which is that of the tree.
pub fn preimage_prefix() -> &'static [u8] {
    b"p"
}

/// Store key of a block's receipts.
pub fn result(height: Height) -> Vec<u8> {
    [b"r", height.get().to_be_bytes().as_slice()].concat()
}

/// Store key of a block.
pub fn block(height: Height) -> Vec<u8> {
    [b"b", height.get().to_be_bytes().as_slice()].concat()
}

/// Store key of the step from a cycle to the next.
pub fn step(cycle: Cycle) -> Vec<u8> {
    [b"w", cycle.get().to_be_bytes().as_slice()].concat()
}

/// Ledger key of a transaction.
pub fn transaction(hash: &TxHash) -> Vec<u8> {
    [b"t", hash.as_bytes().as_slice()].concat()
}

/// Ledger key of the committee of the next block.
pub const COMMITTEE: &[u8] = b"c";
/// Ledger key of the number of mini-blocks in blocks of this cycle.
pub const LANES: &[u8] = b"l";
/// Ledger key of the running round of the beacon.
pub const ROUND: &[u8] = b"r";
/// Ledger key of the newest output of the beacon.
pub const OUTPUT: &[u8] = b"o";
/// Prefix of members.
pub const MEMBERS: &[u8] = b"m";
/// Prefix of what members did.
pub const TALLIES: &[u8] = b"y";
/// Prefix of dealings.
pub const DEALINGS: &[u8] = b"e";
/// Prefix of secrets.
pub const SECRETS: &[u8] = b"f";
/// Prefix of decrypted shares.
pub const SHARES: &[u8] = b"h";
/// Prefix of changes of the membership.
pub const CHANGES: &[u8] = b"g";

/// Ledger key of the committee of a cycle.
pub fn committee(cycle: Cycle) -> Vec<u8> {
    [b"k", cycle.get().to_be_bytes().as_slice()].concat()
}

fn of(prefix: &[u8], member: MemberIndex) -> Vec<u8> {
    [prefix, member.get().to_be_bytes().as_slice()].concat()
}

/// Ledger key of a member.
pub fn member(member: MemberIndex) -> Vec<u8> {
    of(MEMBERS, member)
}

/// Ledger key of what a member did.
pub fn tally(member: MemberIndex) -> Vec<u8> {
    of(TALLIES, member)
}

/// Ledger key of a dealing.
pub fn dealing(dealer: MemberIndex) -> Vec<u8> {
    of(DEALINGS, dealer)
}

/// Ledger key of a secret.
pub fn secret(dealer: MemberIndex) -> Vec<u8> {
    of(SECRETS, dealer)
}

/// Prefix of the shares of a secret.
pub fn shares(dealer: MemberIndex) -> Vec<u8> {
    of(SHARES, dealer)
}

/// Ledger key of a share of a secret.
pub fn share(dealer: MemberIndex, holder: MemberIndex) -> Vec<u8> {
    of(&shares(dealer), holder)
}

/// The member in whose number a key ends.
pub fn member_of(key: &[u8]) -> Option<MemberIndex> {
    key.last_chunk::<2>().map(|bytes| MemberIndex::new(u16::from_be_bytes(*bytes)))
}

/// Ledger key of a change of the membership.
pub fn change(hash: &ChangeHash) -> Vec<u8> {
    [CHANGES, hash.as_bytes().as_slice()].concat()
}
