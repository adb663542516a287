//! Faults of orders to open something.

use super::faults;
use crate::action::disclose::Subject;

faults! {
    /// Why an opening is not ordered.
    DiscloseFault {
        /// A reason that cannot be shown.
        #[error("a reason has 1 to 500 bytes, not only spaces, and no control characters")]
        Reason => "disclosure.reason",
        /// Nothing to open.
        #[error("there is nothing to open: {0} is not on the ledger")]
        Nothing(Subject) => "disclosure.nothing",
        /// Ordered before.
        #[error("it was ordered before to open {0}")]
        Ordered(Subject) => "disclosure.ordered",
    }
}
