//! The market with real keys and real proofs, block by block in memory: what the ledger itself refuses.

use std::sync::{Arc, OnceLock};

use galen_circuits::contribution::{Contribution, Limits, Statement};
use galen_circuits::dataset::Dataset;
use galen_circuits::field::F;
use galen_circuits::jubjub::SecretKey;
use galen_circuits::knowledge::Knowledge;
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::row::Row;
use galen_circuits::schema::{Condition, Predicate, Schema};
use galen_ledger::{BlobHash, Blobs, ChainId, Height, MemoryBlobs, Receipt, Rehearsal, StateRead};
use galen_market::action::{AccreditResearcher, Issue, PostRequest, RegisterSchema};
use galen_market::agent::hospital::{HospitalKeys, Payout, Sale};
use galen_market::agent::researcher::{ResearcherKeys, Wish};
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::money::Origin;
use galen_market::notes::authority::AmountSecret;
use galen_market::notes::group::Point;
use galen_market::notes::issue::{Book, Issuance, split};
use galen_market::notes::keys::OwnerKeys;
use galen_market::query::{self, Offer};
use galen_market::record::{ContributionRecord, RequestRecord};
use galen_market::transaction::SignedContribution;
use galen_market::wallet::{At, Held, Wallet};
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
/// What is issued: to the researcher, and to somebody else, so that the researcher's notes are not alone.
const FUNDS: [u64; 2] = [1_000_000, 500_000];

/// The researcher of every market, and the authority that opens amounts: what is issued is the same, and made once.
fn researcher() -> ResearcherKeys {
    ResearcherKeys::from_seed(&[9; 32])
}

/// The audit authority's secret for amounts.
pub fn amounts() -> AmountSecret {
    AmountSecret::from_seed(&[5; 32])
}

/// The issues that every market begins with.
fn issues() -> &'static [Issuance; 2] {
    static ISSUES: OnceLock<[Issuance; 2]> = OnceLock::new();
    ISSUES.get_or_init(|| {
        let (mut rng, mut book) = (ChaCha20Rng::seed_from_u64(1), Book::default());
        let (chain, key) = (ChainId::from_bytes(CONTEXT), amounts().key().key);
        let owners = [researcher().wallet.address(), OwnerKeys::from_seed(&[8; 32]).address()];
        [0, 1].map(|owner| {
            let parts = split(Amount::new(FUNDS[owner]).unwrap(), &mut rng);
            let made = Issuance::new(&chain, &key, &book, &owners[owner], &parts, &mut rng).unwrap();
            book = made.1;
            made.0
        })
    })
}

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
    /// Its wallet.
    pub wallet: Wallet,
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

