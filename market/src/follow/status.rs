//! How far a followed chain is.

use galen_ledger::Height;

/// How far a followed chain is, and what keeps it from going on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowStatus {
    /// The newest block that was verified here.
    pub height: Height,
    /// The newest block that the gateway says there is. Nothing proves it.
    pub claimed: Option<Height>,
    /// Whether the gateway answered when it was asked last.
    pub reached: bool,
    /// What went wrong last, in words; none while all is well.
    pub fault: Option<String>,
}

impl FollowStatus {
    /// Nothing was asked yet.
    pub(super) fn at(height: Height) -> Self {
        Self { height, ..Self::default() }
    }

    /// How many blocks are still to come, by the gateway's word.
    pub fn behind(&self) -> u64 {
        self.claimed.map_or(0, |claimed| claimed.get().saturating_sub(self.height.get()))
    }
}
