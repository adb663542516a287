//! Hospitals and researchers of the tests.

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use curve25519_dalek::Scalar;
use galen_circuits::contribution::{BlockHeader, Contribution, Header, Limits, blob_bytes};
use galen_circuits::field::F;
use galen_circuits::groth16::Proof;
use galen_circuits::jubjub::{Coordinates, Sealed};
use galen_circuits::knowledge::Knowledge;
use galen_circuits::release::cipher::{BLOCK_ELEMENTS, ciphertext_hash};
use galen_circuits::request::{QuasiIdentifier, Terms};
use galen_circuits::schema::{Condition, Predicate, Schema};
use galen_circuits::state::Totals;
use galen_ledger::{Blobs, ChainId, Height, StateRead};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::sync::OnceLock;

use super::chain::Chain;
use crate::action::{AccreditResearcher, Action, Issue, PostRequest, RegisterSchema};
use crate::agent::hospital::HospitalKeys;
use crate::agent::researcher::{ResearcherKeys, Wish};
use crate::amount::{Amount, Records};
use crate::id::{ContributionId, RequestId, SchemaId};
use crate::notes::issue::{Book, Issuance, split};
use crate::notes::keys::OwnerKeys;
use crate::notes::note::Opening as PriceOpening;
use crate::notes::transfer::Transfer;
use crate::query;
use crate::record::RequestRecord;
use crate::request::Request;
use crate::transaction::{Opening, SignedContribution, Transaction};
use crate::wallet::{At, Wallet, no_prices};

pub const PRICE: u64 = 7;

pub fn schema() -> Schema {
    let number = |min: i64, max: i64| serde_json::json!({"number": {"min": min, "max": max}});
    let parts = serde_json::json!({
        "name": "cohort", "version": 1, "k_floor": 3, "l_floor": 2, "alpha_ceiling": 800, "min_chunks": 16,
        "columns": [
            {"name": "age", "class": "quasi-identifier", "weight": 2, "kind": number(0, 120)},
            {"name": "finding", "class": "sensitive", "kind": number(0, 9)},
            {"name": "days", "class": "plain", "kind": number(0, 60)},
            {"name": "ward", "class": "never-released", "kind": number(0, 20)},
        ],
    });
    serde_json::from_value(parts).unwrap()
}

pub fn terms() -> Terms {
    Terms {
        schema: SchemaId::of(&schema()).field(),
        predicate: Predicate { conditions: vec![Condition { column: 0, lo: 1, hi: 60 }], clauses: vec![1] },
        purpose: 0,
        released: vec![1, 2],
        quasi_identifiers: vec![QuasiIdentifier { column: 0, weight: 2 }],
        sensitive: 1,
        k: 3,
        l: 2,
        alpha: 800,
    }
}

pub fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

pub fn records(count: u32) -> Records {
    Records::new(count).unwrap()
}

pub fn wish(max_records: u32, deadline: u64) -> Wish {
    Wish {
        title: "a cohort".into(),
        terms: terms(),
        sample: 2,
        limits: Limits { max_suppressed_per_mille: 500, max_loss_per_row: 100 },
        price: amount(PRICE),
        max_records: records(max_records),
        deadline: Height::new(deadline),
    }
}

/// A proof that is none.
pub fn proof() -> Proof {
    Proof::new(G1Affine::generator(), G2Affine::generator(), G1Affine::generator()).unwrap()
}

/// An accreditation that the stand-in for proofs finds sound.
pub fn accreditation(chain: &ChainId, keys: &HospitalKeys, name: &str, schemas: Vec<SchemaId>) -> Action {
    keys.accreditation(chain, name, schemas, Knowledge { nullifier: F::from(0u64), proof: proof() })
}

/// Money of the researcher, and of somebody else.
pub const FUNDS: [u64; 2] = [1_000_000, 500_000];

/// The researcher of every world: what it is issued is the same, and made once.
pub fn researcher() -> ResearcherKeys {
    ResearcherKeys::from_seed(&[9; 32])
}

pub fn bystander() -> OwnerKeys {
    OwnerKeys::from_seed(&[8; 32])
}