/// What a researcher asks for, if nothing else is said.
pub fn wish(max_records: u32, deadline: Height) -> Wish {
    Wish {
        title: "a cohort".into(),
        terms: terms(&schema("cohort")),
        sample: 1,
        limits: Limits { max_suppressed_per_mille: 100, max_loss_per_row: 1000 },
        price: Amount::new(PRICE).unwrap(),
        max_records: Records::new(max_records).unwrap(),
        deadline,
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
            auditor: AuditAuthority::of(&authority, &amounts()),
            keys: PinnedKeys::of(&Proving::load().verifying),
            windows: Windows { max_request_life: 1000, ..Windows::short(4) },
            development: true,
        };
        let blobs = Arc::new(MemoryBlobs::new());
        let bytes = config.to_json();
        let market = Market::new(&bytes, Arc::clone(&blobs) as Arc<dyn Blobs>).unwrap();
        let ledger = Rehearsal::new(market, ChainId::from_bytes(CONTEXT), &bytes).unwrap();
        let (researcher, none) = (researcher(), Vec::new());
        let wallet = Wallet::new(researcher.wallet.clone());
        let mut market =
            Self { ledger, blobs, hospitals: none, researcher, wallet, authority, rng, governors };
        market.found();
        for _ in 0..hospitals {
            market.add_hospital();
        }
        market.boundary();
        market
    }

    fn found(&mut self) {
        let account = self.researcher.account.key();
        for action in [
            Action::RegisterSchema(RegisterSchema { schema: schema("cohort") }),
            Action::RegisterSchema(RegisterSchema { schema: schema("another") }),
            Action::AccreditResearcher(AccreditResearcher { account, name: "R".into() }),
        ] {
            self.accept(&self.governed(action, &[]));
        }
        let treasury = self.governors[0].clone();
        for issuance in issues().clone() {
            self.accept(&self.order(Action::Issue(Issue { issuance }), &[&treasury]));
        }
    }

    /// K.
    pub fn key(&self) -> Point {
        self.ledger.app.config().auditor.amounts.key
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
        let action =
            hospital.keys.accreditation(&self.ledger.chain_id(), &format!("H{index}"), schemas, knowledge);
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
        wish(max_records, Height::new(self.ledger.height + 200))
    }

    /// A request for a wish, its price sealed to the sellers of the last boundary.
    pub fn request(&mut self, wish: Wish) -> Request {
        let (chain, key) = (self.ledger.chain_id(), self.key());
        let sellers = query::sellers(&self.ledger.state);
        self.researcher.request(&chain, &key, &sellers, wish, &mut self.rng).unwrap()
    }

    /// Posting a request, with its money.
    pub fn posting(&mut self, request: Request) -> Transaction {
        let (chain, authority, researcher) = (self.ledger.chain_id(), self.key(), &self.researcher);
        let own = |state: &dyn StateRead, request: &RequestId| {
            researcher.price(&chain, &RequestRecord::load(state, request)?.request)
        };
        self.wallet.scan(&self.ledger.state, &own);
        let price = researcher.price(&chain, &request).unwrap();
        let at = At { state: &self.ledger.state, chain: &chain, authority: &authority };
        let of = (price, request.max_records);
        let funding = self.wallet.fund(at, &request.id(&chain), of, &mut self.rng).unwrap();
        self.order(Action::PostRequest(PostRequest { request, funding }), &[&self.researcher.account])
    }

    /// Posts a request and lets its sample be drawn.
    pub fn post(&mut self, wish: Wish) -> RequestId {
        let request = self.request(wish);
        let id = request.id(&self.ledger.chain_id());
        let posting = self.posting(request);
        self.accept(&posting);
        self.ledger.pass(1);
        id
    }

    /// What the ledger tells a hospital about a request.
    pub fn offer(&self, hospital: &Hospital, request: &RequestId) -> Result<Offer, query::CannotSell> {
        let (app, chain) = (&self.ledger.app, self.ledger.chain_id());
        query::offer(&self.ledger.state, &chain, app.config(), &hospital.keys.account().key(), request)
    }

    /// Who is paid for a hospital's contribution.
    pub fn payout(&self, hospital: &Hospital, request: &RequestId) -> Payout {
        hospital.keys.payout(&self.ledger.chain_id(), &self.key(), request, 0)
    }

    /// An honest contribution.
    pub fn contribute(&mut self, hospital: usize, request: &RequestId) -> Offered {
        let hospital = self.hospitals[hospital].clone();
        let offer = self.offer(&hospital, request).unwrap();
        self.prove(&hospital, request, &offer)
    }

    /// A contribution of a hospital for an offer, which need not be the ledger's.
    pub fn prove(&mut self, hospital: &Hospital, request: &RequestId, offer: &Offer) -> Offered {
        let payee = self.payout(hospital, request);
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
        by: &Payout,
    ) -> Transaction {
        Transaction::Contribute(SignedContribution::new(
            &self.ledger.chain_id(),
            *request,
            contribution,
            blob,
            (&by.payee, &by.secret),
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

    /// A hospital's wallet, as it finds it on the ledger.
    pub fn earnings(&self, hospital: usize) -> Wallet {
        let (keys, chain) = (&self.hospitals[hospital].keys, self.ledger.chain_id());
        let mut wallet = Wallet::new(keys.wallet());
        wallet
            .scan(&self.ledger.state, &|state: &dyn StateRead, id: &RequestId| keys.price(state, &chain, id));
        wallet
    }

    /// What a hospital finds that it was paid for a request.
    pub fn paid(&self, hospital: usize, request: &RequestId) -> u64 {
        let of_request = |held: &&Held| match held.record.origin {
            Origin::Paid { contribution } => {
                let record = ContributionRecord::load(&self.ledger.state, &contribution);
                record.is_some_and(|record| record.request == *request)
            }
            _ => false,
        };
        self.earnings(hospital).notes().filter(of_request).map(Held::amount).sum()
    }
}

/// An honest plan: classes of eight and more, nothing suppressed but the rest.
pub fn planned(hospital: &Hospital, offer: &Offer, payee: &Payout) -> Plan {
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
        payee.header(),
        &[9; 32],
    )
    .unwrap()
}
