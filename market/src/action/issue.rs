//! The treasury makes money, against money held outside. How much, and whose, only treasury and payee know.

use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::Fault;
use crate::money;
use crate::notes::issue::Issuance;

/// Makes money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// The notes, with their proofs.
    pub issuance: Issuance,
}

canonical!(struct Issue { issuance });

impl Execute for Issue {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(())
    }

    fn authority(&self, env: Env) -> Authority {
        Authority::Account(env.config.treasury)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        money::issue(state, env, &self.issuance)?;
        Ok(vec![Event::new("money.issued").with("notes", self.issuance.notes.len())])
    }
}