/// The issues that every world begins with.
pub fn issues(chain: &Chain) -> &'static [Issuance; 2] {
    static ISSUES: OnceLock<[Issuance; 2]> = OnceLock::new();
    ISSUES.get_or_init(|| {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut book = Book::default();
        let owners = [researcher().wallet.address(), bystander().address()];
        let mut issue = |to, total| {
            let parts = split(amount(total), &mut rng);
            let (issuance, after) =
                Issuance::new(&chain.id(), &chain.key(), &book, to, &parts, &mut rng).unwrap();
            book = after;
            issuance
        };
        [issue(&owners[0], FUNDS[0]), issue(&owners[1], FUNDS[1])]
    })
}

/// A chain with a schema, a funded researcher, and hospitals with committed datasets in the recent root.
pub struct World {
    pub chain: Chain,
    pub hospitals: Vec<HospitalKeys>,
    pub researcher: ResearcherKeys,
    /// The researcher's wallet.
    pub wallet: Wallet,
    /// Somebody else's.
    pub bystander: Wallet,
    /// A contribution's encapsulation, kept by its hospital.
    pub kept: std::collections::BTreeMap<ContributionId, Sealed>,
}

impl World {
    pub fn new(seed: u64, hospitals: usize) -> Self {
        let mut chain = Chain::new(seed);
        let register = chain.governed(Action::RegisterSchema(RegisterSchema { schema: schema() }), &[]);
        chain.accept(&register);
        let researcher = researcher();
        let account = researcher.account.key();
        let accredit =
            chain.governed(Action::AccreditResearcher(AccreditResearcher { account, name: "R".into() }), &[]);
        chain.accept(&accredit);
        let treasury = chain.treasury.clone();
        for issuance in issues(&chain).clone() {
            let issue = chain.order(Action::Issue(Issue { issuance }), &[&treasury]);
            chain.accept(&issue);
        }
        let (wallet, bystander) = (Wallet::new(researcher.wallet.clone()), Wallet::new(bystander()));
        let mut world =
            Self { chain, hospitals: Vec::new(), researcher, wallet, bystander, kept: Default::default() };
        (0..hospitals).for_each(|_| world.add_hospital());
        let interval = world.chain.app.config().windows.recent_interval;
        let boundary = world.chain.height.div_ceil(interval) * interval;
        world.chain.pass_to(boundary);
        world
    }

    pub fn schema(&self) -> SchemaId {
        SchemaId::of(&schema())
    }

    pub fn add_hospital(&mut self) {
        let keys = HospitalKeys::generate(&mut self.chain.rng);
        let name = format!("H{}", self.hospitals.len());
        let accreditation = accreditation(&self.chain.id(), &keys, &name, vec![self.schema()]);
        let accredit = self.chain.governed(accreditation, &[&keys.account()]);
        let body = F::from(1000 + self.hospitals.len() as u64);
        let commit = self.chain.order(keys.commitment(self.schema(), body), &[&keys.account()]);
        let codes: Vec<String> =
            self.chain.block(&[&accredit, &commit]).into_iter().map(|r| r.code).collect();
        assert_eq!(codes, ["ok", "ok"]);
        self.hospitals.push(keys);
    }

    pub fn request(&mut self, wish: Wish) -> Request {
        let (id, key) = (self.chain.id(), self.chain.key());
        let sellers = query::sellers(&self.chain.state);
        self.researcher.request(&id, &key, &sellers, wish, &mut self.chain.rng).unwrap()
    }

    /// Locks money for a request.
    pub fn funding(&mut self, request: &Request) -> Transfer {
        self.scan();
        let (id, key) = (self.chain.id(), self.chain.key());
        // For a price that is not the researcher's own any money does: it is refused before that is looked at.
        let strange = PriceOpening { amount: PRICE, blinding: Scalar::ONE };
        let price = self.researcher.price(&id, request).unwrap_or(strange);
        let mut rng = self.chain.rng.clone();
        self.chain.rng.next_u64();
        let at = At { state: &self.chain.state, chain: &id, authority: &key };
        self.wallet.fund(at, &request.id(&id), (price, request.max_records), &mut rng).unwrap()
    }

    /// What the researcher orders.
    pub fn posting(&mut self, request: Request) -> Action {
        let funding = self.funding(&request);
        Action::PostRequest(PostRequest { request, funding })
    }

    pub fn post_tx(&mut self, request: Request) -> Transaction {
        let signer = self.researcher.account.clone();
        let posting = self.posting(request);
        self.chain.order(posting, &[&signer])
    }

