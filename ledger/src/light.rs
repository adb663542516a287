//! Proofs for whoever has nothing but the genesis: what is, or is not, in the state of the chain.
//!
//! A [`LightProof`] walks the committees: the last block of each cycle is final by a certificate of its committee, which
//! is for the block's receipts too, and these name the next committee. So one certificate a cycle leads from the genesis
//! to the committee of the newest block; its certificate vouches for the state after it, and ICS-23 proofs show what is
//! at a key of that state, or that nothing is.
//!
//! ```text
//! "GALENLGT" ‖ version (u16) ‖ chain ‖ optional genesis
//! ‖ steps, one a cycle that has ended ‖ anchor: newest header, outcome, certificate of finality
//! ‖ claims: key, proof
//! ‖ BLAKE3 of all before
//! ```
//!
//! **What it proves.** That a quorum of the committee finalized the block, hence that at least f + 1 honest members
//! executed the chain up to there, as long as no past committee had more than f bad members, then or, by stolen keys,
//! since. It does not prove that the block is the newest: compare its time with the clock.

mod anchor;
mod fault;
mod proof;
mod step;

pub use anchor::Anchor;
pub use fault::LightFault;
pub use proof::{Claim, LightProof, MAX_CLAIMS, Proven, Trust, Verified};
pub use step::{MAX_STEPS, Step, walk};
