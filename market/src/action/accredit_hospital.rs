//! Lets a hospital sell under some schemas: sets its leaves of standing.
//!
//! The hospital signs as well, so that nobody is given a seller's name that it did not choose, and shows that it knows the
//! secret behind the name: a name copied from another hospital, before or after that one is accredited, is refused.

use galen_circuits::knowledge::Knowledge;
use galen_circuits::registry::standing_leaf;
use galen_ledger::{ChainId, Event, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::canonical;
use crate::fault::{Fault, RoleFault};
use crate::id::{AccountKey, SchemaId, SellerName};
use crate::notes::price::SealingKey;
use crate::registry::{self, TreeName, sellers};
use crate::role::{Participant, Role, check_identity, participant, put};
use crate::state::{load, store};
use crate::state_key;

/// Most schemas of one accreditation.
const MAX_SCHEMAS: usize = 64;

/// Accredits a hospital, adds schemas to one that is, or gives back what a suspension took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccreditHospital {
    /// Its account, which signs as well.
    pub account: AccountKey,
    /// Its name, for people.
    pub name: String,
    /// Its name inside circuits, `hash(seller_secret)`.
    pub seller: SellerName,
    /// The schemas that it may sell under.
    pub schemas: Vec<SchemaId>,
    /// Shows that the secret behind the name is known, in [`knowledge_context`].
    pub knowledge: Knowledge,
    /// The key that prices are sealed to, whose secret is shown to be known in the same context.
    pub sealing: SealingKey,
}

canonical!(struct AccreditHospital { account, name, seller, schemas, knowledge, sealing });

/// Where knowledge is shown: on this chain, by this account.
pub fn knowledge_context(chain: &ChainId, account: &AccountKey) -> Vec<u8> {
    [chain.as_bytes().as_slice(), account.as_bytes()].concat()
}

impl Execute for AccreditHospital {
    fn check_stateless(&self, env: Env) -> Result<(), Fault> {
        check_identity(&self.account, &self.name)?;
        let repeated =
            || self.schemas.iter().enumerate().any(|(i, id)| self.schemas.iter().take(i).any(|s| s == id));
        if self.schemas.len() > MAX_SCHEMAS || repeated() {
            return Err(RoleFault::Schemas.into());
        }
        let context = knowledge_context(&env.block.chain_id, &self.account);
        if !env.proofs.knows(&self.knowledge, &context, self.seller.field(), &env.config.auditor.key) {
            return Err(RoleFault::Knowledge.into());
        }
        if self.sealing.holds(&context) { Ok(()) } else { Err(RoleFault::Sealing.into()) }
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::GovernanceAnd(self.account)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        let is_new = self.take_name(state, env.height())?;
        let mut added = 0;
        for schema in &self.schemas {
            added += u32::from(self.give_standing(state, schema, env.height())?);
        }
        if !is_new && added == 0 {
            return Err(RoleFault::NothingNew.into());
        }
        let event = Event::new("hospital.accredited").with("account", self.account).with("schemas", added);
        Ok(vec![event])
    }
}

impl AccreditHospital {
    /// Whether the hospital was unknown or suspended, and is neither now.
    fn take_name(&self, state: &mut dyn StateWrite, height: u64) -> Result<bool, RoleFault> {
        let owner: Option<AccountKey> = load(state, &state_key::seller(&self.seller));
        let role = Role::Hospital { seller: self.seller, sealing: self.sealing.key };
        match participant(state, &self.account) {
            Some(Participant { role: Role::Hospital { seller, sealing }, suspended, .. })
                if seller == self.seller =>
            {
                // Another key for prices is something new: the one before may have been lost, or become known.
                match suspended || sealing != self.sealing.key {
                    true => {}
                    false => return Ok(false),
                }
            }
            Some(Participant { role: Role::Hospital { .. }, .. }) => return Err(RoleFault::Seller),
            Some(_) => return Err(RoleFault::Taken(self.account)),
            None if owner.is_some() => return Err(RoleFault::Seller),
            None => {}
        }
        store(state, &state_key::seller(&self.seller), &self.account);
        sellers::note_change(state);
        let participant = Participant { name: self.name.clone(), role, suspended: false, since: height };
        put(state, &self.account, &participant);
        Ok(true)
    }

    fn give_standing(
        &self,
        state: &mut dyn StateWrite,
        schema: &SchemaId,
        height: u64,
    ) -> Result<bool, RoleFault> {
        if state.get(&state_key::schema(schema)).is_none() {
            return Err(RoleFault::NoSchema(*schema));
        }
        let place = match registry::place(state, &self.account, schema) {
            Some(place) => place,
            None => registry::take_place(state, self.seller).ok_or(RoleFault::Full)?,
        };
        if place.standing {
            return Ok(false);
        }
        let leaf = standing_leaf(schema.field(), self.seller.field());
        registry::set(state, TreeName::Standing, place.position, leaf, height);
        store(state, &state_key::place(&self.account, schema), &registry::Place { standing: true, ..place });
        Ok(true)
    }
}
