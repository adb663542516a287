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
//! | R7 | certificates count members of the whole committee: n − ⌊(n − 1) / 3⌋ of them |
//!
//! A view is left for the next with a certificate of notarization or nullification; a certificate of finality makes
//! its block and all its ancestors final. A view in which there is nothing to do costs nothing: its timers start with
//! the first work or proposal.
//!
//! # Cycles
//!
//! The committee of a cycle is fixed, and its last block, at a height known beforehand, must be *final* before the next
//! cycle begins. No block may follow it within its cycle, so descendants cannot make it final. Instead it is
//! **proposed again**: in view w the leader may propose the last block itself, once more, if R2 holds with it in the
//! place of the parent, notarized in some view u < w, with a nullification for every view strictly between. Members
//! notarize and finalize (w, block) as they would any block. R5 holds by the notarization of u, which says that f + 1
//! honest members checked everything.
//!
//! *Why that is safe.* Take every notarized pair (w, block), w past the block's own view, for an empty block of view w
//! whose parent is the pair that justified it. Then R1 to R4 are those of the protocol without repetition, and so is
//! the argument: if (v, block) is finalized, v is never nullified, so whatever is notarized in a later view was
//! justified by a pair of view v or later, and by induction descends from (v, block), or is it. Two certificates of
//! finality of a cycle's last height therefore name one block, though perhaps different views.
//!
//! *Where the next cycle begins* depends on the block alone, not on which certificate of it a member saw: its views
//! are those after the block's own view, [`Committee::base`](crate::chain::Committee::base). The last views of a
//! cycle and the first of the next may share numbers; every signature, message, timer and record names its cycle, and
//! positions are compared as ([cycle, view](crate::types::Turn)). The committee of the next cycle is part of what
//! executing the last block gives, and the certificate of finality is for that outcome.
//!
//! *A member that is behind* stays in its cycle until it holds a certificate of finality of that cycle's last block,
//! which members of any later cycle have in their logs and send on request. Nothing signed in an earlier cycle is
//! ever signed again: [`SignState`] only moves on.

pub mod core;
pub mod effect;
pub mod message;
pub mod relay;
pub mod sign_state;
mod view;

pub use self::{
    core::{Core, Recovered, Setup, Tip},
    effect::{BuildOrder, Committed, Effect, Executed, Input, Record, Rejection, RelayTimer, Timer, Timing},
    message::{CompactProposal, MAX_FRAME_BYTES, Message, Proposal, Receipts},
    relay::{Bundle, Relay, VoteRelay},
    sign_state::SignState,
};
