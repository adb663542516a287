//! The data steward's desk: patients come in, requests are looked at, approved by people, proven in the background, sent, and paid.
//!
//! | question | module |
//! |---|---|
//! | how does a file become a dataset, and what does the ledger have of it? | [`source`], [`spool`], [`import`], [`dataset`] |
//! | what is asked, what would be released, at what risk, and is there room? | [`inbox`], [`preview`], [`overlap`], [`room`] |
//! | who agreed, and what becomes of it? | [`case`], [`approval`], `work` |
//! | what was sold, and where is the money? | [`sold`], [`purse`] |
//! | what rests on the disk, and how? | [`books`] |
//! | how is it reached? | [`api`], [`pages`] |
//!
//! Rows, reports, registers and contributions rest sealed under a key of the hospital's own seed. Nothing here logs a patient's
//! value or a request's name beside the hospital's.

pub mod api;
pub mod approval;
pub mod books;
pub mod case;
pub mod dataset;
pub mod fault;
pub mod import;
pub mod inbox;
mod internal;
pub mod overlap;
pub mod pages;
pub mod preview;
pub mod purse;
pub mod room;
pub mod sold;
pub mod source;
pub mod spool;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use galen_circuits::row::Handle;
use galen_circuits::schema::Schema;
use galen_prover::jobs::Proving;
use galen_prover::vault::Vault;
use tokio::sync::watch;

use crate::agent::hospital::HospitalKeys;
use crate::chain::Chain;
use crate::config::MarketConfig;
use crate::desk::now_ms;
use crate::id::{RequestId, SchemaId};
use crate::notes::group::Point;
use crate::private::private_dir;
use crate::query;
use crate::wallet::Wallet;
use crate::web::events::Shot;
use books::{Books, Kind};
use case::Case;
use dataset::{DatasetRecord, Loaded};
use fault::DeskFault;
use import::{ImportView, Running};
use overlap::Released;

/// How a desk works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of all that the desk keeps; it is made when missing.
    pub folder: PathBuf,
    /// People who must agree before anything is proven: 1 or 2.
    pub approvals: u8,
    /// A proven contribution waits a random time below this before it is sent, so that its time tells nobody whose it is.
    pub most_delay: Duration,
    /// Files in this folder can be chosen for import.
    pub import_folder: Option<PathBuf>,
    /// Longest upload, in bytes.
    pub most_upload: u64,
}

impl Settings {
    /// Usual settings for a folder: two people, up to ten minutes, uploads of up to a gigabyte.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            approvals: 2,
            most_delay: Duration::from_secs(600),
            import_folder: None,
            most_upload: 1 << 30,
        }
    }
}

/// What lists need, as it lies in the books.
#[derive(Default)]
struct State {
    datasets: BTreeMap<String, DatasetRecord>,
    cases: BTreeMap<RequestId, Case>,
    /// Whom earlier contributions released.
    released: BTreeMap<RequestId, BTreeSet<Handle>>,
}

/// The desk of a hospital's data stewards.
pub struct HospitalDesk {
    chain: Arc<dyn Chain>,
    keys: HospitalKeys,
    config: MarketConfig,
    prover: Arc<dyn Proving>,
    settings: Settings,
    books: Books,
    state: Mutex<State>,
    loaded: Mutex<BTreeMap<String, Arc<Loaded>>>,
    imports: Mutex<BTreeMap<String, Running>>,
    /// What watches of cases see.
    shots: Mutex<BTreeMap<RequestId, watch::Sender<Shot>>>,
    /// Cases that a task works on.
    worked: Mutex<BTreeSet<RequestId>>,
    /// A schema never changes, and takes long to read.
    schemas: Mutex<BTreeMap<SchemaId, Arc<Schema>>>,
    wallet: Mutex<Wallet>,
    inbox: watch::Sender<Shot>,
    pace: Mutex<Option<inbox::Pace>>,
    /// Held by whoever spends: two at once could choose the same notes.
    spending: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for HospitalDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HospitalDesk({})", self.keys.account().key())
    }
}

