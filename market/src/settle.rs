//! What happens to contributions after they are accepted: reservation or waiting, lapse, promotion, settlement.
//!
//! Invariants, held by every function here: `paid + reserved ≤ max_records`; nothing that waits would fit into what is
//! left; the escrow holds `max_records − paid` records until it is settled. What is due at a height is looked at when that
//! block's transactions are done, so that in one block openings come before lapses, and both before the refund.

pub mod beacon;
mod due;
mod end;
mod queue;

pub use due::{Due, open_requests, schedule, unschedule, waits};
pub use end::end_block;
pub use queue::{Room, promote, reserve, room, wait};
