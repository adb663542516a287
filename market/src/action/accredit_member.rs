//! Adds a governance key, and sets how many must sign from then on.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::config::MAX_GOVERNORS;
use crate::fault::{Fault, RoleFault};
use crate::id::AccountKey;
use crate::role::{Governor, check_identity, governors};
use crate::state::store;
use crate::state_key;

/// Adds a governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccreditMember {
    /// The key, which signs as well.
    pub key: AccountKey,
    /// The member's name.
    pub name: String,
    /// How many keys must sign from now on.
    pub threshold: u16,
}

canonical!(struct AccreditMember { key, name, threshold });

impl Execute for AccreditMember {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(check_identity(&self.key, &self.name)?)
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::GovernanceAnd(self.key)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, _: Env) -> Result<Vec<Event>, Fault> {
        let mut governors = governors(state);
        if governors.contains(&self.key) {
            return Err(RoleFault::Taken(self.key).into());
        }
        let keys = governors.members.len() + 1;
        let threshold = self.threshold;
        if threshold == 0 || usize::from(threshold) > keys || keys > MAX_GOVERNORS {
            return Err(RoleFault::Threshold { threshold, keys }.into());
        }
        governors.members.push(Governor { key: self.key, name: self.name.clone() });
        governors.threshold = threshold;
        store(state, &state_key::governance(), &governors);
        Ok(vec![Event::new("member.accredited").with("key", self.key).with("threshold", threshold)])
    }
}
