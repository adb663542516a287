//! The market with real keys and real proofs, block by block in memory: what the ledger itself refuses.

use std::sync::Arc;

use galen_circuits::contribution::{Contribution, Limits, Statement};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::jubjub::SecretKey;
use galen_circuits::knowledge::Knowledge;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::row::Row;
use galen_circuits::schema::{Condition, Predicate, Schema};
use galen_ledger::{BlobHash, Blobs, ChainId, Height, MemoryBlobs, Receipt, Rehearsal};
use galen_market::action::{AccreditResearcher, Issue, PostRequest, RegisterSchema};
use galen_market::agent::hospital::{HospitalKeys, Sale, payout};
use galen_market::agent::researcher::{ResearcherKeys, Wish};
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::query::{self, Offer};
use galen_market::transaction::SignedContribution;
use galen_market::{
    Action, Amount, Market, MarketConfig, Order, Records, Request, RequestId, SchemaId, Signer, Transaction,
};
use galen_prover::plan::{Class, Grouping, Plan, Run, Seller, plan};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::keys::Proving;
use crate::world::random_rows;

/// Price of a record.
pub const PRICE: u64 = 7;
/// Chunks of a dataset, a quarter of which may be sampled.
const CHUNKS: usize = 4;
const CONTEXT: [u8; 32] = [7; 32];

/// A market with a schema, a researcher with money, and hospitals with datasets.
pub struct Marketplace {
    /// The ledger's part.
    pub ledger: Rehearsal<Market>,
    /// Ciphertexts.
    pub blobs: Arc<MemoryBlobs>,
    /// Hospitals.
    pub hospitals: Vec<Hospital>,
    /// The researcher.
    pub researcher: ResearcherKeys,
    /// The audit authority's secret.
    pub authority: SecretKey,
    /// Randomness.
    pub rng: ChaCha20Rng,
    governors: Vec<Signer>,
}

/// A hospital.
#[derive(Clone)]
pub struct Hospital {
    /// What the market knows it by.
    pub keys: HospitalKeys,
    /// Its rows.
    pub dataset: Dataset,
    /// Salt of its commitment.
    pub salt: F,
}

/// A contribution on its way, with everything that its hospital knows of it.
pub struct Offered {
    /// What is sent, and what opens it.
    pub sale: Sale,
    /// The plan behind it.
    pub plan: Plan,
    /// The statement that it was proven for.
    pub statement: Statement,
    /// What was proven.
    pub contribution: Contribution,
    /// Name of the ciphertext.
    pub blob: BlobHash,
}

/// A schema like the one of the rows in [`random_rows`].
pub fn schema(name: &str) -> Schema {
    let number = serde_json::json!({"number": {"min": 1, "max": 60}});
    let column = |name: &str, class: &str, weight: u32| serde_json::json!({"name": name, "class": class, "weight": weight, "kind": number});
    let parts = serde_json::json!({
        "name": name, "version": 1, "k_floor": 3, "l_floor": 2, "alpha_ceiling": 800, "min_chunks": CHUNKS,
        "columns": [
            column("age", "quasi-identifier", 3), column("area", "quasi-identifier", 1),
            column("ward", "never-released", 0), column("days", "plain", 0),
            column("finding", "sensitive", 0),
        ],
    });
    serde_json::from_value(parts).unwrap()
}

/// What the requests ask for.
pub fn terms(schema: &Schema) -> Terms {
    Terms {
        schema: SchemaId::of(schema).field(),
        predicate: Predicate { conditions: vec![Condition { column: 0, lo: 1, hi: 40 }], clauses: vec![1] },
        purpose: 1,
        released: vec![3, 4],
        quasi_identifiers: vec![
            QuasiIdentifier { column: 0, weight: 3 },
            QuasiIdentifier { column: 1, weight: 1 },
        ],
        sensitive: 4,
        k: 5,
        l: 2,
        alpha: 800,
    }
}

impl Hospital {
    /// A hospital with rows of its own.
    pub fn new(rng: &mut ChaCha20Rng, seed: u64) -> Self {
        let rows: Vec<Row> = random_rows(200, seed);
        Self {
            keys: HospitalKeys::generate(rng),
            dataset: Dataset::new(&rows, CHUNKS).unwrap(),
            salt: F::from(seed),
        }
    }

    /// What its proofs need to know.
    pub fn seller(&self) -> Seller {
        Seller { secret: self.keys.seller_secret(), salt: self.salt, key_seed: self.keys.key_seed() }
    }
}

