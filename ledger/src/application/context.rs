//! What an application may know of the block it works on.

use serde::{Deserialize, Serialize};

use crate::types::{ChainId, Height, View};

/// The block a transaction is checked for or executed in. Equal at every member, and at every auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Identity of the chain: sign it into every transaction.
    pub chain_id: ChainId,
    /// Height of this block.
    pub height: Height,
    /// View the block was proposed in.
    pub view: View,
    /// The proposer's clock, milliseconds since 1970. Never decreases along the chain; members refuse a proposal
    /// from the future beyond the drift that they allow. Not fine enough for anything that is worth cheating for.
    pub time_ms: u64,
    /// Randomness that became known with this block.
    pub beacon: Option<Beacon>,
}

/// Randomness drawn by the ledger: an output of its [beacon](crate::beacon).
///
/// All members together draw it in rounds, in which secrets are committed to before any is shown. Nobody can choose it,
/// know it before the commitments are final, or prevent it once they are, as long as at most f members try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// The random bytes.
    pub value: [u8; 32],
    /// Height of the last block before the round began. The value may decide whatever was settled at this height or
    /// below, and nothing above: what was settled later could have been arranged by members that knew more of it.
    /// Whoever waits takes the first beacon whose `after` is not below what it waits for.
    pub after: Height,
}
