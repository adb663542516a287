//! The treasury makes money, against money held outside.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::amount::Amount;
use crate::codec::canonical;
use crate::fault::Fault;
use crate::id::AccountKey;
use crate::money;

/// Makes money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// For whom.
    pub to: AccountKey,
    /// How much.
    pub amount: Amount,
}

canonical!(struct Issue { to, amount });

impl Execute for Issue {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(money::check_payment(&self.to, self.amount)?)
    }

    fn authority(&self, env: Env) -> Authority {
        Authority::Account(env.config.treasury)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, _: Env) -> Result<Vec<Event>, Fault> {
        money::issue(state, &self.to, self.amount)?;
        Ok(vec![Event::new("money.issued").with("to", self.to).with("amount", self.amount)])
    }
}
