//! Faults of money.

use super::faults;
use crate::notes::issue::IssueFault;
use crate::notes::transfer::TransferFault;

faults! {
    /// Why money does not move. Nothing has changed then.
    MoneyFault {
        /// A transfer that does not prove what it has to.
        #[error("the transfer is refused: {0}")]
        Transfer(#[from] TransferFault) => "money.transfer",
        /// A note is spent already.
        #[error("a note of the transfer is spent already")]
        Spent => "money.spent",
        /// A ring with something that is no note.
        #[error("there is no note {0}")]
        NoNote(u32) => "money.no_note",
        /// There is nobody to hide among.
        #[error("transfers begin after {least} issues")]
        Young {
            /// So many.
            least: u32,
        } => "money.young",
        /// More notes than can be counted.
        #[error("the ledger holds no more notes")]
        Full => "money.full",
        /// An issue that does not prove what it has to.
        #[error("the issue is refused: {0}")]
        Issue(#[from] IssueFault) => "money.issue",
        /// An amount that cannot be redeemed.
        #[error("{0} minor units cannot be redeemed at once: 1, 2 or 5 times a power of ten can")]
        Denomination(u64) => "money.denomination",
        /// A payee for whom no note can be made: none whose proof holds.
        #[error("no note can be made for the payee")]
        Payee => "money.payee",
        /// The request has an escrow already, or none.
        #[error("the request's escrow is not there, or there twice")]
        Escrow => "money.escrow",
        /// The escrow does not hold that many records.
        #[error("the request's escrow does not hold that many records")]
        Exhausted => "money.exhausted",
    }
}
