//! What there is in a state: the votes of the three honest members. The fourth may have said anything.

use super::{
    blocks::{Block, Blocks, has},
    rules::Rules,
};

/// Members that keep the rules. Which of them is which does not matter.
pub const HONEST: usize = 3;

/// Votes of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Votes {
    /// Blocks notarized.
    pub notarized: Blocks,
    /// Blocks finalized.
    pub finalized: Blocks,
    /// Views nullified, as bits.
    pub nullified: u8,
}

impl Votes {
    /// Whether a view was given up.
    pub fn gave_up(&self, view: usize) -> bool {
        self.nullified >> view & 1 == 1
    }
}

/// An honest member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// What it has sent. Nothing that was sent can be taken back.
    pub sent: Votes,
    /// What it remembers to have sent.
    pub memory: Votes,
    /// What it would find after a crash.
    pub durable: Votes,
    /// Blocks that it notarized after it had given up their view.
    pub late: Blocks,
}

/// All honest members, in the order of what they have said: a state and its rearrangements are one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The members.
    pub members: [Member; HONEST],
}

impl State {
    /// The same state, rearranged.
    pub fn arranged(mut self) -> Self {
        self.members.sort_unstable();
        self
    }

    /// Whether enough honest members say something for a certificate, given that the Byzantine member says it too (R7).
    fn certified(&self, rules: &Rules, says: impl Fn(&Votes) -> bool) -> bool {
        let honest = self.members.iter().filter(|member| says(&member.sent)).count();
        honest + 1 >= rules.quorum()
    }

    /// Whether there is a certificate that a block was notarized.
    pub fn is_notarized(&self, rules: &Rules, block: Block) -> bool {
        self.certified(rules, |votes| has(votes.notarized, block))
    }

    /// Whether there is a certificate that a view was given up.
    pub fn is_nullified(&self, rules: &Rules, view: usize) -> bool {
        self.certified(rules, |votes| votes.gave_up(view))
    }

    /// Whether there is a certificate that a block is final.
    pub fn is_final(&self, rules: &Rules, block: Block) -> bool {
        self.certified(rules, |votes| has(votes.finalized, block))
    }
}
