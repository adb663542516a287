//! A consortium in one process, a researcher who asks, and hospitals with desks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use galen_circuits::groth16::{KeyStore, Trust};
use galen_circuits::jubjub::SecretKey;
use galen_circuits::keys::Keys;
use galen_ledger::{Consortium, ConsortiumSettings, Height, StateRead};
use galen_prover::import::Allow;
use galen_prover::jobs::{ProofQueue, Proving, ProvingKeys};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

use crate::action::{AccreditResearcher, Action, PostRequest, RegisterSchema};
use crate::agent::hospital::HospitalKeys;
use crate::agent::researcher::{ResearcherKeys, Wish};
use crate::agent::treasury::Books;
use crate::application::Market;
use crate::chain::{Chain, OwnChain};
use crate::config::{AuditAuthority, Governance, MarketConfig, Windows};
use crate::desk::hospital::import::{ImportStage, ImportView};
use crate::desk::hospital::spool::Spool;
use crate::desk::hospital::{HospitalDesk, Settings};
use crate::id::{RequestId, SchemaId};
use crate::notes::authority::AmountSecret;
use crate::query;
use crate::record::RequestRecord;
use crate::sign::Signer;
use crate::tests::actors::{accreditation, amount, schema, wish};
use crate::tests::chain::{Marked, no_keys};
use crate::transaction::{Order, Transaction};
use crate::wallet::{At, Wallet};

/// Begins every patient's id, and must be seen nowhere.
pub const TELLTALE: &str = "SENTINEL-PATIENT";
/// The source of the tests' files.
pub const SOURCE: &str = "ward";

pub struct Clinic {
    pub dir: TempDir,
    pub consortium: Arc<Consortium>,
    pub config: MarketConfig,
    pub rng: ChaCha20Rng,
    governors: Vec<Signer>,
    treasury: Signer,
    books: Books,
}

/// How the tests' files are written.
pub fn source() -> String {
    let schema = serde_json::to_value(schema()).unwrap();
    let table = serde_json::json!({
        "patient": { "column": "patient" }, "consent": { "default": ["NRES"] }, "schema": schema,
    });
    toml::to_string(&table).unwrap()
}

/// A file of so many patients; `from` tells two files' patients apart.
pub fn patients(from: usize, count: usize) -> String {
    let mut text = String::from("patient,age,finding,days,ward\n");
    for n in from..from + count {
        let (age, finding, days) = (18 + n * 7 % 40, n * 3 % 10, n % 30);
        text.push_str(&format!("{TELLTALE}-{n},{age},{finding},{days},{}\n", n % 20));
    }
    text
}

fn proving_keys() -> Arc<ProvingKeys> {
    static KEYS: OnceLock<Arc<ProvingKeys>> = OnceLock::new();
    let make = || {
        let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/galen-test-keys"));
        let folder = std::env::var_os("GALEN_KEYS_DIR").map_or_else(default, PathBuf::from);
        let store = KeyStore::open(folder, Trust::Development).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = Keys::load_or_setup_insecure_single_party(&store, &mut rng, |_, _| ()).unwrap();
        Arc::new(ProvingKeys::new(keys))
    };
    Arc::clone(KEYS.get_or_init(make))
}

/// A hospital's keys, always the same.
pub fn keys(number: u8) -> HospitalKeys {
    HospitalKeys::from_seed([number + 1; 32])
}

impl Clinic {
    pub async fn new(hospitals: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(12);
        let governors: Vec<Signer> = (0..2).map(|_| Signer::generate(&mut rng)).collect();
        let treasury = Signer::generate(&mut rng);
        let (authority, amounts) = (SecretKey::generate(&mut rng), AmountSecret::from_seed(&[5; 32]));
        let config = MarketConfig {
            name: "clinic".into(),
            members: 4,
            governance: Governance { keys: governors.iter().map(Signer::key).collect(), threshold: 2 },
            treasury: treasury.key(),
            auditor: AuditAuthority::of(&authority, &amounts),
            keys: no_keys(),
            // Proofs take longer than a few blocks of a test.
            windows: Windows { recent_interval: 200, ..Windows::short(4) },
            development: true,
        };
        let (dir, bytes) = (tempfile::tempdir().unwrap(), config.to_json());
        let mut settings = ConsortiumSettings::new(dir.path().join("ledger"), bytes.clone());
        settings.idle_interval = Duration::from_millis(50);
        let of = config.clone();
        let started = Consortium::start(settings, move |_, blobs| {
            Arc::new(Market::with_check(of.clone(), bytes.clone(), blobs, Marked))
        });
        let consortium = Arc::new(started.unwrap());
        let mut clinic = Self { dir, consortium, config, rng, governors, treasury, books: Books::default() };
        clinic.found(hospitals).await;
        clinic
    }

    async fn found(&mut self, hospitals: u8) {
        self.governed(Action::RegisterSchema(RegisterSchema { schema: schema() }), None).await;
        let account = researcher().account.key();
        let accredit = AccreditResearcher { account, name: "Institute <b>R</b>".into() };
        self.governed(Action::AccreditResearcher(accredit), None).await;
        for number in 0..hospitals {
            let keys = keys(number);
            let schemas = vec![SchemaId::of(&schema())];
            let action = accreditation(&self.id(), &keys, &format!("H{number}"), schemas);
            self.governed(action, Some(&keys.account())).await;
        }
        let (id, key, treasury) = (self.id(), self.config.auditor.amounts.key, self.treasury.clone());
        let (mut books, mut rng) = (self.books.clone(), self.rng.clone());
        // Transfers begin with the second issue.
        for to in [researcher().wallet.address(), keys(200).wallet().address()] {
            let issue =
                self.read(|state| books.issue(state, (&id, &key), &to, amount(1_000_000), &mut rng).unwrap());
            self.order(issue, &[&treasury]).await;
        }
        (self.books, self.rng) = (books, rng);
    }

