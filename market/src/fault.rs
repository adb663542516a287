//! Why the market refuses something: a stable code for programs and a sentence for people.

mod contribution;
mod disclose;
mod money;
mod request;
mod role;
mod transaction;

pub use contribution::{ContributeFault, OpenFault};
pub use disclose::DiscloseFault;
pub use money::MoneyFault;
pub use request::RequestFault;
pub use role::{DatasetFault, RoleFault};
pub use transaction::TransactionFault;

use galen_ledger::Refusal;

/// Makes an error whose variants each have a stable code.
macro_rules! faults {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident $(($($inner:tt)*))? $({$($fields:tt)*})? => $code:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant $(($($inner)*))? $({$($fields)*})?,)*
        }

        impl $name {
            /// Every code of this kind.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// The stable code, for programs.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)*
                }
            }
        }
    };
}
use faults;

/// Anything that the market refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The transaction itself: encoding, signatures, validity.
    #[error(transparent)]
    Transaction(#[from] TransactionFault),
    /// Roles and schemas.
    #[error(transparent)]
    Role(#[from] RoleFault),
    /// Datasets.
    #[error(transparent)]
    Dataset(#[from] DatasetFault),
    /// Requests.
    #[error(transparent)]
    Request(#[from] RequestFault),
    /// Contributions.
    #[error(transparent)]
    Contribute(#[from] ContributeFault),
    /// Openings.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// Money.
    #[error(transparent)]
    Money(#[from] MoneyFault),
    /// Orders to open something.
    #[error(transparent)]
    Disclose(#[from] DiscloseFault),
}

impl Fault {
    /// The stable code, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transaction(fault) => fault.code(),
            Self::Role(fault) => fault.code(),
            Self::Dataset(fault) => fault.code(),
            Self::Request(fault) => fault.code(),
            Self::Contribute(fault) => fault.code(),
            Self::Open(fault) => fault.code(),
            Self::Money(fault) => fault.code(),
            Self::Disclose(fault) => fault.code(),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code(), fault.to_string())
    }
}
