//! The beacon: randomness that nobody knows before it is fixed, and nobody can change or prevent afterwards.
//!
//! A round runs in three windows of blocks ([`schedule`]):
//!
//! | window | message | |
//! |---|---|---|
//! | commitment | [`BeaconMessage::Commit`] | a [`Dealing`]: commitments to a random polynomial of degree f, its values encrypted to every member, and the proof that they are |
//! | disclosure | [`BeaconMessage::Disclose`] | the dealer shows its secret, the polynomial at 0 |
//! | extra disclosure | [`BeaconMessage::Share`] | members decrypt their shares of a secret that was withheld; f + 1 of them give it |
//!
//! The output is the hash of all committed secrets in the order of the members. It is fixed when the first window
//! closes, as a commitment fixes its secret. It is unknown until an honest member discloses, as at least one honest
//! secret is among f + 1, and f members have too few shares of it. It does not depend on what anybody does
//! afterwards: a secret is the same whether it was disclosed or put together from any f + 1 shares.
//!
//! **Group.** Ristretto, with two generators of which nobody knows the logarithm of one to the other: `G` for keys and
//! secrets, `H` for commitments. Keys are `x·G`, commitments `a_j·H`, secrets `a_0·G`: a commitment alone says nothing
//! of its secret. Everything is decoded canonically: one encoding a point, one a scalar.
//!
//! **Proofs** are Schnorr proofs made non-interactive over [`merlin`] transcripts, one label a protocol, every public
//! value in the transcript before the challenge: chain, cycle, round, dealer, the holders with their keys. A dealing
//! copied or reworked from another member's does not verify.
//!
//! Nothing here does I/O, or knows of blocks.

pub mod dealing;
pub mod group;
pub mod key;
pub mod message;
pub mod output;
pub mod schedule;
pub mod share;

pub use self::{
    dealing::{Context, Dealing, DealingFault, Holder},
    key::{BeaconKey, BeaconSecret, KeyProof},
    message::{BeaconMessage, SignedDealing},
    output::{Secret, output},
    schedule::{Schedule, Window},
    share::{Share, ShareFault, combine},
};
