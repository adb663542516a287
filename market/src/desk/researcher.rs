//! The researcher's desk: drafts become funded requests, and what was bought becomes tables, reports and citations.
//!
//! | question | module |
//! |---|---|
//! | what is written down before anything is signed? | [`draft`], [`cohort`] |
//! | what is wrong with it? | [`mod@check`] |
//! | how is it posted once and never twice? | [`post`] |
//! | where is the money? | [`purse`] |
//! | what is asked on the chain, and who acts next? | [`board`], [`view`], [`pace`] |
//! | what was bought? | [`collect`], [`report`], [`cite`] |
//! | what is kept on the disk? | [`store`] |
//! | how do programs and browsers reach it? | [`api`], [`progress`] |

pub mod api;
pub mod board;
pub mod check;
pub mod cite;
pub mod cohort;
pub mod collect;
pub mod draft;
pub mod fault;
pub mod pace;
pub mod pages;
pub mod post;
mod problem;
pub mod progress;
pub mod purse;
pub mod report;
pub mod store;
pub mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use galen_circuits::schema::Schema;

use crate::agent::researcher::ResearcherKeys;
use crate::chain::Chain;
use crate::codec::Canonical;
use crate::config::MarketConfig;
use crate::desk::now_ms;
use crate::id::{AccountKey, SchemaId};
use crate::notes::group::Point;
use crate::role::Participant;
use crate::state_key;
use crate::wallet::Wallet;
use check::{Checked, FieldFault, check};
use draft::Draft;
use fault::DeskFault;
use store::{KeptDraft, Name, Store};

/// A researcher's desk.
pub struct ResearcherDesk {
    chain: Arc<dyn Chain>,
    keys: ResearcherKeys,
    config: MarketConfig,
    store: Store,
    wallet: Mutex<Wallet>,
    board: Mutex<board::Board>,
    pace: Mutex<Option<pace::Pace>>,
    /// What was read once: a schema never changes, and takes long to read.
    schemas: Mutex<BTreeMap<SchemaId, Arc<Schema>>>,
    followed: progress::Followed,
    /// Held by whoever spends: two at once could choose the same notes.
    spending: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for ResearcherDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResearcherDesk({})", self.keys.account.key())
    }
}

/// A fault of one field.
fn field(field: &str, code: &'static str, message: &str) -> DeskFault {
    DeskFault::Fields(vec![check::fault(field, code, message)])
}

/// Does what takes a while where nobody waits for it.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, DeskFault> + Send + 'static,
) -> Result<T, DeskFault> {
    let acted = tokio::task::spawn_blocking(act).await;
    acted.unwrap_or_else(|error| Err(DeskFault::Internal(error.to_string())))
}

impl ResearcherDesk {
    /// Opens the desk of these keys on a chain; what it keeps is in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made, or the chain is none of a market's.
    pub fn open(chain: Arc<dyn Chain>, keys: ResearcherKeys, folder: &Path) -> Result<Self, DeskFault> {
        let config = serde_json::from_slice(&chain.genesis().config);
        let config =
            config.map_err(|error| DeskFault::Internal(format!("the chain is no market's: {error}")))?;
        let wallet = Mutex::new(Wallet::new(keys.wallet.clone()));
        let store = Store::open(folder)?;
        let (board, pace, schemas, followed, spending) = Default::default();
        Ok(Self { chain, keys, config, store, wallet, board, pace, schemas, followed, spending })
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn Chain> {
        &self.chain
    }

    /// The market's part of the genesis.
    pub fn config(&self) -> &MarketConfig {
        &self.config
    }

    /// The account that this desk signs with.
    pub fn account(&self) -> AccountKey {
        self.keys.account.key()
    }

    fn authority(&self) -> &Point {
        &self.config.auditor.amounts.key
    }

    /// The schemas of the ledger.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn schemas(&self) -> Result<Vec<(SchemaId, Arc<Schema>)>, DeskFault> {
        let mut known = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        self.chain.read(|state, _| {
            for (key, bytes) in state.prefix(&state_key::schemas()) {
                let Some(id) = state_key::last_element(&key).map(SchemaId::new) else { continue };
                if !known.contains_key(&id) {
                    known.extend(Schema::from_canonical(&bytes).ok().map(|schema| (id, Arc::new(schema))));
                }
            }
        })?;
        Ok(known.iter().map(|(id, schema)| (*id, Arc::clone(schema))).collect())
    }

