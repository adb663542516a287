//! Which block belongs to which window of which round.
//!
//! A cycle is cut into rounds of `beacon_interval` blocks, from its first block on; what is left at its end has no
//! round. A round is cut into thirds: commitment, disclosure, and extra disclosure, which has the remainder.

use crate::types::{Cycle, Height, Round};

/// A window of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// Members commit to secrets.
    Commitment,
    /// They disclose them.
    Disclosure,
    /// They still may; and shares of those that are withheld are decrypted.
    ExtraDisclosure,
}

/// How heights are divided into cycles and rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Blocks of a cycle, at least 1.
    pub cycle_blocks: u64,
    /// Blocks of a round, at least 3.
    pub beacon_interval: u64,
}

impl Schedule {
    /// The cycle of a block. Genesis counts to the first.
    pub fn cycle(&self, height: Height) -> Cycle {
        Cycle::new(height.get().saturating_sub(1) / self.cycle_blocks.max(1))
    }

    /// Height of the last block of a cycle.
    pub fn last(&self, cycle: Cycle) -> Height {
        Height::new(cycle.get().saturating_add(1).saturating_mul(self.cycle_blocks.max(1)))
    }

    /// Whether a block is the last of its cycle.
    pub fn is_last(&self, height: Height) -> bool {
        height.get() > 0 && self.last(self.cycle(height)) == height
    }

    /// Height of the first block of a round.
    pub fn first(&self, cycle: Cycle, round: Round) -> Height {
        let begin = cycle.get().saturating_mul(self.cycle_blocks);
        let offset = round.get().saturating_mul(self.beacon_interval);
        Height::new(begin.saturating_add(offset).saturating_add(1))
    }

    /// Round and window of a block, if it is in any.
    pub fn window(&self, height: Height) -> Option<(Round, Window)> {
        let offset = height.get().checked_sub(1)? % self.cycle_blocks.max(1);
        let interval = self.beacon_interval.max(3);
        let (round, place) = (offset / interval, offset % interval);
        let whole = (round + 1) * interval <= self.cycle_blocks;
        let window = match place / (interval / 3) {
            0 => Window::Commitment,
            1 => Window::Disclosure,
            _ => Window::ExtraDisclosure,
        };
        whole.then_some((Round::new(round), window))
    }

    /// Whether a window ends with this block.
    pub fn ends(&self, height: Height, window: Window) -> bool {
        let at = self.window(height);
        at.is_some_and(|(_, of)| of == window) && at != self.window(height.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(schedule: Schedule, heights: std::ops::RangeInclusive<u64>) -> String {
        let letter = |height| match schedule.window(Height::new(height)) {
            None => '-',
            Some((_, Window::Commitment)) => 'c',
            Some((_, Window::Disclosure)) => 'd',
            Some((_, Window::ExtraDisclosure)) => 'x',
        };
        heights.map(letter).collect()
    }

    #[test]
    fn rounds_fill_a_cycle_and_never_span_two() {
        let schedule = Schedule { cycle_blocks: 17, beacon_interval: 8 };
        assert_eq!(windows(schedule, 1..=17), "ccddxxxxccddxxxx-");
        assert_eq!(windows(schedule, 18..=34), windows(schedule, 1..=17));
        assert_eq!(schedule.cycle(Height::new(17)), Cycle::new(0));
        assert_eq!(schedule.cycle(Height::new(18)), Cycle::new(1));
        assert!(schedule.is_last(Height::new(34)) && !schedule.is_last(Height::new(33)));
        assert!(!schedule.is_last(Height::new(0)));
        assert_eq!(schedule.first(Cycle::new(1), Round::new(1)), Height::new(26));
        assert!(schedule.ends(Height::new(2), Window::Commitment));
        assert!(schedule.ends(Height::new(16), Window::ExtraDisclosure));
        assert!(!schedule.ends(Height::new(17), Window::ExtraDisclosure));
    }

    #[test]
    fn a_cycle_shorter_than_a_round_has_none() {
        let schedule = Schedule { cycle_blocks: 5, beacon_interval: 6 };
        assert_eq!(windows(schedule, 1..=10), "----------");
        assert_eq!(windows(Schedule { cycle_blocks: 3, beacon_interval: 3 }, 1..=6), "cdxcdx");
    }
}
