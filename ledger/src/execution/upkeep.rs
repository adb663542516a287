//! What the ledger does with a block for itself, before the application sees it: rounds of the beacon, evidence,
//! changes of the membership, credit; and, with the last block of a cycle, the election of the next.
//!
//! All of it is kept in the ledger's part of the authenticated state and follows from the blocks alone, so whoever
//! executes the chain again computes it again, and compares.

mod cycle;
mod duty;
mod evidence;
mod member;
mod membership;
mod round;

use std::sync::Arc;

pub use self::{
    duty::{Duty, duties, perform},
    member::{MemberRecord, Pending},
    round::{OutputRecord, RoundRecord},
};
use super::keys;
use crate::{
    application::{Beacon, Event},
    beacon::BeaconMessage,
    chain::{
        Block, Committee, Genesis, Header, Upkeep,
        upkeep::{MAX_UPKEEP_BYTES, MAX_UPKEEP_ITEMS},
    },
    codec::{Decode, Encode},
    consensus::Rejection,
    state::{Overlay, StateRead, StateWrite, overlay::Writes},
    types::{Height, MemberIndex, View},
};

/// What a block did to the ledger itself.
#[derive(Clone, Debug, Default)]
pub struct Upkept {
    /// Writes in the ledger's space.
    pub writes: Writes,
    /// Randomness that became known.
    pub beacon: Option<Beacon>,
    /// After the last block of a cycle, the committee of the next.
    pub next: Option<Arc<Committee>>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Where a block stands: what upkeep needs of its header.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its height.
    pub height: Height,
    /// Its view.
    pub view: View,
    /// Its parent's view.
    pub parent_view: View,
    /// Who proposes it.
    pub proposer: MemberIndex,
}

impl From<&Header> for Standing {
    fn from(header: &Header) -> Self {
        let Header { height, view, parent_view, proposer, .. } = *header;
        Self { height, view, parent_view, proposer }
    }
}

/// Applies the ledger's own affairs of one block to the state of its parent.
pub struct Session<'a> {
    genesis: &'a Genesis,
    committee: &'a Arc<Committee>,
    at: Standing,
    state: Overlay<'a>,
    upkept: Upkept,
    /// Whether proofs and signatures are checked, or a quorum has.
    verify: bool,
    /// Dealings so far, which are what takes time to check.
    dealings: usize,
}

/// What the ledger's part of the state is after genesis.
pub(super) fn found(genesis: &Genesis) -> Writes {
    let mut writes = Writes::new();
    let mut put = |key: Vec<u8>, value: Vec<u8>| writes.insert(key, Some(value));
    let committee = genesis.committee();
    put(keys::COMMITTEE.to_vec(), committee.to_bytes());
    put(keys::committee(committee.cycle()), committee.to_bytes());
    for (index, candidate) in (0..).map(MemberIndex::new).zip(&genesis.members) {
        put(keys::member(index), MemberRecord::seated(candidate).to_bytes());
    }
    writes
}

/// The committee of the block after the one that a state is of.
pub(super) fn committee(state: &dyn StateRead) -> Option<Committee> {
    read(state, keys::COMMITTEE)
}

fn read<T: Decode>(state: &dyn StateRead, key: &[u8]) -> Option<T> {
    T::from_bytes(&state.get(key)?).ok()
}

fn reject(reason: impl std::fmt::Display) -> Rejection {
    Rejection(reason.to_string())
}

impl<'a> Session<'a> {
    /// Begins a block on its parent's state.
    pub fn begin(
        genesis: &'a Genesis,
        committee: &'a Arc<Committee>,
        parent: &'a dyn StateRead,
        at: Standing,
        verify: bool,
    ) -> Self {
        let state = Overlay::new(parent);
        let mut session =
            Self { genesis, committee, at, state, upkept: Upkept::default(), verify, dealings: 0 };
        session.tally_turns();
        session.begin_round();
        session
    }

    /// Applies a whole block.
    ///
    /// # Errors
    /// What of it is not in order, which makes the block invalid (R5).
    pub fn run(mut self, block: &Block) -> Result<Upkept, Rejection> {
        for (place, item) in block.upkeep.iter().enumerate() {
            self.apply(item).map_err(|Rejection(reason)| Rejection(format!("upkeep {place}: {reason}")))?;
        }
        self.tally_lanes(&block.lanes);
        Ok(self.finish())
    }

    /// Applies one item, or changes nothing.
    ///
    /// # Errors
    /// Why it is not in order here.
    pub fn apply(&mut self, item: &Upkeep) -> Result<(), Rejection> {
        match item {
            Upkeep::Beacon(message) => self.hear(message),
            Upkeep::Evidence(evidence) => self.judge(evidence),
            Upkeep::Change(change) => self.change(change),
        }
    }

    /// Applies those candidates that are in order, as many as a block has room for; and those that are not.
    pub fn choose(&mut self, candidates: Vec<Upkeep>) -> (Vec<Upkeep>, Vec<Upkeep>) {
        let (mut chosen, mut refused, mut bytes) = (Vec::new(), Vec::new(), 0);
        for item in candidates {
            let size = item.to_bytes().len();
            if chosen.len() >= MAX_UPKEEP_ITEMS || bytes + size > MAX_UPKEEP_BYTES {
                break;
            }
            let dealing = matches!(item, Upkeep::Beacon(BeaconMessage::Commit(_)));
            if dealing && self.dealings >= self.dealings_limit() {
                continue;
            }
            match self.apply(&item) {
                Ok(()) => {
                    bytes += size;
                    chosen.push(item);
                }
                Err(_) => refused.push(item),
            }
        }
        (chosen, refused)
    }

    /// Does what is due at the end of the block's own affairs.
    pub fn finish(mut self) -> Upkept {
        self.end_round();
        if self.genesis.schedule().is_last(self.at.height) {
            self.end_cycle();
        }
        self.upkept.writes = self.state.into_writes();
        self.upkept
    }

    fn read<T: Decode>(&self, key: &[u8]) -> Option<T> {
        read(&self.state, key)
    }

    fn write(&mut self, key: &[u8], value: &impl Encode) {
        self.state.put(key, value.to_bytes());
    }

    /// Removes all keys with a prefix.
    fn clear(&mut self, prefix: &[u8]) {
        let keys: Vec<_> = self.state.prefix(prefix).map(|(key, _)| key).collect();
        keys.iter().for_each(|key| self.state.delete(key));
    }

    fn tell(&mut self, event: Event) {
        self.upkept.events.push(event);
    }
}
