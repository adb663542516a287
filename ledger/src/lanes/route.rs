//! Who authors a transaction: by its conflict key a group, by its hash an order of that group's members.
//!
//! What conflicts meets in one group, whose members see it first. Within the group the load is spread, and everybody
//! computes the same order (each member's place is decided by a hash of transaction and member), so that a member that
//! submits knows whom to ask next.

use crate::{
    chain::Committee,
    types::{MemberIndex, TxHash},
};

/// The group that a conflict key belongs to.
pub fn group_of(key: &[u8], groups: usize) -> usize {
    let hash = blake3::derive_key("galen ledger v1 group of a conflict key", key);
    let (number, _) = hash.split_first_chunk::<8>().expect("a hash has 32 bytes");
    (u64::from_le_bytes(*number) % groups.max(1) as u64) as usize
}

/// The members who may be asked to author a transaction, in order: the whole group of its conflict key.
pub fn authors(committee: &Committee, key: &[u8], tx: &TxHash) -> Vec<MemberIndex> {
    let groups = &committee.election().groups;
    let mut members = groups.get(group_of(key, groups.len())).cloned().unwrap_or_default();
    members.sort_by_cached_key(|member| rank(tx, *member));
    members
}

fn rank(tx: &TxHash, member: MemberIndex) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("galen ledger v1 author of a transaction");
    hasher.update(tx.as_bytes()).update(&member.get().to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// The group of a member.
pub fn group_of_member(committee: &Committee, member: MemberIndex) -> Option<u16> {
    let at = committee.election().groups.iter().position(|group| group.contains(&member))?;
    u16::try_from(at).ok()
}

/// Whether a group has enough members to vouch for what its authors make: f + 1 are a third of all at least, so in a
/// consortium of four groups or more none can.
pub fn vouches(committee: &Committee, group: u16) -> bool {
    let group = committee.election().groups.get(usize::from(group));
    group.is_some_and(|group| group.len() > committee.faults())
}

/// Whom the author of a mini-block sends it to: its own group, and of every other the first, who passes it on.
pub fn audience(committee: &Committee, author: MemberIndex) -> Vec<MemberIndex> {
    let mut audience = Vec::new();
    for group in &committee.election().groups {
        match group.contains(&author) {
            true => audience.extend(group.iter().copied().filter(|member| *member != author)),
            false => audience.extend(group.first()),
        }
    }
    audience
}

/// Whom a member passes on to what an author of another group has sent: its group, if it is the first there.
pub fn relayed(committee: &Committee, me: MemberIndex, author: MemberIndex) -> Vec<MemberIndex> {
    let mine = committee.election().groups.iter().find(|group| group.first() == Some(&me));
    let group = mine.filter(|group| !group.contains(&author));
    group.into_iter().flatten().copied().filter(|member| *member != me).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        chain::{Seat, genesis::Parameters},
        crypto::{Scope, SecretKey},
        election::Election,
        types::{ChainId, Cycle, View},
    };

    fn committee(members: u8, groups: usize) -> Committee {
        let numbers = || (0..u16::from(members)).map(MemberIndex::new);
        let seats = numbers().map(|member| {
            let key = SecretKey::from_bytes(&[member.get() as u8 + 1; 32]);
            Seat { member, keys: crate::chain::Candidate::new("member", &key, None).keys }
        });
        let scope = Scope { chain_id: ChainId::from_bytes([1; 32]), cycle: Cycle::new(0) };
        Committee::new(scope, View::new(0), seats.collect(), Election::unshuffled(numbers(), groups))
    }

    #[test]
    fn what_conflicts_meets_in_one_group_and_its_members_share_the_load() {
        let committee = committee(12, 3);
        let mut first: BTreeMap<MemberIndex, usize> = BTreeMap::new();
        for number in 0u32..600 {
            let tx = TxHash::of(&number.to_le_bytes());
            let group = &committee.election().groups[group_of(b"request 7", 3)];
            let authors = authors(&committee, b"request 7", &tx);
            assert_eq!(authors.len(), group.len());
            assert!(authors.iter().all(|author| group.contains(author)));
            *first.entry(authors[0]).or_default() += 1;
        }
        assert_eq!(first.len(), 4);
        assert!(first.values().all(|count| (90..=210).contains(count)), "{first:?}");
    }

    #[test]
    fn what_an_author_sends_and_leaders_pass_on_reaches_everybody_once() {
        for (members, groups) in [(4, 1), (8, 2), (13, 3)] {
            let committee = committee(members, groups);
            for author in committee.members() {
                let sent = audience(&committee, author);
                let mut reached: Vec<_> = sent.clone();
                reached.extend(sent.iter().flat_map(|leader| relayed(&committee, *leader, author)));
                reached.push(author);
                reached.sort_unstable();
                assert_eq!(reached, committee.members().collect::<Vec<_>>());
            }
        }
        assert!(Parameters::default().groups > 0);
    }
}
