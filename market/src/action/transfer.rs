//! Moves money between accounts: also how a hospital collects what its one-time payout keys were paid.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::amount::Amount;
use crate::codec::canonical;
use crate::fault::Fault;
use crate::id::AccountKey;
use crate::money;

/// Moves money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Who pays.
    pub from: AccountKey,
    /// Who is paid.
    pub to: AccountKey,
    /// How much.
    pub amount: Amount,
}

canonical!(struct Transfer { from, to, amount });

impl Execute for Transfer {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(money::check_payment(&self.to, self.amount)?)
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Account(self.from)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, _: Env) -> Result<Vec<Event>, Fault> {
        money::transfer(state, &self.from, &self.to, self.amount)?;
        Ok(vec![Event::new("money.transferred").with("from", self.from).with("to", self.to)])
    }
}
