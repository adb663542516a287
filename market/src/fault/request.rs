//! Faults of requests.

use galen_circuits::jubjub::KeyFault;
use galen_circuits::request::TermsFault;
use galen_circuits::schema::{PolicyFault, PredicateFault};

use super::faults;
use crate::id::RequestId;
use crate::notes::price::PriceFault;

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
        /// No records.
        #[error("a request pays for at least 1 record")]
        Records => "request.records",
        /// The sealed price.
        #[error("the price is refused: {0}")]
        Price(#[from] PriceFault) => "request.price",
        /// Nobody could read the price.
        #[error("no seller was accredited at the last boundary: nobody could read the price")]
        NoSeller => "request.no_seller",
        /// The buyer's key.
        #[error("the buyer's key is refused: {0}")]
        Buyer(#[from] KeyFault) => "request.buyer",
        /// The payee of the refund.
        #[error("the blinding of the refund's payee is not shown to hold no amount")]
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
