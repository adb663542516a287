//! Faults of money.

use super::faults;

faults! {
    /// Why money does not move. Nothing has changed then.
    MoneyFault {
        /// An amount of nothing.
        #[error("an amount is at least 1 minor unit")]
        Zero => "money.zero",
        /// Not enough. (Who has how much is not said.)
        #[error("the account does not hold that much")]
        Insufficient => "money.insufficient",
        /// More than is ever issued.
        #[error("no more than 2^40 minor units are ever issued")]
        Cap => "money.cap",
        /// To itself.
        #[error("payer and payee are one account")]
        Itself => "money.itself",
        /// The payee is no key.
        #[error("the payee is not an ed25519 key")]
        Payee => "money.payee",
        /// The request has an escrow already, or none.
        #[error("the request's escrow is not there, or there twice")]
        Escrow => "money.escrow",
        /// The escrow does not hold that many records.
        #[error("the request's escrow does not hold that many records")]
        Exhausted => "money.exhausted",
    }
}
