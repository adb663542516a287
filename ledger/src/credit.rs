//! Credit: how far a member can be relied on to propose. It decides who may be skipped as a proposer, and nothing else:
//! no vote, no quorum and no group depends on it.
//!
//! At the end of a cycle `c' = clamp(7c/8 + gains − losses, 0, 1024)`, from what is in final blocks alone. Gains and
//! losses are shares of what a member could do, so that they mean the same in long and in short cycles. Votes earn
//! nothing: blocks carry no certificates, and a proposer that chose which quorum to show could starve the others.
//!
//! Whoever is proven to have broken a rule of voting has credit 0, and stays there until the members readmit it.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    types::MemberIndex,
};

/// The most credit there is.
const MOST: u32 = 1024;
/// What a member starts with, and comes back to: the middle.
const INITIAL: u32 = MOST / 2;
/// Kept from cycle to cycle, of 8: what a member did fades to a half in about five cycles.
const KEPT_OF_8: u32 = 7;
/// For proposing in all of its turns. With [`SECRETS`] as much as fades from the most: a faultless member stays there,
/// and one that does half of it at half.
const PROPOSALS: u32 = MOST / 16;
/// For a secret committed and disclosed in every round.
const SECRETS: u32 = MOST / 16;
/// For receipts on as many mini-blocks as the average that blocks show. They make up for what else is missed, and are
/// never needed: a proposer chooses which f + 1 receipts to show.
const RECEIPTS: u32 = PROPOSALS;
/// Lost for missing all of its turns: as much as proposing in all earns.
const MISSED: u32 = PROPOSALS;
/// Lost for each secret withheld: every other member had to work and to wait for it. Two cycles' gains of it.
const WITHHELD: u32 = 2 * SECRETS;

/// A member's credit, from 0 to 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credit(u32);

impl Default for Credit {
    fn default() -> Self {
        Self(INITIAL)
    }
}

/// What a member did in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Blocks of its that are final.
    pub proposed: u32,
    /// Turns of its that passed without a block.
    pub missed: u32,
    /// Rounds for which it committed to a secret and disclosed it.
    pub disclosed: u32,
    /// Rounds in which it committed to a secret and did not disclose it.
    pub withheld: u32,
    /// Receipts of its in final blocks.
    pub receipts: u32,
}

/// What there was to do for everybody in a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// Rounds of the beacon that counted.
    pub rounds: u32,
    /// Receipts that final blocks would show of each member, if they showed f + 1 of all alike for each mini-block.
    pub receipts: u32,
}

impl Chances {
    /// Of a cycle with so many mini-blocks in final blocks, and so many members.
    pub fn new(rounds: u32, minis: u32, members: usize) -> Self {
        let (members, faults) = (members.max(1) as u64, members.saturating_sub(1) as u64 / 3);
        let receipts = (u64::from(minis) * (faults + 1)).div_ceil(members);
        Self { rounds, receipts: u32::try_from(receipts).unwrap_or(u32::MAX) }
    }
}

impl Credit {
    /// None at all.
    pub const NONE: Self = Self(0);

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Credit with a number; more than the most is the most.
    pub fn new(number: u32) -> Self {
        Self(number.min(MOST))
    }

    /// Credit after a cycle. A member that had nothing to do keeps what it has.
    #[must_use]
    pub fn after(self, tally: &Tally, chances: Chances) -> Self {
        let Chances { rounds, receipts } = chances;
        let turns = u64::from(tally.proposed) + u64::from(tally.missed);
        if turns == 0 && rounds == 0 && receipts == 0 {
            return self;
        }
        let share = |whole: u32, part: u32, of: u64| match of {
            0 => 0,
            of => u64::from(whole) * u64::from(part).min(of) / of,
        };
        let gains = share(PROPOSALS, tally.proposed, turns)
            + share(SECRETS, tally.disclosed, rounds.into())
            + share(RECEIPTS, tally.receipts, receipts.into());
        let losses = share(MISSED, tally.missed, turns) + u64::from(WITHHELD) * u64::from(tally.withheld);
        let kept = u64::from(self.0) * u64::from(KEPT_OF_8) / 8;
        let credit = (kept + gains).saturating_sub(losses).min(u64::from(MOST));
        Self(u32::try_from(credit).unwrap_or(MOST))
    }
}

