//! A chain in memory: blocks are checked and executed as the ledger does it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use galen_circuits::contribution::{Contribution, ContributionFault, Statement, Which};
use galen_circuits::field::F;
use galen_circuits::groth16::Fingerprint;
use galen_circuits::jubjub::{PublicKey, SecretKey};
use galen_circuits::keys::KeyFingerprints;
use galen_circuits::knowledge::Knowledge;
use galen_ledger::{Blobs, ChainId, Height, MemoryBlobs, Receipt, Rehearsal};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::action::Action;
use crate::application::Market;
use crate::config::{AuditAuthority, Governance, MarketConfig, PinnedKeys, Windows};
use crate::notes::authority::AmountSecret;
use crate::notes::group::Point;
use crate::sign::Signer;
use crate::transaction::{Order, Transaction};
use crate::verdict::ProofCheck;

/// The run of a contribution whose seal does not hold.
pub const BAD_SEAL: u64 = 1;
/// The run of a contribution whose first scan does not hold.
pub const BAD_SCAN: u64 = 2;

/// The nullifier of a seller that does not know its secret.
pub const UNKNOWN_SECRET: u64 = 3;

/// Reads the verdict from D.
pub struct Marked;

impl ProofCheck for Marked {
    fn verify_all(&self, items: &[(&Statement, &Contribution)]) -> Vec<Result<(), ContributionFault>> {
        let proofs = |which| Err(ContributionFault::Proofs(vec![which]));
        let verdict = |item: &Contribution| match item.header.run {
            run if run == F::from(BAD_SEAL) => proofs(Which::Seal),
            run if run == F::from(BAD_SCAN) => proofs(Which::Scan(0)),
            _ => Ok(()),
        };
        items.iter().map(|(_, item)| verdict(item)).collect()
    }

    fn knows(&self, shown: &Knowledge, _: &[u8], _: F, _: &PublicKey) -> bool {
        shown.nullifier != F::from(UNKNOWN_SECRET)
    }
}

pub struct Chain {
    ledger: Rehearsal<Market<Marked>>,
    pub blobs: Arc<MemoryBlobs>,
    pub rng: ChaCha20Rng,
    pub governors: Vec<Signer>,
    pub treasury: Signer,
    pub authority: SecretKey,
    pub amounts: AmountSecret,
}

impl Deref for Chain {
    type Target = Rehearsal<Market<Marked>>;

    fn deref(&self) -> &Self::Target {
        &self.ledger
    }
}

impl DerefMut for Chain {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.ledger
    }
}

pub fn no_keys() -> PinnedKeys {
    let print = Fingerprint([0; 32]);
    let fingerprints = KeyFingerprints { scan: print, release: print, seal: print };
    PinnedKeys { scan: String::new(), release: String::new(), seal: String::new(), fingerprints }
}

impl Chain {
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let governors: Vec<Signer> = (0..3).map(|_| Signer::generate(&mut rng)).collect();
        let treasury = Signer::generate(&mut rng);
        let authority = SecretKey::generate(&mut rng);
        // The same for every chain: what was issued once can be issued again in each test.
        let amounts = AmountSecret::from_seed(&[5; 32]);
        let config = MarketConfig {
            name: "test".into(),
            members: 4,
            governance: Governance { keys: governors.iter().map(Signer::key).collect(), threshold: 2 },
            treasury: treasury.key(),
            auditor: AuditAuthority::of(&authority, &amounts),
            keys: no_keys(),
            windows: Windows { recommit_time: 60, max_request_life: 50, order_life: 30, ..Windows::short(4) },
            development: true,
        };
        let blobs = Arc::new(MemoryBlobs::new());
        let bytes = config.to_json();
        let app = Market::with_check(config, bytes.clone(), blobs.clone() as Arc<dyn Blobs>, Marked);
        let ledger = Rehearsal::new(app, ChainId::from_bytes([7; 32]), &bytes).unwrap();
        Self { ledger, blobs, rng, governors, treasury, authority, amounts }
    }

    /// K.
    pub fn key(&self) -> Point {
        self.app.config().auditor.amounts.key
    }

    pub fn id(&self) -> ChainId {
        self.chain_id()
    }

    /// The code with which the next block would not admit a transaction; "ok" if it would.
    pub fn check(&self, tx: &Transaction) -> String {
        let result = self.ledger.check(&tx.to_bytes());
        result.map_or_else(|refusal| refusal.code.to_owned(), |()| "ok".to_owned())
    }

    /// Makes a block of these transactions, checked or not.
    pub fn block(&mut self, txs: &[&Transaction]) -> Vec<Receipt> {
        let bytes: Vec<Vec<u8>> = txs.iter().map(|tx| tx.to_bytes()).collect();
        let txs: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        self.ledger.block(&txs)
    }

    /// A block with one transaction; the receipt's code.
    pub fn run(&mut self, tx: &Transaction) -> String {
        self.block(&[tx]).remove(0).code
    }

    /// Checks, then executes, a transaction that must pass both.
    pub fn accept(&mut self, tx: &Transaction) {
        assert_eq!(self.check(tx), "ok");
        assert_eq!(self.run(tx), "ok");
    }

    /// Checks and executes a transaction that must be refused by both with this code.
    pub fn refuse(&mut self, tx: &Transaction, code: &str) {
        assert_eq!(self.check(tx), code, "check");
        let receipt = self.execute(&tx.to_bytes());
        assert_eq!((receipt.accepted, receipt.code.as_str()), (false, code), "execute");
    }

    pub fn order(&mut self, action: Action, signers: &[&Signer]) -> Transaction {
        let until = Height::new(self.height + 20);
        let chain = self.id();
        Order::new(action, until, &mut self.rng).sign(&chain, signers)
    }

    /// An order signed by two governors, and whoever else must.
    pub fn governed(&mut self, action: Action, besides: &[&Signer]) -> Transaction {
        let governors = self.governors.clone();
        let signers: Vec<&Signer> = governors.iter().take(2).chain(besides.iter().copied()).collect();
        self.order(action, &signers)
    }
}
