//! Faults of requests.

use galen_circuits::jubjub::KeyFault;
use galen_circuits::request::TermsFault;
use galen_circuits::schema::{PolicyFault, PredicateFault};

use super::faults;
use crate::id::RequestId;

faults! {
    /// Why a request is not posted.
    RequestFault {
        /// A title that cannot be shown.
        #[error("a title has 1 to 200 bytes, not only spaces, and no control characters")]
        Title => "request.title",
        /// Terms that no circuit can open.
        #[error("the terms are refused: {0}")]
        Terms(#[from] TermsFault) => "request.terms",
        /// Below the schema's policy.
        #[error("the schema does not permit it: {0}")]
        Policy(#[from] PolicyFault) => "request.policy",
        /// A predicate that does not fit the schema.
        #[error("the predicate does not fit the schema: {0}")]
        Predicate(#[from] PredicateFault) => "request.predicate",
        /// No chunk sampled, or too many.
        #[error("a sample of {sample} chunks is not between 1 and {most}")]
        Sample {
            /// Chunks asked for.
            sample: u32,
            /// Most.
            most: u32,
        } => "request.sample",
        /// A quasi-identifier that counts less in the loss than the schema says.
        #[error("column {0} weighs less in the loss than its schema says")]
        Weight(u8) => "request.weight",
        /// More than all may be suppressed.
        #[error("at most 1000 per mille can be suppressed, not {0}")]
        Suppression(u16) => "request.suppression",
        /// No price or no records.
        #[error("a request pays at least 1 minor unit a record, for at least 1 record")]
        Price => "request.price",
        /// More than can exist.
        #[error("price times records is more money than can be issued")]
        Overflow => "request.overflow",
        /// The buyer's key.
        #[error("the buyer's key is refused: {0}")]
        Buyer(#[from] KeyFault) => "request.buyer",
        /// The refund account is no key.
        #[error("the refund account is not an ed25519 key")]
        Refund => "request.refund",
        /// A deadline too near or too far.
        #[error("a deadline at height {deadline} is not between {least} and {most}")]
        Deadline {
            /// The deadline.
            deadline: u64,
            /// Least height.
            least: u64,
            /// Greatest height.
            most: u64,
        } => "request.deadline",
        /// The request was posted before.
        #[error("request {0} was posted before")]
        Posted(RequestId) => "request.posted",
    }
}
