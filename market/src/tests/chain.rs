//! A chain in memory: blocks are checked and executed as the ledger does it.

use std::sync::Arc;

use galen_circuits::contribution::{Contribution, ContributionFault, Statement, Which};
use galen_circuits::field::F;
use galen_circuits::groth16::Fingerprint;
use galen_circuits::jubjub::SecretKey;
use galen_circuits::keys::KeyFingerprints;
use galen_ledger::{
    Application, Beacon, Blobs, BlockContext, ChainId, Height, MemoryBlobs, MemoryState, Overlay, Receipt,
    StateWrite, View,
};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::action::Action;
use crate::application::Market;
use crate::config::{AuditAuthority, Governance, MarketConfig, PinnedKeys, Windows};
use crate::sign::Signer;
use crate::transaction::{Order, Transaction};
use crate::verdict::ProofCheck;

/// The run of a contribution whose seal does not hold.
pub const BAD_SEAL: u64 = 1;
/// The run of a contribution whose first scan does not hold.
pub const BAD_SCAN: u64 = 2;

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
}

pub struct Chain {
    pub app: Market<Marked>,
    pub blobs: Arc<MemoryBlobs>,
    pub state: MemoryState,
    pub height: u64,
    pub rng: ChaCha20Rng,
    pub governors: Vec<Signer>,
    pub treasury: Signer,
    pub authority: SecretKey,
}

fn no_keys() -> PinnedKeys {
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
        let config = MarketConfig {
            name: "test".into(),
            members: 4,
            governance: Governance { keys: governors.iter().map(Signer::key).collect(), threshold: 2 },
            treasury: treasury.key(),
            auditor: AuditAuthority::of(&authority),
            keys: no_keys(),
            windows: Windows { recommit_time: 60, max_request_life: 50, order_life: 30, ..Windows::short(4) },
            development: true,
        };
        let blobs = Arc::new(MemoryBlobs::new());
        let bytes = config.to_json();
        let app = Market::with_check(config, bytes.clone(), blobs.clone() as Arc<dyn Blobs>, Marked);
        let mut state = MemoryState::new();
        app.genesis(&mut state, &bytes).unwrap();
        Self { app, blobs, state, height: 0, rng, governors, treasury, authority }
    }

    pub fn id(&self) -> ChainId {
        ChainId::from_bytes([7; 32])
    }

    pub fn context(&self, height: u64) -> BlockContext {
        // As the ledger's: the certificate of the block before, which nobody knew when that block was proposed.
        let beacon = (height > 1).then(|| Beacon {
            value: *blake3::hash(&height.to_le_bytes()).as_bytes(),
            after: Height::new(height - 1),
        });
        BlockContext {
            chain_id: self.id(),
            height: Height::new(height),
            view: View::new(height),
            time_ms: height * 1000,
            beacon,
        }
    }

    /// The code with which the next block would not admit a transaction; "ok" if it would.
    pub fn check(&self, tx: &Transaction) -> String {
        let context = self.context(self.height + 1);
        let result = self.app.check(&self.state, &context, &tx.to_bytes());
        result.map_or_else(|refusal| refusal.code.to_owned(), |()| "ok".to_owned())
    }

    /// Makes a block. Unlike a proposer it includes everything, so that execution is tested on its own as well.
    pub fn block(&mut self, txs: &[&Transaction]) -> Vec<Receipt> {
        self.height += 1;
        let context = self.context(self.height);
        self.app.begin_block(&mut self.state, &context);
        let mut receipts = Vec::new();
        for tx in txs {
            let mut overlay = Overlay::new(&self.state);
            let receipt = self.app.execute(&mut overlay, &context, &tx.to_bytes());
            let writes = overlay.into_writes();
            if receipt.accepted {
                for (key, value) in writes {
                    match value {
                        Some(value) => self.state.put(&key, value),
                        None => self.state.delete(&key),
                    }
                }
            }
            receipts.push(receipt);
        }
        self.app.end_block(&mut self.state, &context);
        receipts
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
        let before = self.state.clone();
        let context = self.context(self.height + 1);
        let mut overlay = Overlay::new(&self.state);
        let receipt = self.app.execute(&mut overlay, &context, &tx.to_bytes());
        assert_eq!((receipt.accepted, receipt.code.as_str()), (false, code), "execute");
        assert_eq!(self.state, before);
    }

    pub fn pass(&mut self, blocks: u64) {
        (0..blocks).for_each(|_| drop(self.block(&[])));
    }

    pub fn pass_to(&mut self, height: u64) {
        self.pass(height.saturating_sub(self.height));
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
