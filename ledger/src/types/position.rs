//! Positions in the chain and in the protocol.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! position {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The position with this number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The following position (saturating: 2^64 blocks are out of reach).
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

position! {
    /// Place of a block in the chain; genesis is 0, the first block 1.
    Height
}
position! {
    /// A turn to propose; the first is 1. Views may pass without a block, heights may not.
    View
}
position! {
    /// A span of blocks in which the set of members is fixed; the first is 0.
    Cycle
}

position! {
    /// A round of the beacon, counted within its cycle; the first is 0.
    Round
}

/// A view of a cycle. Views are numbered on from cycle to cycle, but the last views of one and the first of the next
/// may share numbers: only the pair says which view is meant. Later cycles come after all views of earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// The cycle.
    pub cycle: Cycle,
    /// The view.
    pub view: View,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cycle, self.view)
    }
}

/// A member, by its place in the list of all members there have ever been, which begins with those of the genesis. A
/// number is never given twice, so it names the member in every cycle; it is also the bit that the member has in a
/// certificate, and the point at which the beacon's polynomials are shared with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberIndex(u16);

impl MemberIndex {
    /// The member with this index.
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// The index.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The index, as a place in a list.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
