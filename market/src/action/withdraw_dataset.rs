//! Takes a dataset out of the registry: by its hospital, or because it was not committed again in time.

use galen_circuits::field::F;
use galen_ledger::{Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::{Canonical, CodecFault, Reader, canonical};
use crate::fault::{DatasetFault, Fault};
use crate::id::{AccountKey, SchemaId};
use crate::registry::{Place, TreeName, place, set};
use crate::role::active_hospital;
use crate::state::{store, up_to};
use crate::state_key;

/// Withdraws a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawDataset {
    /// The hospital.
    pub account: AccountKey,
    /// The dataset's schema.
    pub schema: SchemaId,
}

canonical!(struct WithdrawDataset { account, schema });

impl Execute for WithdrawDataset {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        Ok(())
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Account(self.account)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        active_hospital(state, &self.account)?;
        let place = place(state, &self.account, &self.schema);
        let active = place.and_then(|place| Some((place, place.dataset?)));
        let (place, dataset) = active.ok_or(DatasetFault::NotActive(self.schema))?;
        let until = dataset.height + env.config.windows.recommit_time;
        state.delete(&state_key::recommit(until, &self.account, &self.schema));
        clear(state, &self.account, &self.schema, place, env.height());
        Ok(vec![Event::new("dataset.withdrawn").with("account", self.account).with("schema", self.schema)])
    }
}

fn clear(state: &mut dyn StateWrite, account: &AccountKey, schema: &SchemaId, place: Place, height: u64) {
    set(state, TreeName::Datasets, place.position, F::from(0u64), height);
    set(state, TreeName::Standing, place.position, F::from(0u64), height);
    store(state, &state_key::place(account, schema), &Place { standing: false, dataset: None, ..place });
}

/// At the end of a block: datasets that were not committed again in time leave the registry.
pub fn expire(state: &mut dyn StateWrite, height: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for (key, _) in up_to(state, &state_key::recommits(), height) {
        state.delete(&key);
        let Ok((account, schema)) = read_key(&key) else { continue };
        // A suspended hospital's dataset is gone already.
        let Some(place) = place(state, &account, &schema).filter(|place| place.dataset.is_some()) else {
            continue;
        };
        clear(state, &account, &schema, place, height);
        events.push(Event::new("dataset.expired").with("account", account).with("schema", schema));
    }
    events
}

fn read_key(key: &[u8]) -> Result<(AccountKey, SchemaId), CodecFault> {
    let skipped = state_key::recommits().len() + size_of::<u64>();
    let mut reader = Reader::new(key.get(skipped..).unwrap_or_default());
    Ok((AccountKey::read(&mut reader)?, SchemaId::read(&mut reader)?))
}
