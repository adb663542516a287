//! A market that runs in this process, for tests of desks: a consortium, who governs it, and money. The members' check of proofs
//! is stood in for.

use std::sync::Arc;
use std::time::Duration;

use galen_circuits::jubjub::SecretKey;
use galen_circuits::schema::Schema;
use galen_ledger::{ChainId, Consortium, ConsortiumSettings, Height, StateRead};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

use super::actors::{accreditation, amount};
use super::chain::{Marked, no_keys};
use crate::action::{AccreditResearcher, Action, RegisterSchema};
use crate::agent::hospital::HospitalKeys;
use crate::agent::treasury::Books;
use crate::application::Market;
use crate::chain::{Chain, OwnChain};
use crate::config::{AuditAuthority, Governance, MarketConfig, Windows};
use crate::id::{AccountKey, RequestId, SchemaId};
use crate::notes::authority::AmountSecret;
use crate::notes::group::Point;
use crate::notes::keys::Address;
use crate::record::RequestRecord;
use crate::sign::Signer;
use crate::transaction::{Order, Transaction};

pub struct RunningMarket {
    pub dir: TempDir,
    pub consortium: Arc<Consortium>,
    pub config: MarketConfig,
    pub rng: ChaCha20Rng,
    governors: Vec<Signer>,
    treasury: Signer,
    books: Books,
}

impl RunningMarket {
    /// A market with nobody in it.
    pub fn start(name: &str, seed: u64, windows: Windows, idle: Duration) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let governors: Vec<Signer> = (0..2).map(|_| Signer::generate(&mut rng)).collect();
        let treasury = Signer::generate(&mut rng);
        let (authority, amounts) = (SecretKey::generate(&mut rng), AmountSecret::from_seed(&[5; 32]));
        let config = MarketConfig {
            name: name.into(),
            members: 4,
            governance: Governance { keys: governors.iter().map(Signer::key).collect(), threshold: 2 },
            treasury: treasury.key(),
            auditor: AuditAuthority::of(&authority, &amounts),
            keys: no_keys(),
            windows,
            development: true,
        };
        let (dir, bytes) = (tempfile::tempdir().unwrap(), config.to_json());
        let mut settings = ConsortiumSettings::new(dir.path().join("ledger"), bytes.clone());
        settings.idle_interval = idle;
        let of = config.clone();
        let consortium = Consortium::start(settings, move |_, blobs| {
            Arc::new(Market::with_check(of.clone(), bytes.clone(), blobs, Marked))
        });
        let consortium = Arc::new(consortium.unwrap());
        Self { dir, consortium, config, rng, governors, treasury, books: Books::default() }
    }

    pub fn id(&self) -> ChainId {
        self.consortium.genesis().chain_id()
    }

    /// What amounts are sealed to.
    pub fn key(&self) -> Point {
        self.config.auditor.amounts.key
    }

    /// The chain, as a desk reads it.
    pub fn chain(&self) -> Arc<dyn Chain> {
        let node = self.consortium.nodes().remove(0);
        Arc::new(OwnChain::new(node, Arc::clone(self.consortium.blobs())))
    }

    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead) -> T) -> T {
        self.chain().read(|state, _| read(state)).unwrap()
    }

    pub async fn submit(&self, tx: &Transaction) {
        let done = self.consortium.submit(tx.to_bytes()).await.unwrap();
        assert!(done.receipt.accepted, "{:?}", done.receipt);
        self.consortium.settled(done.height).await.unwrap();
    }

    pub async fn order(&mut self, action: Action, signers: &[&Signer]) {
        let until = Height::new(self.consortium.height().get() + 1000);
        let order = Order::new(action, until, &mut self.rng).sign(&self.id(), signers);
        self.submit(&order).await;
    }

    async fn governed(&mut self, action: Action, besides: Option<&Signer>) {
        let governors = self.governors.clone();
        let signers: Vec<&Signer> = governors.iter().chain(besides).collect();
        self.order(action, &signers).await;
    }

    pub async fn register(&mut self, schema: Schema) {
        self.governed(Action::RegisterSchema(RegisterSchema { schema }), None).await;
    }

    pub async fn accredit_researcher(&mut self, account: AccountKey, name: &str) {
        let accredit = AccreditResearcher { account, name: name.into() };
        self.governed(Action::AccreditResearcher(accredit), None).await;
    }

    pub async fn accredit_hospital(&mut self, keys: &HospitalKeys, name: &str, schema: SchemaId) {
        let action = accreditation(&self.id(), keys, name, vec![schema]);
        self.governed(action, Some(&keys.account())).await;
    }

    pub async fn issue(&mut self, to: &Address, minor: u64) {
        let (id, key, treasury) = (self.id(), self.key(), self.treasury.clone());
        let (mut books, mut rng) = (self.books.clone(), self.rng.clone());
        let action = self.read(|state| books.issue(state, (&id, &key), to, amount(minor), &mut rng).unwrap());
        (self.books, self.rng) = (books, rng);
        self.order(action, &[&treasury]).await;
    }

    /// Passes a boundary of the registry, and so many blocks more: who is accredited and committed by then can sell afterwards.
    pub async fn boundary(&self, more: u64) {
        let interval = self.config.windows.recent_interval;
        let missing = interval - self.consortium.height().get() % interval;
        self.consortium.advance(missing + more).await.unwrap();
    }

    /// Waits until the sample of a request is drawn.
    pub async fn drawn(&self, request: &RequestId) -> RequestRecord {
        loop {
            let record = self.read(|state| RequestRecord::load(state, request).unwrap());
            if record.drawn.is_some() {
                return record;
            }
            self.consortium.advance(1).await.unwrap();
        }
    }
}
