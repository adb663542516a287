//! Small things that several parts share.

use std::sync::PoisonError;

/// Goes on with what a panicking holder of a lock left: every change is made to a copy, and put in place whole.
pub(super) fn recover<T>(poisoned: PoisonError<T>) -> T {
    poisoned.into_inner()
}
