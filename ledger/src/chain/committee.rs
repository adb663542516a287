//! The committee of a cycle: who votes, with which keys, and who proposes when. Fixed from the first block of the
//! cycle to the last.

use super::genesis::MAX_MEMBERS;
use crate::{
    beacon::{Context, Holder},
    codec::{Decode, DecodeError, Encode, Reader, put_len, put_list},
    crypto::{PublicKey, Scope},
    election::Election,
    types::{ChainId, CommitteeHash, Cycle, MemberIndex, Round, View},
};

use super::MemberKeys;

/// A member's place in a committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The member.
    pub member: MemberIndex,
    /// Its keys in this cycle.
    pub keys: MemberKeys,
}

/// The committee of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    chain_id: ChainId,
    cycle: Cycle,
    /// View of the block before the first of the cycle.
    base: View,
    /// In the order of the members' numbers.
    seats: Vec<Seat>,
    holders: Vec<Holder>,
    election: Election,
}

impl Committee {
    /// Seats the members of a cycle whose views follow `base`.
    pub fn new(scope: Scope, base: View, mut seats: Vec<Seat>, election: Election) -> Self {
        seats.sort_unstable_by_key(|seat| seat.member);
        seats.dedup_by_key(|seat| seat.member);
        let holders =
            seats.iter().map(|seat| Holder { member: seat.member, key: seat.keys.beacon }).collect();
        Self { chain_id: scope.chain_id, cycle: scope.cycle, base, seats, holders, election }
    }

    /// Digest of all of it. The receipts of the block before its first have it, in the event `ledger.cycle`.
    pub fn hash(&self) -> CommitteeHash {
        CommitteeHash::from_bytes(blake3::derive_key("galen ledger v1 committee", &self.to_bytes()))
    }

    /// Where its signatures are valid.
    pub fn scope(&self) -> Scope {
        Scope { chain_id: self.chain_id, cycle: self.cycle }
    }

    /// Its cycle.
    pub fn cycle(&self) -> Cycle {
        self.cycle
    }

    /// View of the block before the first of the cycle: the views of the cycle come after it.
    pub fn base(&self) -> View {
        self.base
    }

    /// Its members, in the order of their numbers.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The numbers of its members, in their order.
    pub fn members(&self) -> impl Iterator<Item = MemberIndex> {
        self.seats.iter().map(|seat| seat.member)
    }

    /// Groups and proposers.
    pub fn election(&self) -> &Election {
        &self.election
    }

    fn seat(&self, member: MemberIndex) -> Option<&Seat> {
        let at = self.seats.binary_search_by_key(&member, |seat| seat.member).ok()?;
        self.seats.get(at)
    }

    /// Whether a member has a seat.
    pub fn contains(&self, member: MemberIndex) -> bool {
        self.seat(member).is_some()
    }

    /// The voting key of a member.
    pub fn key(&self, member: MemberIndex) -> Option<&PublicKey> {
        self.seat(member).map(|seat| &seat.keys.voting)
    }

    /// Number of members, n.
    pub fn size(&self) -> usize {
        self.seats.len()
    }

    /// Most members that may do anything at all: f = ⌊(n − 1) / 3⌋.
    pub fn faults(&self) -> usize {
        self.size().saturating_sub(1) / 3
    }

    /// Votes that make a certificate, of all n members: n − f. Two quorums share an honest member (R7).
    pub fn quorum(&self) -> usize {
        self.size() - self.faults()
    }

    /// The member on turn in a view.
    pub fn leader(&self, view: View) -> Option<MemberIndex> {
        self.election.leader(view)
    }

    /// What a dealing of a member in a round of this cycle is bound to.
    pub fn dealing(&self, round: Round, dealer: MemberIndex) -> Context<'_> {
        Context { scope: self.scope(), round, dealer, degree: self.faults(), holders: &self.holders }
    }
}

impl Encode for Seat {
    fn encode(&self, out: &mut Vec<u8>) {
        self.member.encode(out);
        self.keys.encode(out);
    }
}

impl Decode for Seat {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { member: Decode::decode(reader)?, keys: Decode::decode(reader)? })
    }
}

fn put_groups(out: &mut Vec<u8>, groups: &[Vec<MemberIndex>]) {
    put_len(out, groups.len());
    groups.iter().for_each(|group| put_list(out, group));
}

fn read_groups(reader: &mut Reader<'_>) -> Result<Vec<Vec<MemberIndex>>, DecodeError> {
    let groups = reader.length(MAX_MEMBERS, "groups")?;
    (0..groups).map(|_| reader.list(MAX_MEMBERS, "members of a group")).collect()
}

impl Encode for Committee {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.cycle.encode(out);
        self.base.encode(out);
        put_list(out, &self.seats);
        put_groups(out, &self.election.groups);
        put_groups(out, &self.election.proposers);
    }
}

impl Decode for Committee {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let scope = Scope { chain_id: Decode::decode(reader)?, cycle: Decode::decode(reader)? };
        let base = Decode::decode(reader)?;
        let seats: Vec<Seat> = reader.list(MAX_MEMBERS, "seats")?;
        if !seats.is_sorted_by(|one, next| one.member < next.member) {
            return Err(DecodeError::NotCanonical("order of seats"));
        }
        let election = Election { groups: read_groups(reader)?, proposers: read_groups(reader)? };
        Ok(Self::new(scope, base, seats, election))
    }
}
