//! The ledger's own state: members, the beacon, and what a member owes it.

use std::sync::Arc;

use super::{Executor, Tip};
use crate::{
    beacon::BeaconMessage,
    chain::Committee,
    codec::Decode,
    crypto::SecretKey,
    execution::{
        StoreError, keys,
        upkeep::{self, Duty, MemberRecord, OutputRecord, RoundRecord},
        view::View,
    },
    state::StateRead,
    types::{Cycle, MemberIndex},
};

impl Executor {
    /// Reads the ledger's own state after the newest final block.
    fn ledger<T>(&self, read: impl FnOnce(&dyn StateRead, &Tip) -> T) -> Result<T, StoreError> {
        let tip = self.read_tip();
        let view = View::new(Vec::new(), Arc::clone(&self.store));
        let answer = read(&view.space(keys::LEDGER), &tip);
        view.intact()?;
        Ok(answer)
    }

    /// What the ledger knows of a member.
    ///
    /// # Errors
    /// When the store fails.
    pub fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, StoreError> {
        self.ledger(|state, _| MemberRecord::from_bytes(&state.get(&keys::member(member))?).ok())
    }

    /// The committee of a cycle that has begun.
    ///
    /// # Errors
    /// When the store fails.
    pub fn committee_of(&self, cycle: Cycle) -> Result<Option<Committee>, StoreError> {
        self.ledger(|state, _| Committee::from_bytes(&state.get(&keys::committee(cycle))?).ok())
    }

    /// How many members there have ever been: the next gets this number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn members_ever(&self) -> Result<usize, StoreError> {
        self.ledger(|state, _| state.prefix(keys::MEMBERS).count())
    }

    /// The round of the beacon that is running, or ran last in this cycle.
    ///
    /// # Errors
    /// When the store fails.
    pub fn round(&self) -> Result<Option<RoundRecord>, StoreError> {
        self.ledger(|state, _| RoundRecord::from_bytes(&state.get(keys::ROUND)?).ok())
    }

    /// The newest output of the beacon.
    ///
    /// # Errors
    /// When the store fails.
    pub fn output(&self) -> Result<Option<OutputRecord>, StoreError> {
        self.ledger(|state, _| OutputRecord::from_bytes(&state.get(keys::OUTPUT)?).ok())
    }

    /// What a member owes the beacon as of the newest final block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn duties(&self, me: MemberIndex) -> Result<Vec<Duty>, StoreError> {
        self.ledger(|state, tip| {
            upkeep::duties(&self.genesis, &tip.committee, state, tip.position.height, me)
        })
    }

    /// Does a duty, if it is of the current cycle. The same message whenever it is done.
    ///
    /// # Errors
    /// When the store fails.
    pub fn perform(
        &self,
        duty: Duty,
        me: MemberIndex,
        key: &SecretKey,
    ) -> Result<Option<BeaconMessage>, StoreError> {
        self.ledger(|state, tip| upkeep::perform(duty, &tip.committee, state, me, key))
    }
}
