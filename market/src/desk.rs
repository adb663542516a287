//! Desks: what the people of a role work at, beside their keys and data. Each follows the chain and signs by itself.
//!
//! | question | module |
//! |---|---|
//! | where are its configuration, keys and people? | [`home`] |
//! | how is a request written, paid and collected? | [`researcher`] |
//! | how is everything checked, and reported? | [`auditor`] |
//! | how are patients imported, requests answered and paid? | [`hospital`] |
//! | what do several of them show of a wallet? | [`purse`] |

pub mod auditor;
pub mod home;
pub mod hospital;
pub mod purse;
pub mod researcher;

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