/// Who may be skipped as a proposer: first those that are barred, then those with less than half of the median, the
/// lowest first.
pub fn skippable(standing: impl IntoIterator<Item = (MemberIndex, Credit, bool)>) -> Vec<MemberIndex> {
    let mut standing: Vec<_> =
        standing.into_iter().map(|(member, credit, barred)| (!barred, credit, member)).collect();
    standing.sort_unstable();
    let mut credits: Vec<_> = standing.iter().map(|(_, credit, _)| credit.get()).collect();
    credits.sort_unstable();
    let median = credits.get(credits.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    let low = |(fair, credit, _): &&(bool, Credit, MemberIndex)| !fair || 2 * credit.get() < median;
    standing.iter().filter(low).map(|(_, _, member)| *member).collect()
}

impl Encode for Credit {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Credit {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let number = u32::decode(reader)?;
        if number > MOST {
            return Err(DecodeError::NotCanonical("credit"));
        }
        Ok(Self(number))
    }
}

impl Encode for Tally {
    fn encode(&self, out: &mut Vec<u8>) {
        self.proposed.encode(out);
        self.missed.encode(out);
        self.disclosed.encode(out);
        self.withheld.encode(out);
        self.receipts.encode(out);
    }
}

impl Decode for Tally {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            proposed: Decode::decode(reader)?,
            missed: Decode::decode(reader)?,
            disclosed: Decode::decode(reader)?,
            withheld: Decode::decode(reader)?,
            receipts: Decode::decode(reader)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steady(tally: Tally, rounds: u32) -> u32 {
        let chances = Chances { rounds, receipts: 4 };
        (0..200).fold(Credit::default(), |credit, _| credit.after(&tally, chances)).get()
    }

    #[test]
    fn what_is_done_decides_in_the_long_run() {
        let good = Tally { proposed: 10, disclosed: 3, ..Tally::default() };
        assert!(steady(good, 3) > 1000, "{}", steady(good, 3));
        let absent = Tally { proposed: 0, missed: 10, ..Tally::default() };
        assert_eq!(steady(absent, 3), 0);
        let withholding = Tally { proposed: 10, disclosed: 2, withheld: 1, ..Tally::default() };
        assert_eq!(steady(withholding, 3), 0);
        // One that is skipped has no turns, but the beacon: it can come back.
        let skipped = Tally { disclosed: 3, ..Tally::default() };
        assert!((480..=512).contains(&steady(skipped, 3)), "{}", steady(skipped, 3));
        assert_eq!(Credit::new(100).after(&Tally::default(), Chances::default()), Credit::new(100));
        // Receipts earn as much as turns and no more, however many a proposer shows.
        let receipts = |receipts| Tally { receipts, ..Tally::default() };
        assert_eq!(steady(receipts(4), 3), steady(receipts(4000), 3));
        assert_eq!(steady(receipts(4), 3), steady(skipped, 3));
        assert!(steady(receipts(2), 3) < steady(receipts(4), 3));
        assert_eq!(Chances::new(2, 10, 4), Chances { rounds: 2, receipts: 5 });
    }

    #[test]
    fn only_less_than_half_the_median_is_low_and_the_barred_come_first() {
        let member = MemberIndex::new;
        let standing = [1000, 900, 450, 449, 0].map(Credit::new);
        let list = || (0..5).map(member).zip(standing).map(|(m, credit)| (m, credit, m == member(1)));
        assert_eq!(skippable(list()), [member(1), member(4)]);
        let equal = (0..4).map(|index| (member(index), Credit::default(), false));
        assert_eq!(skippable(equal), []);
    }

    proptest! {
        #[test]
        fn credit_stays_within_its_bounds(credit in 0u32..=1024, tally in any::<[u32; 5]>(), chances in any::<[u32; 2]>()) {
            let [proposed, missed, disclosed, withheld, receipts] = tally;
            let tally = Tally { proposed, missed, disclosed, withheld, receipts };
            let chances = Chances { rounds: chances[0], receipts: chances[1] };
            let after = Credit::new(credit).after(&tally, chances);
            prop_assert!(after.get() <= 1024);
            prop_assert_eq!(Credit::from_bytes(&after.to_bytes()), Ok(after));
            // More of the good is never worse, more of the bad never better.
            let better = Tally { withheld: withheld.saturating_sub(1), disclosed: disclosed.saturating_add(1), ..tally };
            prop_assert!(Credit::new(credit).after(&better, chances) >= after);
        }
    }
}
