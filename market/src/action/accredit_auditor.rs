//! Makes an auditor known. Auditing needs no right on the ledger; the role is for interfaces that ask who reads.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::Fault;
use crate::id::AccountKey;
use crate::role::{Role, accredit, check_identity};

/// Accredits an auditor, or gives back what a suspension took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccreditAuditor {
    /// The account.
    pub account: AccountKey,
    /// Its name, for people.
    pub name: String,
}

canonical!(struct AccreditAuditor { account, name });

impl Execute for AccreditAuditor {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(check_identity(&self.account, &self.name)?)
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Governance
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        accredit(state, &self.account, &self.name, Role::Auditor, env.height())?;
        Ok(vec![Event::new("auditor.accredited").with("account", self.account)])
    }
}
