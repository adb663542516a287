//! Lanes: the low level of the ledger. Groups gather, check and spread transactions before anybody orders them.
//!
//! A transaction goes to the group of its conflict key, and there to one author, who puts it into a **mini-block**
//! {cycle, group, author, number, transactions} and spreads that. Whoever has checked every transaction of it, and
//! stored it durably, gives the author a **receipt**. A large block names mini-blocks and carries their receipts; on
//! the wire the bodies stay behind, and are pulled when they are missing.
//!
//! Nothing here decides anything. Receipts are advice: what to take first, whom to credit, and for members that are
//! set so, which transactions f + 1 members have checked already. A group that is captured delays what is routed to it
//! until the one that submitted it authors it itself; a mini-block that is withheld costs its proposer the view.
//!
//! | question | file |
//! |---|---|
//! | what is a mini-block, and what is signed? | [`mini`] |
//! | what does a large block say of one? | [`lane`] |
//! | who authors a transaction? | [`route`] |
//! | why is no number used twice? | [`number`] |
//! | which mini-blocks wait for a block? | [`pool`], [`flight`] |

pub mod flight;
pub mod lane;
pub mod mini;
pub mod number;
pub mod pool;
pub mod route;

pub use flight::Flight;
pub use lane::{Lane, LaneFault, LaneOffer, MAX_LANES, lanes_root};
pub use mini::{LaneHeader, LaneLimits, MiniBlock, MiniFault, Receipt};
pub use number::{Numbering, Numbers};
pub use pool::{LanePool, Ripening, Taken};
