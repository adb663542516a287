//! Who relays for whom.

use std::collections::BTreeMap;

use crate::{chain::Committee, types::MemberIndex};

/// The parts into which a committee is cut for the relay, each with its leader first.
///
/// They are the groups of the election, and where a group has more than ⌈√n⌉ members, equal parts of it in the order of
/// its turns: so no leader handles more than about √n members and √n other leaders, however many groups the genesis asks
/// for.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Vec<MemberIndex>>,
    part_of: BTreeMap<MemberIndex, usize>,
}

impl Parts {
    pub fn of(committee: &Committee) -> Self {
        let most = (1..).find(|root| root * root >= committee.size()).unwrap_or(1);
        let parts: Vec<_> = committee.election().groups.iter().flat_map(|group| cut(group, most)).collect();
        let place = |(place, part): (usize, &Vec<MemberIndex>)| {
            part.iter().map(|member| (*member, place)).collect::<Vec<_>>()
        };
        let part_of = parts.iter().enumerate().flat_map(place).collect();
        Self { parts, part_of }
    }

    /// The leader of a member's part.
    pub fn leader_of(&self, member: MemberIndex) -> Option<MemberIndex> {
        self.part(member).first().copied()
    }

    /// Whether a member leads a part.
    pub fn leads(&self, member: MemberIndex) -> bool {
        self.leader_of(member) == Some(member)
    }

    /// A member's part.
    pub fn part(&self, member: MemberIndex) -> &[MemberIndex] {
        let part = self.part_of.get(&member).and_then(|place| self.parts.get(*place));
        part.map_or(&[], Vec::as_slice)
    }

    /// All leaders.
    pub fn leaders(&self) -> impl Iterator<Item = MemberIndex> {
        self.parts.iter().filter_map(|part| part.first().copied())
    }
}

/// Consecutive parts of at most `most`, of sizes that differ by at most one.
fn cut(group: &[MemberIndex], most: usize) -> Vec<Vec<MemberIndex>> {
    let parts = group.len().div_ceil(most.max(1)).max(1);
    let (size, larger) = (group.len() / parts, group.len() % parts);
    let mut rest = group.iter().copied();
    (0..parts).map(|part| rest.by_ref().take(size + usize::from(part < larger)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_in_order_and_none_is_larger_than_asked() {
        for (members, most) in (0u16..60).flat_map(|members| (1..12).map(move |most| (members, most))) {
            let group: Vec<_> = (0..members).map(MemberIndex::new).collect();
            let parts = cut(&group, most);
            assert_eq!(parts.concat(), group);
            let sizes: Vec<_> = parts.iter().map(Vec::len).collect();
            let (least, largest) = (sizes.iter().min().copied(), sizes.iter().max().copied());
            assert!(largest <= Some(most) && largest <= least.map(|least| least + 1), "{sizes:?}");
        }
    }
}
