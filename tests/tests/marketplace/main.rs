//! The ledger's own part in each threat, with real keys and real proofs: what members refuse whatever the circuits say.
//!
//! `tests/attacks` forges single proofs; here whole contributions, requests and openings go through the market's rules.

mod buyer;
mod proofs;
mod seller;
mod verifiable;
mod waiting;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use galen_market::RequestId;
use galen_tests::marketplace::{Marketplace, Offered};

/// A market with two hospitals and a request that one of them has answered: made once, and only read.
struct Fair {
    market: Marketplace,
    request: RequestId,
    offered: Offered,
}

fn fair() -> MutexGuard<'static, Fair> {
    static FAIR: OnceLock<Mutex<Fair>> = OnceLock::new();
    let make = || {
        let mut market = Marketplace::new(51, 2);
        let wish = market.wish(200);
        let request = market.post(wish);
        let offered = market.contribute(0, &request);
        Mutex::new(Fair { market, request, offered })
    };
    FAIR.get_or_init(make).lock().unwrap_or_else(PoisonError::into_inner)
}
