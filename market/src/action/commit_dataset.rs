//! Commits to a dataset: its leaf takes the place of the one before.
//!
//! A commitment shows a hospital, a schema and a time, and nothing of the data. It does not touch the leaf of standing,
//! except to set it again where a withdrawal or a missed commitment had cleared it.

use galen_circuits::field::{F, hex_serde};
use galen_circuits::registry::{dataset_leaf, standing_leaf};
use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::{DatasetFault, Fault};
use crate::id::{AccountKey, SchemaId};
use crate::registry::{Commitment, Place, TreeName, place, set};
use crate::role::active_hospital;
use crate::state::store;
use crate::state_key;

/// Commits to a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitDataset {
    /// The hospital.
    pub account: AccountKey,
    /// The schema that its rows are encoded with.
    pub schema: SchemaId,
    /// `hash(root, chunks, salt)`.
    #[serde(with = "hex_serde")]
    pub body: F,
}

canonical!(struct CommitDataset { account, schema, body });

impl Execute for CommitDataset {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        if self.body == F::from(0u64) { Err(DatasetFault::Body.into()) } else { Ok(()) }
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Account(self.account)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        let seller = active_hospital(state, &self.account)?;
        let before =
            place(state, &self.account, &self.schema).ok_or(DatasetFault::NotAccredited(self.schema))?;
        if before.dataset.is_some_and(|dataset| dataset.body == self.body) {
            return Err(DatasetFault::Body.into());
        }
        let (height, schema) = (env.height(), self.schema.field());
        let position = before.position;
        if let Some(dataset) = before.dataset {
            let until = dataset.height + env.config.windows.recommit_time;
            state.delete(&state_key::recommit(until, &self.account, &self.schema));
        }
        set(state, TreeName::Datasets, position, dataset_leaf(self.body, schema, seller.field()), height);
        if !before.standing {
            set(state, TreeName::Standing, position, standing_leaf(schema, seller.field()), height);
        }
        let dataset = Some(Commitment { body: self.body, height });
        store(
            state,
            &state_key::place(&self.account, &self.schema),
            &Place { standing: true, dataset, ..before },
        );
        let until = height + env.config.windows.recommit_time;
        store(state, &state_key::recommit(until, &self.account, &self.schema), &true);
        let event = Event::new("dataset.committed").with("account", self.account).with("schema", self.schema);
        Ok(vec![event.with("until", until)])
    }
}
