//! The inbox: what is asked now, what this hospital can answer, until when and for how much.

use std::sync::{Arc, Weak};

use galen_circuits::field::F;
use galen_circuits::schema::Purpose;
use galen_ledger::{Height, StateRead};
use galen_prover::plan::Run;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::case::Stage;
use super::fault::DeskFault;
use super::{HospitalDesk, internal};
use crate::id::{RequestId, SchemaId};
use crate::query::{self, CannotSell};
use crate::record::RequestRecord;
use crate::role::participant;
use crate::settle;
use crate::web::events::Shot;

/// So many blocks back the pace of the chain is taken from.
const LOOK_BACK: u64 = 100;

/// How fast blocks come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pace {
    /// The newest block.
    pub height: u64,
    /// Its time, in milliseconds since 1970.
    pub time_ms: u64,
    /// From one block to the next, on average of late.
    pub block_ms: u64,
}

/// What a hospital can do about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Answerable {
    /// Look at it, and decide.
    Open,
    /// Some have approved, and more must.
    Approving {
        /// People who have.
        approved: usize,
        /// People who must.
        needed: u8,
    },
    /// It is being answered, or was: see its job.
    InHand,
    /// It cannot be answered.
    Cannot {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        why: String,
    },
}

/// A request, as the inbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InboxItem {
    /// Its name.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Who asks.
    pub researcher: String,
    /// What for.
    pub purpose: String,
    /// The schema's name.
    pub schema: String,
    /// Which patients, in words.
    pub cohort: String,
    /// Least patients of a class.
    pub k: u16,
    /// Least different sensitive values of a class.
    pub l: u16,
    /// Greatest share of one sensitive value in a class, per mille.
    pub alpha: u16,
    /// Chunks of 64 places that the ledger draws of each hospital.
    pub sample: u32,
    /// The last block that takes contributions.
    pub deadline: u64,
    /// Blocks until then.
    pub blocks_left: u64,
    /// Seconds until then, as blocks come now.
    pub seconds_left: u64,
    /// Price of one record, in minor units, as this hospital alone can read it; competitors read their own sealing of it.
    pub price: Option<u64>,
    /// Records that are paid for and that nobody has reserved.
    pub records_left: u32,
    /// Rows of the run that match and whose patients consent: no more can be released.
    pub expected: Option<usize>,
    /// What they would earn, in minor units, if all of them are released and served.
    pub expected_earnings: Option<u64>,
    /// What can be done about it.
    #[serde(flatten)]
    pub answerable: Answerable,
}

/// Why a hospital cannot answer, with what to do.
pub(super) fn cannot(fault: &CannotSell) -> DeskFault {
    let (code, remedy) = match fault {
        CannotSell::NoRequest(_) => return DeskFault::Missing("request"),
        CannotSell::Closed => ("closed", "look at the requests that are open"),
        CannotSell::NotDrawn => ("not-drawn", "wait for the next blocks: the ledger draws the sample then"),
        CannotSell::NotInAnchor => {
            ("not-in-anchor", "commit a dataset: requests posted after that can be answered")
        }
        CannotSell::NoPrice => {
            ("no-price", "wait for the next request: its price will be sealed to this hospital as well")
        }
        CannotSell::NotInStanding => ("not-in-standing", "wait for the next boundary of the registry"),
    };
    DeskFault::conflict(code, fault.to_string(), remedy)
}