    /// A schema of the ledger.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn schema(&self, id: &str) -> Result<Option<Arc<Schema>>, DeskFault> {
        let Ok(id) = id.trim().parse::<SchemaId>() else { return Ok(None) };
        Ok(self.schemas()?.into_iter().find(|(known, _)| *known == id).map(|(_, schema)| schema))
    }

    /// The name that the consortium accredited an account by.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn institution(&self, account: &AccountKey) -> Result<String, DeskFault> {
        let kept = self.chain.read(|state, _| state.get(&state_key::participant(account)))?;
        let found = kept.and_then(|bytes| Participant::from_canonical(&bytes).ok());
        Ok(found.map(|participant| participant.name).unwrap_or_default())
    }

    /// Checks a draft: what can be posted, or all its faults.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn check(&self, draft: &Draft) -> Result<Result<Checked, Vec<FieldFault>>, DeskFault> {
        let schema = self.schema(&draft.schema)?;
        Ok(check(draft, schema.as_deref(), &self.config.windows))
    }

    /// The drafts that were not posted, the newest first.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn drafts(&self) -> Result<Vec<KeptDraft>, DeskFault> {
        self.catch_up()?;
        Ok(self.store.drafts()?.into_iter().filter(|draft| draft.posted.is_none()).collect())
    }

    /// A draft; it may have been posted.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn draft(&self, id: &Name) -> Result<KeptDraft, DeskFault> {
        self.catch_up()?;
        self.store.draft(id)
    }

    /// Begins a draft, in somebody's name.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn begin(&self, by: &str, draft: Draft) -> Result<KeptDraft, DeskFault> {
        let kept =
            KeptDraft { id: Name::fresh(), by: by.to_owned(), changed_ms: now_ms(), draft, posted: None };
        self.store.keep_draft(&kept)?;
        Ok(kept)
    }

    /// Changes a draft that is not signed yet.
    ///
    /// # Errors
    /// When there is none, it is signed, or it cannot be kept.
    pub fn change(&self, id: &Name, draft: Draft) -> Result<KeptDraft, DeskFault> {
        let kept = self.unsigned(id)?;
        let changed = KeptDraft { draft, changed_ms: now_ms(), ..kept };
        self.store.keep_draft(&changed)?;
        Ok(changed)
    }

    /// Deletes a draft that is not signed yet; it can be restored.
    ///
    /// # Errors
    /// When there is none, it is signed, or it cannot be moved.
    pub fn delete(&self, id: &Name) -> Result<(), DeskFault> {
        self.unsigned(id)?;
        self.store.delete_draft(id)
    }

    /// Brings a deleted draft back.
    ///
    /// # Errors
    /// When there is none, or it cannot be moved.
    pub fn restore(&self, id: &Name) -> Result<(), DeskFault> {
        self.store.restore_draft(id)
    }

    /// Whether a draft was signed, and is not final as far as this desk knows.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn is_signed(&self, id: &Name) -> Result<bool, DeskFault> {
        Ok(self.store.order(id)?.is_some())
    }

    fn unsigned(&self, id: &Name) -> Result<KeptDraft, DeskFault> {
        let kept = self.store.draft(id)?;
        let signed = kept.posted.or(self.store.order(id)?.map(|order| order.request));
        signed.map_or(Ok(kept), |request| Err(DeskFault::Signed(request)))
    }
}
