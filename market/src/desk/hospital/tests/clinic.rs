//! A market with a researcher who asks, and hospitals with desks.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use galen_circuits::groth16::{KeyStore, Trust};
use galen_circuits::keys::Keys;
use galen_prover::import::Allow;
use galen_prover::jobs::{ProofQueue, Proving, ProvingKeys};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::action::{Action, PostRequest};
use crate::agent::hospital::HospitalKeys;
use crate::agent::researcher::{ResearcherKeys, Wish};
use crate::config::Windows;
use crate::desk::hospital::import::{ImportStage, ImportView};
use crate::desk::hospital::spool::Spool;
use crate::desk::hospital::{HospitalDesk, Settings};
use crate::id::{RequestId, SchemaId};
use crate::query;
use crate::record::RequestRecord;
use crate::tests::actors::{schema, wish};
use crate::tests::running::RunningMarket;
use crate::wallet::{At, Wallet};

/// Begins every patient's id, and must be seen nowhere.
pub const TELLTALE: &str = "SENTINEL-PATIENT";
/// The source of the tests' files.
pub const SOURCE: &str = "ward";

/// A market with a researcher, and hospitals that are accredited.
pub struct Clinic(RunningMarket);

impl Deref for Clinic {
    type Target = RunningMarket;

    fn deref(&self) -> &RunningMarket {
        &self.0
    }
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
        // Proofs take longer than a few blocks of a test.
        let windows = Windows { recent_interval: 200, ..Windows::short(4) };
        let mut market = RunningMarket::start("clinic", 12, windows, Duration::from_millis(50));
        market.register(schema()).await;
        market.accredit_researcher(researcher().account.key(), "Institute <b>R</b>").await;
        for number in 0..hospitals {
            market.accredit_hospital(&keys(number), &format!("H{number}"), SchemaId::of(&schema())).await;
        }
        // Transfers begin with the second issue.
        for to in [researcher().wallet.address(), keys(200).wallet().address()] {
            market.issue(&to, 1_000_000).await;
        }
        Self(market)
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
        self.boundary(1).await;
        desk
    }

    /// Posts a request, and waits until its sample is drawn.
    pub async fn post(&mut self, title: &str) -> RequestId {
        self.post_for(title, 100).await
    }

    /// Posts a request for so many records, and waits until its sample is drawn.
    pub async fn post_for(&mut self, title: &str, records: u32) -> RequestId {
        let (id, key, keys) = (self.id(), self.key(), researcher());
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
        self.0.rng = rng;
        let request = posting.request.id(&id);
        self.0.order(Action::PostRequest(posting), &[&keys.account]).await;
        self.drawn(&request).await;
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
