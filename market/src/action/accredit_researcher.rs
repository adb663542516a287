//! Lets a researcher post requests.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::Fault;
use crate::id::AccountKey;
use crate::role::{Role, accredit, check_identity};

/// Accredits a researcher, or gives back what a suspension took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccreditResearcher {
    /// The account.
    pub account: AccountKey,
    /// Its name, for people.
    pub name: String,
}

canonical!(struct AccreditResearcher { account, name });

impl Execute for AccreditResearcher {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(check_identity(&self.account, &self.name)?)
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Governance
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        accredit(state, &self.account, &self.name, Role::Researcher, env.height())?;
        Ok(vec![Event::new("researcher.accredited").with("account", self.account)])
    }
}
