//! The members of the consortium, the committee of the cycle, and the beacon.

use galen_ledger::MemberIndex;
use galen_ledger::execution::upkeep::Pending;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chain::{Chain, ChainError};

/// Most members that are shown: numbers are never given twice, and a chain has no more in all.
const MOST: u16 = 1024;

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberView {
    /// Its number, for ever.
    pub member: u16,
    /// Its name, for people.
    pub name: String,
    /// Its voting key.
    pub voting_key: String,
    /// Whether it has a seat in this cycle.
    pub seated: bool,
    /// How far it can be relied on to propose, from 0 to 1024.
    pub credit: u32,
    /// It was proven to have broken a rule, and does not propose until it is readmitted.
    pub barred: bool,
    /// Its group in this cycle, counted from 0.
    pub group: Option<usize>,
    /// Whether it proposes in this cycle.
    pub proposes: bool,
    /// What changes about it with the next cycle.
    pub pending: Option<&'static str>,
}

/// The cycle and the beacon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CycleView {
    /// The cycle of the next block.
    pub cycle: u64,
    /// Blocks of a cycle.
    pub blocks: u64,
    /// Heights of its first and last block.
    pub first: u64,
    /// The last block of the cycle: with it members, groups and proposers change.
    pub last: u64,
    /// Members with a seat, n.
    pub members: usize,
    /// Members that may do anything at all, f.
    pub faults: usize,
    /// Votes that decide, n − f.
    pub quorum: usize,
    /// Its groups, each in the order of its turns.
    pub groups: Vec<Vec<u16>>,
    /// The newest output of the beacon.
    pub beacon: Option<BeaconView>,
}

/// An output of the beacon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BeaconView {
    /// The cycle.
    pub cycle: u64,
    /// The round in that cycle.
    pub round: u64,
    /// The block that completed it.
    pub height: u64,
    /// The random bytes.
    pub value: String,
}

/// All members that there ever were, in the order of their numbers.
///
/// # Errors
/// [`ChainError`].
pub fn members(chain: &dyn Chain) -> Result<Vec<MemberView>, ChainError> {
    let committee = chain.committee();
    let election = committee.election();
    let group = |member: MemberIndex| election.groups.iter().position(|group| group.contains(&member));
    let proposes = |member: MemberIndex| election.proposers.iter().any(|group| group.contains(&member));
    let mut members = Vec::new();
    for member in (0..MOST).map(MemberIndex::new) {
        let Some(record) = chain.member(member)? else { break };
        members.push(MemberView {
            member: member.get(),
            name: record.name,
            voting_key: hex::encode(record.keys.voting.as_bytes()),
            seated: record.seated,
            credit: record.credit.get(),
            barred: record.barred,
            group: group(member),
            proposes: proposes(member),
            pending: record.pending.as_ref().map(pending),
        });
    }
    Ok(members)
}

fn pending(pending: &Pending) -> &'static str {
    match pending {
        Pending::Join => "it gets a seat",
        Pending::Leave => "it loses its seat",
        Pending::Rotate(_) => "it gets other keys",
        Pending::Readmit => "it may propose again",
    }
}

/// The cycle of the next block.
///
/// # Errors
/// [`ChainError`].
pub fn cycle(chain: &dyn Chain) -> Result<CycleView, ChainError> {
    let committee = chain.committee();
    let blocks = chain.genesis().parameters.cycle_blocks;
    let cycle = committee.cycle().get();
    let first = cycle.saturating_mul(blocks).saturating_add(1);
    let groups = committee.election().groups.iter();
    let beacon = chain.beacon()?.map(|output| BeaconView {
        cycle: output.cycle.get(),
        round: output.round.get(),
        height: output.height.get(),
        value: hex::encode(output.value),
    });
    Ok(CycleView {
        cycle,
        blocks,
        first,
        last: first.saturating_add(blocks).saturating_sub(1),
        members: committee.size(),
        faults: committee.faults(),
        quorum: committee.quorum(),
        groups: groups.map(|group| group.iter().map(|member| member.get()).collect()).collect(),
        beacon,
    })
}
