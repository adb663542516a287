//! Posts a request: checked against its schema's policy, its money locked, its anchor taken.
//!
//! The anchor is the registry as it was *before this block*: a dataset that is committed in the same block, by somebody who
//! saw the request on its way, cannot answer it. The sample is drawn by the first beacon that nobody knew at this height.

use galen_ledger::{Event, StateRead, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::amount::Records;
use crate::codec::{Canonical, canonical};
use crate::fault::{Fault, RequestFault, RoleFault};
use crate::id::RequestId;
use crate::money;
use crate::notes::group::Point;
use crate::notes::transfer::Transfer;
use crate::record::{Phase, RequestRecord};
use crate::registry::sellers::sellers;
use crate::registry::{TreeName, root_at};
use crate::request::Request;
use crate::role::active_researcher;
use crate::settle::{Due, schedule};
use crate::state::{load, store};
use crate::state_key;

/// Posts a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostRequest {
    /// The request.
    pub request: Request,
    /// Locks its money.
    pub funding: Transfer,
}

canonical!(struct PostRequest { request, funding });

impl Execute for PostRequest {
    fn check_stateless(&self, env: Env) -> Result<(), Fault> {
        Ok(self.request.check(&env.block.chain_id, env.authority())?)
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Account(self.request.account)
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        let request = &self.request;
        let id = request.id(&env.block.chain_id);
        active_researcher(state, &request.account)?;
        if state.get(&state_key::request(&id)).is_some() {
            return Err(RequestFault::Posted(id).into());
        }
        let min_chunks = self.check_schema(state)?;
        self.check_deadline(env)?;
        self.check_price(state, env)?;
        money::lock(state, env, &id, (&request.price, request.max_records), &self.funding)?;
        self.open(state, env, id, min_chunks);
        let event = Event::new("request.posted").with("request", id).with("schema", request.schema());
        Ok(vec![event.with("deadline", request.deadline)])
    }
}

impl PostRequest {
    fn check_schema(&self, state: &(impl StateRead + ?Sized)) -> Result<u32, Fault> {
        let id = self.request.schema();
        let schema: galen_circuits::schema::Schema =
            load(state, &state_key::schema(&id)).ok_or(RoleFault::NoSchema(id))?;
        self.request.check_policy(&schema)?;
        Ok(schema.min_chunks())
    }

    fn check_price(&self, state: &(impl StateRead + ?Sized), env: Env) -> Result<(), RequestFault> {
        let request = &self.request;
        let sellers: Vec<Point> = sellers(state).iter().map(|seller| seller.key).collect();
        if sellers.is_empty() {
            return Err(RequestFault::NoSeller);
        }
        let context = request.price_context(&env.block.chain_id);
        let mut content = context.to_vec();
        request.price.write(&mut content);
        sellers.write(&mut content);
        let check = || request.price.check(&context, env.authority(), &sellers);
        Ok(env.checked.once("price", &content, check)?)
    }

    fn check_deadline(&self, env: Env) -> Result<(), RequestFault> {
        let windows = &env.config.windows;
        let least = env.height() + windows.min_request_life;
        let most = env.height() + windows.max_request_life;
        let deadline = self.request.deadline.get();
        if (least..=most).contains(&deadline) {
            Ok(())
        } else {
            Err(RequestFault::Deadline { deadline, least, most })
        }
    }

    fn open(&self, state: &mut dyn StateWrite, env: Env, id: RequestId, min_chunks: u32) {
        let anchor_height = env.height().saturating_sub(1);
        let record = RequestRecord {
            request: self.request.clone(),
            sellers: sellers(state).iter().map(|seller| seller.account).collect(),
            min_chunks,
            posted: env.height(),
            posted_ms: env.block.time_ms,
            anchor: root_at(state, TreeName::Datasets, anchor_height),
            anchor_height,
            drawn: None,
            phase: Phase::Open,
            paid: Records::ZERO,
            reserved: Records::ZERO,
            waiting: 0,
            contributions: 0,
        };
        store(state, &state_key::request(&id), &record);
        store(state, &state_key::undrawn(&id), &env.height());
        schedule(state, self.request.deadline.get(), Due::Deadline(id));
    }
}
