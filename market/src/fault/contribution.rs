//! Faults of contributions and their openings.

use galen_circuits::contribution::ContributionFault;
use galen_ledger::BlobHash;

use super::faults;
use crate::id::{ContributionId, Nullifier, RequestId};

faults! {
    /// Why a contribution is refused.
    ContributeFault {
        /// No such request.
        #[error("request {0} is not known")]
        NoRequest(RequestId) => "contribution.no_request",
        /// The run is not drawn yet.
        #[error("the request's sample is not drawn yet")]
        NoBeacon => "contribution.no_beacon",
        /// The deadline has passed, or the request is settled.
        #[error("the request takes no contributions any more")]
        Closed => "contribution.closed",
        /// The tree of standing that was proven against is not a recent one.
        #[error("the root of standing is not one of the recent ones")]
        NotRecent => "contribution.not_recent",
        /// The seller has contributed to this request.
        #[error("nullifier {0} was used for this request")]
        Used(Nullifier) => "contribution.used",
        /// The seller signed a false proof for this request before.
        #[error("nullifier {0} is muted for this request")]
        Muted(Nullifier) => "contribution.muted",
        /// The payment memo does not stand for the payee.
        #[error("the payment memo in the header is not the payee's digest")]
        Memo => "contribution.memo",
        /// The payee.
        #[error("the blinding of the payee is not shown to hold no amount")]
        Payee => "contribution.payee",
        /// More records than the request will ever pay for.
        #[error("{records} records are more than the request pays for")]
        TooMany {
            /// Records of the contribution.
            records: u32,
        } => "contribution.too_many",
        /// Neither the request nor its queue has room.
        #[error("the request and its queue are full")]
        Full => "contribution.full",
        /// Counts, limits or proofs.
        #[error("the contribution is refused: {0}")]
        Unsound(#[from] ContributionFault) => "contribution.unsound",
        /// A contribution that no false proof was found in, or one for which its seller cannot be blamed.
        #[error("this is no evidence against the seller: the seal must hold and another proof must not")]
        NoEvidence => "contribution.no_evidence",
        /// The ciphertext has not arrived. Nobody is blamed: it may be on its way.
        #[error("the ciphertext {0} has not arrived")]
        BlobMissing(BlobHash) => "contribution.blob_missing",
        /// The store of ciphertexts failed.
        #[error("the ciphertext {0} cannot be read here")]
        BlobUnreadable(BlobHash) => "contribution.blob_unreadable",
    }
}

faults! {
    /// Why an opening is refused.
    OpenFault {
        /// No such contribution.
        #[error("contribution {0} is not known")]
        Unknown(ContributionId) => "open.unknown",
        /// The encapsulation is not the one that was proven.
        #[error("the encapsulation is not the one that the contribution committed to")]
        Encapsulation => "open.encapsulation",
        /// It waits: opening now would show it for nothing.
        #[error("the contribution waits and is not reserved; it must not be opened yet")]
        Waiting => "open.waiting",
        /// It was opened and paid.
        #[error("the contribution was opened before")]
        Opened => "open.opened",
        /// It lapsed, and the escrow that is left is too small.
        #[error("the contribution lapsed, and the escrow does not hold its records any more")]
        Lapsed => "open.lapsed",
        /// It was never reserved before its request was settled.
        #[error("the request was settled before the contribution's turn came")]
        Unserved => "open.unserved",
    }
}
