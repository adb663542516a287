//! The protocol as a pure state machine: [`Core::step`] takes an [`Input`] and gives [`Effect`]s. No clock, no
//! randomness, no threads, no files; the same core runs in a node and in a simulation.
//!
//! The rules, cited by number in code and tests (after Simplex, eprint 2023/463):
//!
//! | rule | |
//! |---|---|
//! | R1 | at most one `Notarize` in a view |
//! | R2 | notarize in view v only a block whose parent, of view u < v, is notarized, with a nullification for every view strictly between |
//! | R3 | no `Notarize(v)` after `Nullify(v)` |
//! | R4 | `Finalize(v)` and `Nullify(v)` exclude each other |
//! | R5 | notarize only while holding every body, having checked every transaction, with the parent's outcome equal to one's own |
//! | R6 | a vote is durable before it is sent, and sent again first after a restart |
//! | R7 | certificates count members of the whole set: n − ⌊(n − 1) / 3⌋ of them |
//!
//! A view is left for the next with a certificate of notarization or nullification; a certificate of finality makes
//! its block and all its ancestors final. A view in which there is nothing to do costs nothing: its timers start with
//! the first work or proposal.

pub mod core;
pub mod effect;
pub mod message;
pub mod sign_state;
mod view;

pub use self::{
    core::{Core, Recovered, Setup, Tip},
    effect::{BuildOrder, Committed, Effect, Evidence, Input, Record, Rejection, Timer, Timing},
    message::{MAX_FRAME_BYTES, Message, Proposal},
    sign_state::SignState,
};
