//! Approves a schema: from then on datasets are committed and requests are posted under it.

use galen_circuits::schema::Schema;
use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::{Canonical, canonical};
use crate::fault::{Fault, RoleFault};
use crate::id::SchemaId;
use crate::state::store;
use crate::state_key;

/// Largest schema, in bytes of its encoding: it must leave room for signatures in a transaction.
pub const MAX_SCHEMA: usize = 192 * 1024;

/// Approves a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterSchema {
    /// The schema.
    pub schema: Schema,
}

canonical!(struct RegisterSchema { schema });

impl Execute for RegisterSchema {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        let size = self.schema.to_canonical().len();
        if size > MAX_SCHEMA {
            return Err(RoleFault::SchemaLarge { size, limit: MAX_SCHEMA }.into());
        }
        Ok(())
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Governance
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, _: Env) -> Result<Vec<Event>, Fault> {
        let id = SchemaId::of(&self.schema);
        let key = state_key::schema(&id);
        if state.get(&key).is_some() {
            return Err(RoleFault::SchemaTaken(id).into());
        }
        store(state, &key, &self.schema);
        Ok(vec![Event::new("schema.registered").with("schema", id).with("name", self.schema.name())])
    }
}
