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

/// Randomness drawn by the ledger.
///
/// **Provisional.** The value is the hash of a certificate of finality, whose signatures nobody knew before the block
/// at [`Self::after`] was made. A proposer can choose *which* quorum of signatures it includes, and so draw a few
/// times; a beacon of shared secrets will replace the source behind this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    /// The random bytes.
    pub value: [u8; 32],
    /// The value was not known to anybody when this height was proposed: it may decide whatever was settled at this
    /// height or below, and nothing above.
    pub after: Height,
}
