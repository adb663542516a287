//! Faults of roles, schemas and datasets.

use super::faults;
use crate::id::{AccountKey, SchemaId};

faults! {
    /// Why a role or schema is not given, or does not suffice.
    RoleFault {
        /// A name that cannot be shown.
        #[error("a name has 1 to 200 bytes, not only spaces, and no control characters")]
        Name => "role.name",
        /// A key that is no point.
        #[error("{0} is not an ed25519 key")]
        NotAKey(AccountKey) => "role.key",
        /// The account has a role already.
        #[error("account {0} has a role already")]
        Taken(AccountKey) => "role.taken",
        /// No such account.
        #[error("account {0} has no role")]
        Unknown(AccountKey) => "role.unknown",
        /// The account has not the role that is needed, or was suspended.
        #[error("account {account} is not an active {role}")]
        NotA {
            /// The account.
            account: AccountKey,
            /// The role needed.
            role: &'static str,
        } => "role.not_a",
        /// The account is suspended already.
        #[error("account {0} is suspended already")]
        Suspended(AccountKey) => "role.suspended",
        /// The seller's name belongs to another hospital, or the hospital has another one.
        #[error("the seller's name is taken, or is not the one that this hospital was accredited with")]
        Seller => "role.seller",
        /// Nothing shows that the secret behind the seller's name is known.
        #[error("the proof that the hospital knows the secret behind its seller's name does not hold")]
        Knowledge => "role.knowledge",
        /// The key for prices.
        #[error("the proof that the hospital knows the secret behind its key for prices does not hold")]
        Sealing => "role.sealing",
        /// The accreditation would change nothing.
        #[error("the accreditation would change nothing")]
        NothingNew => "role.nothing_new",
        /// The registry is full.
        #[error("the registry holds no more sellers")]
        Full => "role.full",
        /// A threshold outside 1 to the number of governance keys.
        #[error("a threshold of {threshold} cannot be met by {keys} governance keys")]
        Threshold {
            /// The threshold.
            threshold: u16,
            /// Governance keys.
            keys: usize,
        } => "role.threshold",
        /// Too many schemas at once, or one twice.
        #[error("an accreditation names up to 64 schemas, each once")]
        Schemas => "role.schemas",
        /// No such schema.
        #[error("schema {0} is not registered")]
        NoSchema(SchemaId) => "schema.unknown",
        /// The schema is there already.
        #[error("schema {0} is registered already")]
        SchemaTaken(SchemaId) => "schema.taken",
        /// A schema too large for the state.
        #[error("a schema of {size} bytes is above the limit of {limit}")]
        SchemaLarge {
            /// Its size.
            size: usize,
            /// The limit.
            limit: usize,
        } => "schema.large",
    }
}

faults! {
    /// Why a dataset is not committed or withdrawn.
    DatasetFault {
        /// The hospital may not sell under this schema.
        #[error("the hospital is not accredited for schema {0}")]
        NotAccredited(SchemaId) => "dataset.not_accredited",
        /// There is nothing to withdraw.
        #[error("no dataset of schema {0} is active")]
        NotActive(SchemaId) => "dataset.not_active",
        /// The commitment is the one that is active, or empty.
        #[error("the commitment is 0, or the one that is active already")]
        Body => "dataset.body",
    }
}