impl Marketplace {
    /// A market with so many hospitals, in the recent root of standing.
    pub fn new(seed: u64, hospitals: usize) -> Self {
        println!("seed {seed}");
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let governors: Vec<Signer> = (0..3).map(|_| Signer::generate(&mut rng)).collect();
        let authority = SecretKey::generate(&mut rng);
        let config = MarketConfig {
            name: "test".into(),
            members: 4,
            governance: Governance { keys: governors.iter().map(Signer::key).collect(), threshold: 3 },
            treasury: governors[0].key(),
            auditor: AuditAuthority::of(&authority),
            keys: PinnedKeys::of(&Proving::load().verifying),
            windows: Windows { max_request_life: 1000, ..Windows::short(4) },
            development: true,
        };
        let blobs = Arc::new(MemoryBlobs::new());
        let bytes = config.to_json();
        let market = Market::new(&bytes, Arc::clone(&blobs) as Arc<dyn Blobs>).unwrap();
        let ledger = Rehearsal::new(market, ChainId::from_bytes(CONTEXT), &bytes).unwrap();
        let researcher = ResearcherKeys::generate(&mut rng);
        let mut market = Self { ledger, blobs, hospitals: Vec::new(), researcher, authority, rng, governors };
        market.found();
        for _ in 0..hospitals {
            market.add_hospital();
        }
        market.boundary();
        market
    }

    fn found(&mut self) {
        let account = self.researcher.account.key();
        let amount = Amount::new(1_000_000).unwrap();
        for action in [
            Action::RegisterSchema(RegisterSchema { schema: schema("cohort") }),
            Action::RegisterSchema(RegisterSchema { schema: schema("another") }),
            Action::AccreditResearcher(AccreditResearcher { account, name: "R".into() }),
        ] {
            self.accept(&self.governed(action, &[]));
        }
        let treasury = self.governors[0].clone();
        self.accept(&self.order(Action::Issue(Issue { to: account, amount }), &[&treasury]));
    }

    /// Lets the tree of standing be taken anew.
    pub fn boundary(&mut self) {
        let interval = self.ledger.app.config().windows.recent_interval;
        self.ledger.pass_to((self.ledger.height / interval + 1) * interval);
    }

    /// Accredits a hospital and commits its dataset; gives its index.
    pub fn add_hospital(&mut self) -> usize {
        let index = self.hospitals.len();
        let hospital = Hospital::new(&mut self.rng, index as u64 + 100);
        let knowledge = self.knowledge(&hospital.keys);
        let account = hospital.keys.account();
        let schemas = vec![SchemaId::of(&schema("cohort"))];
        let action = hospital.keys.accreditation(&format!("H{index}"), schemas, knowledge);
        self.accept(&self.governed(action, &[&account]));
        self.commit(&hospital);
        self.hospitals.push(hospital);
        index
    }

    /// Proof that a hospital knows the secret behind its name.
    pub fn knowledge(&mut self, keys: &HospitalKeys) -> Knowledge {
        let seal = keys.knowledge(&self.ledger.chain_id(), &self.authority.public());
        let values = galen_prover::engine::Assignment::of(seal.clone()).unwrap();
        Knowledge::new(&seal.public, Proving::load().try_seal(values).unwrap())
    }

    /// Commits a hospital's dataset.
    pub fn commit(&mut self, hospital: &Hospital) {
        let body = hospital.dataset.body(hospital.salt);
        let action = hospital.keys.commitment(SchemaId::of(&schema("cohort")), body);
        self.accept(&self.order(action, &[&hospital.keys.account()]));
    }

    /// An order.
    pub fn order(&self, action: Action, signers: &[&Signer]) -> Transaction {
        let valid_until = Height::new(self.ledger.height + 100);
        let nonce = self.ledger.height;
        Order { action, nonce, valid_until }.sign(&self.ledger.chain_id(), signers)
    }

    /// An order of governance, and whoever else must sign.
    pub fn governed(&self, action: Action, besides: &[&Signer]) -> Transaction {
        let signers: Vec<&Signer> = self.governors.iter().chain(besides.iter().copied()).collect();
        self.order(action, &signers)
    }

    /// What a test asks for, if it does not say otherwise.
    pub fn wish(&self, max_records: u32) -> Wish {
        Wish {
            title: "a cohort".into(),
            terms: terms(&schema("cohort")),
            sample: 1,
            limits: Limits { max_suppressed_per_mille: 100, max_loss_per_row: 1000 },
            price: Amount::new(PRICE).unwrap(),
            max_records: Records::new(max_records).unwrap(),
            deadline: Height::new(self.ledger.height + 200),
        }
    }

    /// A request for a wish.
    pub fn request(&mut self, wish: Wish) -> Request {
        let refund = self.researcher.account.key();
        self.researcher.request(&self.ledger.chain_id(), wish, refund, &mut self.rng)
    }

