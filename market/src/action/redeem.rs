//! The treasury takes money out of the market that it pays outside. The amount is public, and one of few: see
//! [`money::check_denomination`]. Whose it was is not.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::Fault;
use crate::money;
use crate::notes::transfer::Transfer;

/// Redeems money: the owner makes the transfer, the treasury signs, and pays outside once this is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// How much, in minor units.
    pub amount: u64,
    /// What is spent for it, with the change.
    pub transfer: Transfer,
}

canonical!(struct Redeem { amount, transfer });

impl Execute for Redeem {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(money::check_denomination(self.amount)?)
    }

    fn authority(&self, env: Env) -> Authority {
        Authority::Account(env.config.treasury)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        money::redeem(state, env, &self.transfer, self.amount)?;
        Ok(vec![Event::new("money.redeemed").with("amount", self.amount)])
    }
}
