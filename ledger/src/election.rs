//! The election at the end of a cycle: groups, and who proposes when, in the next.
//!
//! From a seed that nobody could choose, the members are shuffled and dealt into groups, whose sizes differ by at most
//! one. View v belongs to group v mod m; the members of the group take turns in the order in which they were shuffled.
//! Those with low credit are skipped as proposers, at most f of all, and never all of a group. Nothing here matters for
//! safety: a captured group or an unlucky order costs time.

use crate::{
    credit::{self, Credit},
    types::{ChainId, Cycle, MemberIndex, View},
};

/// The fewest members of a group, when there is more than one.
pub const MIN_GROUP: usize = 4;

/// Groups and proposers of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// All members, in groups, each in the order of its turns.
    pub groups: Vec<Vec<MemberIndex>>,
    /// Of each group those who propose; the others are skipped.
    pub proposers: Vec<Vec<MemberIndex>>,
}

/// What an election is drawn from: the newest output of the beacon, if there has been one.
pub fn seed(chain_id: &ChainId, cycle: Cycle, output: Option<&[u8; 32]>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 election");
    hasher.update(chain_id.as_bytes()).update(&cycle.get().to_le_bytes());
    hasher.update(output.map_or(&[][..], |output| output.as_slice()));
    *hasher.finalize().as_bytes()
}

impl Election {
    /// Before there is any randomness: the members in their order, dealt into groups one after the other.
    pub fn unshuffled(members: impl IntoIterator<Item = MemberIndex>, groups: usize) -> Self {
        let members: Vec<_> = members.into_iter().collect();
        let groups = split(&members, groups);
        Self { proposers: groups.clone(), groups }
    }

    /// Draws groups and order.
    pub fn draw(seed: &[u8; 32], standing: &[(MemberIndex, Credit, bool)], groups: usize) -> Self {
        let mut members: Vec<_> = standing.iter().map(|(member, _, _)| *member).collect();
        shuffle(seed, &mut members);
        let groups = split(&members, groups);
        let mut proposers = groups.clone();
        let faults = members.len().saturating_sub(1) / 3;
        let mut left = faults;
        for low in credit::skippable(standing.iter().copied()) {
            let group = proposers.iter_mut().find(|group| group.contains(&low));
            if let Some(group) = group.filter(|group| left > 0 && group.len() > 1) {
                group.retain(|member| *member != low);
                left -= 1;
            }
        }
        Self { groups, proposers }
    }

    /// The member on turn in a view.
    pub fn leader(&self, view: View) -> Option<MemberIndex> {
        let groups = self.proposers.len().max(1) as u64;
        let group = self.proposers.get(usize::try_from(view.get() % groups).ok()?)?;
        let turn = view.get() / groups % group.len().max(1) as u64;
        group.get(usize::try_from(turn).ok()?).copied()
    }
}

/// Consecutive parts whose sizes differ by at most 1; fewer than asked for if they would be too small.
fn split(members: &[MemberIndex], groups: usize) -> Vec<Vec<MemberIndex>> {
    let groups = groups.min(members.len() / MIN_GROUP).max(1);
    let (size, larger) = (members.len() / groups, members.len() % groups);
    let mut rest = members;
    let mut parts = Vec::with_capacity(groups);
    for group in 0..groups {
        let (part, after) = rest.split_at(size + usize::from(group < larger));
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// Shuffles so that every order is equally likely (Fisher–Yates, numbers drawn by rejection).
fn shuffle(seed: &[u8; 32], members: &mut [MemberIndex]) {
    let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 election shuffle");
    let mut stream = hasher.update(seed).finalize_xof();
    for last in (1..members.len()).rev() {
        members.swap(last, below(&mut stream, last + 1));
    }
}

/// A number below `bound`, every one equally likely.
fn below(stream: &mut blake3::OutputReader, bound: usize) -> usize {
    let bound = bound as u64;
    // The largest multiple of the bound that a draw can be below: what is not below it would favour small numbers.
    let fair = (1 << 32) / bound * bound;
    loop {
        let mut bytes = [0; 4];
        stream.fill(&mut bytes);
        let drawn = u64::from(u32::from_le_bytes(bytes));
        if drawn < fair {
            return (drawn % bound) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fair(members: u16) -> Vec<(MemberIndex, Credit, bool)> {
        (0..members).map(|index| (MemberIndex::new(index), Credit::default(), false)).collect()
    }

    #[test]
    fn every_member_is_as_often_at_every_place() {
        let first = 20_261u64;
        println!("seeds of the shuffles: {first}..");
        const MEMBERS: usize = 7;
        const ROUNDS: u64 = 7_000;
        let mut counts = [[0f64; MEMBERS]; MEMBERS];
        for number in first..first + ROUNDS {
            let election = Election::draw(blake3::hash(&number.to_le_bytes()).as_bytes(), &fair(7), 1);
            for (place, member) in election.groups[0].iter().enumerate() {
                counts[place][member.at()] += 1.0;
            }
        }
        let expected = ROUNDS as f64 / MEMBERS as f64;
        let chi: f64 = counts.iter().flatten().map(|count| (count - expected).powi(2) / expected).sum();
        println!("chi-square {chi:.1} with 36 degrees of freedom");
        assert!(chi < 73.0, "chi-square {chi}: less likely than 1 in 4,000 for a fair shuffle");
    }

    #[test]
    fn a_skipped_member_stays_in_its_group_and_has_no_turns() {
        let mut standing = fair(7);
        standing[2].2 = true;
        standing[5].1 = Credit::new(3);
        standing[6].1 = Credit::new(4);
        let election = Election::draw(&[1; 32], &standing, 1);
        let leaders: Vec<_> = (0..50).filter_map(|view| election.leader(View::new(view))).collect();
        let leads = |index| leaders.contains(&MemberIndex::new(index));
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6].map(leads),
            [true, true, false, true, true, false, true],
            "two of seven at most"
        );
        assert_eq!(election.groups[0].len(), 7);
    }

    proptest! {
        #[test]
        fn groups_part_the_members_evenly_and_everybody_fair_has_turns(
            seed in any::<[u8; 32]>(), members in 1u16..=100, groups in 0usize..12, low in prop::collection::vec(any::<bool>(), 100),
        ) {
            let mut standing = fair(members);
            for (entry, low) in standing.iter_mut().zip(low) {
                entry.2 = low;
            }
            let election = Election::draw(&seed, &standing, groups);
            prop_assert_eq!(&election, &Election::draw(&seed, &standing, groups), "recomputed");
            let mut all: Vec<_> = election.groups.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..members).map(MemberIndex::new).collect::<Vec<_>>());
            let sizes: Vec<_> = election.groups.iter().map(Vec::len).collect();
            let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
            prop_assert!(most - least <= 1);
            prop_assert!(sizes.len() == 1 || least >= MIN_GROUP);
            prop_assert!(sizes.len() <= groups.max(1));
            let proposers: usize = election.proposers.iter().map(Vec::len).sum();
            prop_assert!(proposers >= usize::from(members) - (usize::from(members) - 1) / 3);
            prop_assert!(election.proposers.iter().all(|group| !group.is_empty()));
            // In as many views as there are groups times the largest group, every proposer has a turn.
            let views = (most * sizes.len()) as u64;
            let led: std::collections::BTreeSet<_> = (0..views).filter_map(|view| election.leader(View::new(view))).collect();
            prop_assert_eq!(led.len(), proposers);
        }
    }
}