    /// Posting a request.
    pub fn posting(&self, request: Request) -> Transaction {
        self.order(Action::PostRequest(PostRequest { request }), &[&self.researcher.account])
    }

    /// Posts a request and lets its sample be drawn.
    pub fn post(&mut self, wish: Wish) -> RequestId {
        let request = self.request(wish);
        let id = request.id(&self.ledger.chain_id());
        self.accept(&self.posting(request));
        self.ledger.pass(1);
        id
    }

    /// What the ledger tells a hospital about a request.
    pub fn offer(&self, hospital: &Hospital, request: &RequestId) -> Result<Offer, query::CannotSell> {
        let (app, chain) = (&self.ledger.app, self.ledger.chain_id());
        query::offer(&self.ledger.state, &chain, app.config(), &hospital.keys.account().key(), request)
    }

    /// An honest contribution.
    pub fn contribute(&mut self, hospital: usize, request: &RequestId) -> Offered {
        let hospital = self.hospitals[hospital].clone();
        let offer = self.offer(&hospital, request).unwrap();
        self.prove(&hospital, request, &offer)
    }

    /// A contribution of a hospital for an offer, which need not be the ledger's.
    pub fn prove(&mut self, hospital: &Hospital, request: &RequestId, offer: &Offer) -> Offered {
        let payee = hospital.keys.payout(request, 0);
        let plan = planned(hospital, offer, &payee);
        let contribution = Proving::load().prove(&plan);
        let blob = self.blobs.store(&plan.blob).unwrap();
        let chain = self.ledger.chain_id();
        let sale = Sale::new(
            &chain,
            *request,
            &offer.statement,
            contribution.clone(),
            &plan.blob,
            plan.encapsulation,
            &payee,
        );
        Offered { sale, plan, statement: offer.statement.clone(), contribution, blob }
    }

    /// A contribution signed by a payout key, changed or not.
    pub fn sign(
        &self,
        request: &RequestId,
        contribution: Contribution,
        blob: BlobHash,
        by: &Signer,
    ) -> Transaction {
        Transaction::Contribute(SignedContribution::new(
            &self.ledger.chain_id(),
            *request,
            contribution,
            blob,
            by,
        ))
    }

    /// The code and message with which members refuse a transaction; "ok" if they do not.
    pub fn verdict(&self, tx: &Transaction) -> (String, String) {
        match self.ledger.check(&tx.to_bytes()) {
            Ok(()) => ("ok".to_owned(), String::new()),
            Err(refusal) => (refusal.code.to_owned(), refusal.message),
        }
    }

    /// A transaction that must be refused with this code, when it is checked and when it is executed.
    pub fn refuse(&self, tx: &Transaction, code: &str) -> String {
        let (found, message) = self.verdict(tx);
        assert_eq!(found, code, "check: {message}");
        let receipt = self.ledger.execute(&tx.to_bytes());
        assert_eq!((receipt.accepted, receipt.code.as_str()), (false, code), "execute: {}", receipt.message);
        message
    }

    /// Executes a transaction that must be good.
    pub fn accept(&mut self, tx: &Transaction) {
        assert_eq!(self.verdict(tx), ("ok".to_owned(), String::new()));
        let receipt = self.execute(tx);
        assert_eq!(receipt.code, "ok", "{}", receipt.message);
    }

    /// Executes a transaction in a block of its own.
    pub fn execute(&mut self, tx: &Transaction) -> Receipt {
        self.ledger.block(&[&tx.to_bytes()]).remove(0)
    }

    /// What a payout key was paid.
    pub fn paid(&self, hospital: usize, request: &RequestId) -> u64 {
        let key = self.hospitals[hospital].keys.payout(request, 0).key();
        query::balance(&self.ledger.state, &key).get()
    }
}

/// An honest plan: classes of eight and more, nothing suppressed but the rest.
pub fn planned(hospital: &Hospital, offer: &Offer, payee: &Signer) -> Plan {
    let run = Run::draw(&offer.statement, &hospital.dataset, hospital.keys.seller_secret(), F::from(3u64));
    let count = run.selected(&hospital.dataset, &offer.statement.terms).len();
    let rows: Vec<usize> = (0..count).collect();
    let whole = Class { bounds: vec![(1, 60), (1, 60)], rows };
    let grouping = Grouping { classes: vec![whole], suppressed: Vec::new() };
    plan(
        &offer.statement,
        &hospital.dataset,
        &hospital.seller(),
        &offer.standing,
        &run,
        &grouping,
        payout(payee),
        &[9; 32],
    )
    .unwrap()
}
