//! Takes a role away: a hospital's leaves at once, a researcher's right to post, or a governance key.

use galen_circuits::field::F;
use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::{Fault, RoleFault};
use crate::id::AccountKey;
use crate::registry::{Place, TreeName, recent, sellers, set};
use crate::role::{MAX_NAME, Participant, Role, governors, participant, put};
use crate::state::{list, store};
use crate::state_key;

/// Suspends a participant, or removes a governance key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Who.
    pub account: AccountKey,
    /// Why, for people.
    pub reason: String,
}

canonical!(struct Suspend { account, reason });

impl Execute for Suspend {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        if self.reason.len() > MAX_NAME || self.reason.chars().any(char::is_control) {
            return Err(RoleFault::Name.into());
        }
        Ok(())
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Governance
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        match participant(state, &self.account) {
            Some(Participant { suspended: true, .. }) => {
                return Err(RoleFault::Suspended(self.account).into());
            }
            Some(before) => {
                if matches!(before.role, Role::Hospital { .. }) {
                    self.clear_leaves(state, env.height());
                }
                put(state, &self.account, &Participant { suspended: true, since: env.height(), ..before });
            }
            None => self.remove_governor(state)?,
        }
        let event = Event::new("role.suspended").with("account", self.account).with("reason", &self.reason);
        Ok(vec![event])
    }
}

impl Suspend {
    fn clear_leaves(&self, state: &mut dyn StateWrite, height: u64) {
        // Of a hospital that has withdrawn everything, too: it reads prices, and an older root may still be good.
        recent::note_suspension(state);
        sellers::note_change(state);
        let places: Vec<(Vec<u8>, Place)> = list(state, &state_key::places(&self.account)).collect();
        for (key, place) in places {
            set(state, TreeName::Standing, place.position, F::from(0u64), height);
            set(state, TreeName::Datasets, place.position, F::from(0u64), height);
            store(state, &key, &Place { standing: false, dataset: None, ..place });
        }
    }

    fn remove_governor(&self, state: &mut dyn StateWrite) -> Result<(), RoleFault> {
        let mut governors = governors(state);
        if !governors.contains(&self.account) {
            return Err(RoleFault::Unknown(self.account));
        }
        governors.members.retain(|member| member.key != self.account);
        let keys = governors.members.len();
        if usize::from(governors.threshold) > keys {
            return Err(RoleFault::Threshold { threshold: governors.threshold, keys });
        }
        store(state, &state_key::governance(), &governors);
        Ok(())
    }
}
