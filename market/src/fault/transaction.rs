//! Faults of transactions as such.

use super::faults;
use crate::codec::CodecFault;
use crate::id::AccountKey;

faults! {
    /// A transaction that says nothing valid, whatever it asks for.
    TransactionFault {
        /// Not the canonical encoding of a transaction.
        #[error("the transaction is not canonically encoded: {0}")]
        Encoding(#[from] CodecFault) => "tx.encoding",
        /// A version that is not known.
        #[error("transactions of version {0} are not known")]
        Version(u8) => "tx.version",
        /// Too large.
        #[error("a transaction of {size} bytes is above the limit of {limit}")]
        Large {
            /// Its size.
            size: usize,
            /// The limit.
            limit: usize,
        } => "tx.large",
        /// Too many signatures.
        #[error("an order with {0} signatures has too many")]
        Signatures(usize) => "tx.signatures",
        /// Signatures that are not in increasing order of keys.
        #[error("an order's signatures stand in increasing order of keys, each key once")]
        SignatureOrder => "tx.signature_order",
        /// A signature that does not hold.
        #[error("the signature of {0} does not hold on this chain")]
        Signature(AccountKey) => "tx.signature",
        /// Somebody signed who has no say in it.
        #[error("{0} has no say in this order")]
        Stranger(AccountKey) => "tx.stranger",
        /// The account concerned did not sign.
        #[error("the order needs the signature of {0}")]
        Unsigned(AccountKey) => "tx.unsigned",
        /// Too few governance keys signed.
        #[error("the order needs {needed} governance signatures and has {found}")]
        Quorum {
            /// Signatures needed.
            needed: u16,
            /// Signatures of governance keys found.
            found: usize,
        } => "tx.quorum",
        /// The order is no longer valid.
        #[error("the order was valid until height {until}, this is block {height}")]
        Expired {
            /// The last height.
            until: u64,
            /// This block's height.
            height: u64,
        } => "tx.expired",
        /// The order would be valid for too long to be remembered.
        #[error("the order is valid until height {until}; at this block nothing may be valid beyond {limit}")]
        FarAhead {
            /// The last height.
            until: u64,
            /// The furthest permitted.
            limit: u64,
        } => "tx.far_ahead",
        /// The order was executed before.
        #[error("the order was executed before")]
        Replayed => "tx.replayed",
    }
}