    /// Passes a boundary of the registry: who is accredited and committed by then can sell afterwards.
    pub async fn boundary(&self) {
        let interval = self.config.windows.recent_interval;
        let missing = interval - self.consortium.height().get() % interval;
        self.consortium.advance(missing + 1).await.unwrap();
    }

    pub fn id(&self) -> galen_ledger::ChainId {
        self.consortium.genesis().chain_id()
    }

    pub fn chain(&self) -> Arc<dyn Chain> {
        let node = self.consortium.nodes().remove(0);
        Arc::new(OwnChain::new(node, Arc::clone(self.consortium.blobs())))
    }

    pub fn home(&self, hospital: u8) -> PathBuf {
        self.dir.path().join(format!("hospital-{hospital}"))
    }

    pub fn settings(&self, hospital: u8) -> Settings {
        Settings {
            most_delay: Duration::ZERO,
            approvals: 2,
            ..Settings::new(self.home(hospital).join("desk"))
        }
    }

    /// A hospital's desk; once more is the same desk, opened again.
    pub fn desk(&self, hospital: u8, settings: Settings) -> Arc<HospitalDesk> {
        let prover = self.home(hospital).join("prover");
        let of_queue = galen_prover::jobs::Settings {
            key: Some(keys(hospital).vault_key()),
            ..galen_prover::jobs::Settings::default()
        };
        let queue = ProofQueue::open(&prover, proving_keys(), of_queue).unwrap();
        let prover: Arc<dyn Proving> = Arc::new(queue);
        HospitalDesk::open(self.chain(), keys(hospital), prover, settings).unwrap()
    }

    /// A desk with a dataset that is committed, at a chain that can draw from it.
    pub async fn ready(&self, settings: Settings) -> Arc<HospitalDesk> {
        let desk = self.desk(0, settings);
        let imported = import(&desk, &patients(0, 300)).await;
        desk.commit(&imported.dataset.unwrap()).await.unwrap();
        self.boundary().await;
        desk
    }

    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead) -> T) -> T {
        self.chain().read(|state, _| read(state)).unwrap()
    }

    pub async fn submit(&self, tx: &Transaction) {
        let done = self.consortium.submit(tx.to_bytes()).await.unwrap();
        assert!(done.receipt.accepted, "{:?}", done.receipt);
        self.consortium.settled(done.height).await.unwrap();
    }

    async fn order(&mut self, action: Action, signers: &[&Signer]) {
        let until = Height::new(self.consortium.height().get() + 1000);
        let order = Order::new(action, until, &mut self.rng).sign(&self.id(), signers);
        self.submit(&order).await;
    }

    async fn governed(&mut self, action: Action, besides: Option<&Signer>) {
        let governors = self.governors.clone();
        let signers: Vec<&Signer> = governors.iter().chain(besides).collect();
        self.order(action, &signers).await;
    }

    /// Posts a request, and waits until its sample is drawn.
    pub async fn post(&mut self, title: &str) -> RequestId {
        self.post_for(title, 100).await
    }

    /// Posts a request for so many records, and waits until its sample is drawn.
    pub async fn post_for(&mut self, title: &str, records: u32) -> RequestId {
        let (id, key, keys) = (self.id(), self.config.auditor.amounts.key, researcher());
        let deadline = self.consortium.height().get() + 20_000;
        let wish = Wish { title: title.into(), ..wish(records, deadline) };
        let mut rng = self.rng.clone();
        let posting = self.read(|state| {
            let request = keys.request(&id, &key, &query::sellers(state), wish, &mut rng).unwrap();
            let mut wallet = Wallet::new(keys.wallet.clone());
            wallet.scan(state, &|state, of| keys.price(&id, &RequestRecord::load(state, of)?.request));
            let (price, name) = (keys.price(&id, &request).unwrap(), request.id(&id));
            let at = At { state, chain: &id, authority: &key };
            let funding = wallet.fund(at, &name, (price, request.max_records), &mut rng).unwrap();
            PostRequest { request, funding }
        });
        self.rng = rng;
        let request = posting.request.id(&id);
        self.order(Action::PostRequest(posting), &[&keys.account]).await;
        while self.read(|state| RequestRecord::load(state, &request).unwrap().drawn.is_none()) {
            self.consortium.advance(1).await.unwrap();
        }
        request
    }
}

pub fn researcher() -> ResearcherKeys {
    ResearcherKeys::from_seed(&[99; 32])
}

/// Sends a file to a desk, and waits until it was read.
pub async fn import(desk: &Arc<HospitalDesk>, text: &str) -> ImportView {
    import_with(desk, text, Allow::default()).await
}

pub async fn import_with(desk: &Arc<HospitalDesk>, text: &str, allow: Allow) -> ImportView {
    desk.bring_source(SOURCE, &source()).unwrap();
    let (spool, mut file) = Spool::create(&desk.settings().folder.join("uploads")).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let view = desk.begin_import("ada", SOURCE, allow, spool).unwrap();
    let mut shots = desk.import_shots(&view.id).unwrap();
    shots.wait_for(|shot| shot.over).await.unwrap();
    let view = desk.import(&view.id).unwrap();
    assert_ne!(view.stage, ImportStage::Reading);
    view
}

/// Every file below a folder, with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

/// No file below a folder holds a text.
pub fn assert_absent(folder: &Path, text: &str) {
    for (path, bytes) in files(folder) {
        let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{}", path.display());
    }
}