impl HospitalDesk {
    /// All requests that are open, the nearest deadline first. Those that are not are not read, however many there were.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn inbox(&self) -> Result<Vec<InboxItem>, DeskFault> {
        let open: Vec<(RequestId, RequestRecord)> = self.chain.read(|state, _| {
            let open = settle::open_requests(state).into_iter();
            open.filter_map(|id| Some((id, record_of(state, &id)?))).collect()
        })?;
        open.into_iter().map(|(id, record)| self.item(&id, &record)).collect()
    }

    /// A request as the inbox shows it, open or not.
    pub(super) fn inbox_item(&self, id: &RequestId) -> Result<InboxItem, DeskFault> {
        let record = self.chain.read(|state, _| RequestRecord::load(state, id))?;
        self.item(id, &record.ok_or(DeskFault::Missing("request"))?)
    }

    fn item(&self, id: &RequestId, record: &RequestRecord) -> Result<InboxItem, DeskFault> {
        let request = &record.request;
        let terms = &request.terms;
        let schema = self.schema(&SchemaId::new(terms.schema))?;
        let chain = self.chain.id();
        let (price, name) = self.chain.read(|state, _| {
            let price = self.keys.price(state, &chain, id).map(|opening| opening.amount);
            (price, participant(state, &request.account).map(|found| found.name))
        })?;
        let expected = self.expected(id)?;
        let (expected, answerable) = match (expected, self.in_hand(id)) {
            (expected, Some(answerable)) => (expected.ok(), answerable),
            (Ok(expected), None) => (Some(expected), Answerable::Open),
            (Err(DeskFault::Conflict { code, detail, .. }), None) => {
                (None, Answerable::Cannot { code: code.into(), why: detail })
            }
            (Err(fault), None) => return Err(fault),
        };
        let (deadline, pace) = (request.deadline.get(), self.pace());
        let blocks_left = deadline.saturating_sub(pace.height);
        let records_left = record.left().get();
        let earn = |rows: usize| price.and_then(|price| price.checked_mul(rows as u64));
        Ok(InboxItem {
            id: id.to_string(),
            title: request.title.clone(),
            researcher: name.unwrap_or_else(|| request.account.to_string()),
            purpose: Purpose::new(terms.purpose).map_or_else(|_| String::new(), |p| p.name().to_owned()),
            schema: schema.name().to_owned(),
            cohort: terms.predicate.describe(&schema),
            k: terms.k,
            l: terms.l,
            alpha: terms.alpha,
            sample: request.sample,
            deadline,
            blocks_left,
            seconds_left: blocks_left.saturating_mul(pace.block_ms).div_ceil(1000),
            price,
            records_left,
            expected,
            expected_earnings: expected.and_then(earn),
            answerable,
        })
    }

    /// What this desk did about a request so far.
    fn in_hand(&self, id: &RequestId) -> Option<Answerable> {
        let state = self.state();
        let case = state.cases.get(id)?;
        match case.stage {
            Stage::Approving if case.approvals.is_empty() => None,
            Stage::Approving => Some(Answerable::Approving {
                approved: case.approvals.len(),
                needed: self.settings.approvals,
            }),
            Stage::Cancelled | Stage::Failed { .. } => None,
            _ => Some(Answerable::InHand),
        }
    }

    /// Rows of the run that match; or why there is none to sell.
    fn expected(&self, id: &RequestId) -> Result<Result<usize, DeskFault>, DeskFault> {
        let (chain, account) = (self.chain.id(), self.keys.account().key());
        let used = self.keys.nullifier(id);
        let (offer, used) = self.chain.read(|state, _| {
            let offer = query::offer(state, &chain, &self.config, &account, id);
            (offer, query::nullifier(state, id, &used))
        })?;
        if let Some(used) = used {
            let detail = match used {
                crate::record::Use::Contributed(_) => "this hospital has contributed to it",
                crate::record::Use::Muted(_) => {
                    "this hospital lost its turn by a contribution with a false proof"
                }
            };
            let remedy = "a request takes one contribution of each hospital";
            return Ok(Err(DeskFault::conflict("used", detail, remedy)));
        }
        let offer = match offer {
            Ok(offer) => offer,
            Err(fault) => return Ok(Err(cannot(&fault))),
        };
        let statement = &offer.statement;
        let schema_id = SchemaId::new(statement.terms.schema);
        let Some(dataset) = self.behind(offer.dataset_leaf, &schema_id) else {
            let detail = "the dataset that the ledger asks for is not at this desk";
            let remedy = "import and commit the current data";
            return Ok(Err(DeskFault::conflict("dataset-not-here", detail, remedy)));
        };
        let loaded = self.load(&dataset, &*self.schema(&schema_id)?)?;
        let run = Run::draw(statement, &loaded.dataset, self.keys.seller_secret(), F::from(0u64));
        Ok(Ok(run.selected(&loaded.dataset, &statement.terms).len()))
    }

    /// How fast blocks come.
    pub fn pace(&self) -> Pace {
        let now = self.chain.position();
        let known = *self.pace.lock().unwrap_or_else(internal::recover);
        let block_ms = known.map_or(1000, |pace| pace.block_ms);
        Pace { height: now.height.get(), time_ms: now.time_ms, block_ms }
    }

    async fn take_pace(&self) -> Result<(), DeskFault> {
        let now = self.chain.position();
        let height = now.height.get();
        let from = height.saturating_sub(LOOK_BACK).max(1);
        if from >= height {
            return Ok(());
        }
        let Some(earlier) = self.chain.block(Height::new(from)).await? else { return Ok(()) };
        let passed = now.time_ms.saturating_sub(earlier.block.header.time_ms);
        let block_ms = (passed / (height - from)).max(1);
        let pace = Pace { height, time_ms: now.time_ms, block_ms };
        *self.pace.lock().unwrap_or_else(internal::recover) = Some(pace);
        Ok(())
    }

    /// Looks at the chain anew: inbox and wallet.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn refresh(&self) -> Result<(), DeskFault> {
        let items = self.inbox()?;
        let data = serde_json::to_value(&items).map_err(|error| DeskFault::Internal(error.to_string()))?;
        self.inbox.send_if_modified(|shot| {
            let changed = shot.data != data;
            if changed {
                *shot = Shot { revision: shot.revision + 1, over: false, data };
            }
            changed
        });
        self.scan()
    }

    /// Where to watch the inbox.
    pub fn inbox_shots(&self) -> watch::Receiver<Shot> {
        self.inbox.subscribe()
    }
}

/// Follows the chain until the desk is gone.
pub(super) async fn follow(desk: Weak<HospitalDesk>) {
    let mut seen = Height::new(0);
    loop {
        let Some(here) = desk.upgrade() else { return };
        let looked = look(&here).await;
        if let Err(error) = looked {
            tracing::warn!(%error, "the inbox could not be renewed");
        }
        let chain = Arc::clone(here.chain());
        drop(here);
        match chain.beyond(seen).await {
            Ok(height) => seen = height,
            Err(error) => {
                tracing::warn!(%error, "the chain does not answer");
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            }
        }
    }
}

async fn look(desk: &Arc<HospitalDesk>) -> Result<(), DeskFault> {
    desk.take_pace().await?;
    desk.off(|desk| desk.refresh()).await
}

/// Reads a request's record, for parts that need no more.
pub(super) fn record_of(state: &dyn StateRead, id: &RequestId) -> Option<RequestRecord> {
    RequestRecord::load(state, id)
}