impl HospitalDesk {
    /// Opens the desk of these keys on a chain, with all that it keeps. [`Self::start`] lets it work.
    ///
    /// # Errors
    /// When the folder cannot be used, something in it is damaged, or the chain is no market's.
    pub fn open(
        chain: Arc<dyn Chain>,
        keys: HospitalKeys,
        prover: Arc<dyn Proving>,
        settings: Settings,
    ) -> Result<Arc<Self>, DeskFault> {
        if !(1..=2).contains(&settings.approvals) {
            let detail = format!("{} people cannot be asked to approve", settings.approvals);
            return Err(DeskFault::invalid("approvals", detail, "set approvals to 1 or 2"));
        }
        let config = serde_json::from_slice(&chain.genesis().config);
        let config = config.map_err(|_| DeskFault::Internal("the chain's genesis holds no market".into()))?;
        private_dir(&settings.folder)?;
        let uploads = settings.folder.join("uploads");
        private_dir(&uploads)?;
        spool::Spool::sweep(&uploads).map_err(|error| DeskFault::Internal(error.to_string()))?;
        let books = Books::new(Vault::open(settings.folder.join("sealed"), &keys.vault_key())?);
        let state = State::load(&books)?;
        let shots = state.cases.iter().map(|(id, case)| (*id, watch::Sender::new(case.shot(0, None))));
        let imports = books.all::<ImportView>(Kind::Import)?;
        let imports = imports.into_iter().map(|(id, view)| (id, Running::new(view))).collect();
        Ok(Arc::new(Self {
            wallet: Mutex::new(Wallet::new(keys.wallet())),
            shots: Mutex::new(shots.collect()),
            imports: Mutex::new(imports),
            state: Mutex::new(state),
            chain,
            keys,
            config,
            prover,
            settings,
            books,
            loaded: Mutex::default(),
            worked: Mutex::default(),
            schemas: Mutex::default(),
            inbox: watch::Sender::new(Shot::default()),
            pace: Mutex::default(),
            spending: tokio::sync::Mutex::default(),
        }))
    }

    /// Lets the desk work: it follows the chain, and goes on with what was approved. In a tokio runtime; the tasks end when
    /// everybody else has dropped the desk.
    pub fn start(self: &Arc<Self>) {
        let unfinished: Vec<RequestId> = {
            let state = self.state();
            state.cases.values().filter(|case| case.stage.is_worked_on()).map(|case| case.request).collect()
        };
        unfinished.into_iter().for_each(|request| self.work_on(request));
        tokio::spawn(inbox::follow(Arc::downgrade(self)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(internal::recover)
    }

    /// The chain.
    pub fn chain(&self) -> &Arc<dyn Chain> {
        &self.chain
    }

    /// The market's part of the genesis.
    pub fn config(&self) -> &MarketConfig {
        &self.config
    }

    /// How it works.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The name that the consortium accredited this hospital by; empty if it did not.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn institution(&self) -> Result<String, DeskFault> {
        let account = self.keys.account().key();
        let found = self.chain.read(|state, _| crate::role::participant(state, &account))?;
        Ok(found.map_or_else(String::new, |participant| participant.name))
    }

    fn authority(&self) -> &Point {
        &self.config.auditor.amounts.key
    }

    /// A schema of the ledger.
    fn schema(&self, id: &SchemaId) -> Result<Arc<Schema>, DeskFault> {
        if let Some(known) = self.schemas.lock().unwrap_or_else(internal::recover).get(id) {
            return Ok(Arc::clone(known));
        }
        let found = self.chain.read(|state, _| query::schema(state, id))?;
        let schema = Arc::new(found.ok_or(DeskFault::Missing("schema"))?);
        self.schemas.lock().unwrap_or_else(internal::recover).insert(*id, Arc::clone(&schema));
        Ok(schema)
    }

    /// Does what takes a while where it keeps nobody waiting.
    ///
    /// # Errors
    /// Its own.
    pub async fn off<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Arc<Self>) -> Result<T, DeskFault> + Send + 'static,
    ) -> Result<T, DeskFault> {
        let desk = Arc::clone(self);
        let acted = tokio::task::spawn_blocking(move || act(&desk)).await;
        // A panic's words may hold anything.
        acted.unwrap_or_else(|_| Err(DeskFault::Internal("a task of the desk ended early".into())))
    }
}

/// All that a desk serves, and the document of its API. It goes behind [`crate::web::site::Site::desk`].
pub fn site(desk: Arc<HospitalDesk>) -> (axum::Router, utoipa::openapi::OpenApi) {
    let (routes, document) = api::api(Arc::clone(&desk));
    (routes.merge(pages::pages(desk)), document)
}

impl State {
    fn load(books: &Books) -> Result<Self, DeskFault> {
        let datasets = books.all(Kind::Dataset)?.into_iter().collect();
        let cases: BTreeMap<RequestId, Case> =
            books.all::<Case>(Kind::Case)?.into_iter().map(|(_, case)| (case.request, case)).collect();
        let mut released = BTreeMap::new();
        for case in cases.values().filter(|case| case.stage.is_on_the_ledger()) {
            if let Some(release) = books.get::<Released>(Kind::Release, &case.request.to_string())? {
                released.insert(case.request, release.handles.into_iter().collect());
            }
        }
        Ok(Self { datasets, cases, released })
    }
}