    /// Lets the wallets look at what is new.
    pub fn scan(&mut self) {
        let (id, researcher) = (self.chain.id(), &self.researcher);
        let own = |state: &dyn StateRead, request: &RequestId| {
            researcher.price(&id, &RequestRecord::load(state, request)?.request)
        };
        self.wallet.scan(&self.chain.state, &own);
        self.bystander.scan(&self.chain.state, &no_prices);
    }

    /// What the researcher has.
    pub fn balance(&mut self) -> u64 {
        self.scan();
        self.wallet.balance().get()
    }

    /// A hospital's wallet, as it finds it on the ledger.
    pub fn earnings(&self, hospital: usize) -> Wallet {
        let (keys, id) = (&self.hospitals[hospital], self.chain.id());
        let mut wallet = Wallet::new(keys.wallet());
        wallet.scan(&self.chain.state, &|state: &dyn StateRead, request: &RequestId| {
            keys.price(state, &id, request)
        });
        wallet
    }

    /// Posts a request and lets its sample be drawn.
    pub fn post(&mut self, max_records: u32, life: u64) -> RequestId {
        let deadline = self.chain.height + 1 + life;
        let request = self.request(wish(max_records, deadline));
        let id = request.id(&self.chain.id());
        let tx = self.post_tx(request);
        self.chain.accept(&tx);
        self.chain.pass(1);
        id
    }

    pub fn record(&self, id: &RequestId) -> RequestRecord {
        RequestRecord::load(&self.chain.state, id).unwrap()
    }

    /// A contribution of so many rows that the stand-in for proofs finds sound.
    pub fn contribution(
        &mut self,
        hospital: usize,
        request: &RequestId,
        released: u32,
    ) -> SignedContribution {
        self.contribution_with(hospital, request, released, |_| {})
    }

    /// The same, changed before it is signed.
    pub fn contribution_with(
        &mut self,
        hospital: usize,
        request: &RequestId,
        released: u32,
        change: impl FnOnce(&mut Header),
    ) -> SignedContribution {
        let keys = self.hospitals[hospital].clone();
        let payee = keys.payout(&self.chain.id(), &self.chain.key(), request, 0);
        let totals = Totals { released, suppressed: 0, loss: 0 };
        let blocks = Header::blocks_for(&totals);
        let element = |block: usize, i: usize| F::from((hospital * 10_000_000 + block * 1000 + i) as u64);
        let cipher: Vec<Vec<F>> =
            (0..blocks).map(|b| (0..BLOCK_ELEMENTS).map(|i| element(b, i)).collect()).collect();
        let sealed = |x: u64| Sealed {
            ephemeral: Coordinates { x: F::from(x), y: F::from(hospital as u64) },
            masked: request.field(),
        };
        let mut header = Header {
            recent: query::recent_roots(&self.chain.state)[0].root,
            run: F::from(99u64),
            nullifier: keys.nullifier(request).field(),
            blocks: cipher
                .iter()
                .map(|block| BlockHeader { rows: F::from(1u64), ciphertext: ciphertext_hash(block) })
                .collect(),
            totals,
            key_commitment: F::from(5u64),
            encapsulation: sealed(1).digest(),
            identity: sealed(2),
            payout: payee.header(),
        };
        change(&mut header);
        let proof = proof();
        let sample = 2;
        let contribution = Contribution {
            states: vec![F::from(3u64); sample + header.blocks.len() - 1],
            scans: vec![proof.clone(); sample],
            releases: vec![proof.clone(); header.blocks.len()],
            seal: proof,
            header,
        };
        let hash = self.chain.blobs.store(&blob_bytes(&cipher)).unwrap();
        if let Some(statement) = self.record(request).statement(&self.chain.id(), self.chain.app.config()) {
            let challenge = galen_circuits::contribution::Challenge::draw(&statement, &contribution.header);
            self.kept.insert(ContributionId::from_bytes(challenge.id), sealed(1));
        }
        SignedContribution::new(&self.chain.id(), *request, contribution, hash, (&payee.payee, &payee.secret))
    }

    pub fn contribute(&mut self, hospital: usize, request: &RequestId, released: u32) -> Transaction {
        Transaction::Contribute(self.contribution(hospital, request, released))
    }

    /// The name of a request's contribution.
    pub fn id_of(&self, request: &RequestId, number: usize) -> ContributionId {
        query::contributions_of(&self.chain.state, request)[number].id
    }

    pub fn open(&self, id: &ContributionId) -> Transaction {
        Transaction::Open(Opening { contribution: *id, encapsulation: self.kept[id] })
    }
}
