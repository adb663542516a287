//! Who takes part, all from seeds: governance, a treasury, the audit authority, a researcher, hospitals.

use galen_circuits::jubjub::SecretKey;
use galen_ledger::{ChainId, Height};
use galen_market::agent::hospital::HospitalKeys;
use galen_market::agent::researcher::ResearcherKeys;
use galen_market::config::{AuditAuthority, Governance, PinnedKeys, Windows};
use galen_market::{Action, MarketConfig, Order, Signer, Transaction};
use galen_tests::keys::Proving;
use galen_tests::marketplace::amounts;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Blocks that a reservation is kept for: long, so that many stand while the site is measured.
pub const OPEN_WINDOW: u64 = 4000;
/// Hospitals.
const HOSPITALS: u64 = 8;

/// Who takes part.
pub struct Cast {
    /// Governance keys; the first is the treasury's.
    pub governors: Vec<Signer>,
    /// The audit authority.
    pub authority: SecretKey,
    /// Who asks.
    pub researcher: ResearcherKeys,
    /// Who answers.
    pub hospitals: Vec<HospitalKeys>,
}

impl Cast {
    /// The same ones each time.
    pub fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        Self {
            governors: (0..3).map(|_| Signer::generate(&mut rng)).collect(),
            authority: SecretKey::generate(&mut rng),
            researcher: ResearcherKeys::generate(&mut rng),
            hospitals: (0..HOSPITALS).map(|_| HospitalKeys::generate(&mut rng)).collect(),
        }
    }

    /// What the market begins with.
    pub fn config(&self) -> MarketConfig {
        MarketConfig {
            name: "A crowded market".into(),
            members: 1,
            governance: Governance { keys: self.governors.iter().map(Signer::key).collect(), threshold: 2 },
            treasury: self.treasury().key(),
            auditor: AuditAuthority::of(&self.authority, &amounts()),
            keys: PinnedKeys::of(&Proving::load().verifying),
            windows: Windows { open_window: OPEN_WINDOW, recent_interval: 200, ..Windows::short(1) },
            development: true,
        }
    }

    /// Who issues money.
    pub fn treasury(&self) -> &Signer {
        &self.governors[0]
    }

    /// An order of these.
    pub fn order(
        &self,
        chain: &ChainId,
        (action, nonce): (Action, u64),
        at: Height,
        signers: &[&Signer],
    ) -> Transaction {
        Order { action, nonce, valid_until: Height::new(at.get() + 5000) }.sign(chain, signers)
    }

    /// An order of governance, and of whoever else must sign.
    pub fn governed(
        &self,
        chain: &ChainId,
        action: (Action, u64),
        at: Height,
        besides: &[&Signer],
    ) -> Transaction {
        let signers: Vec<&Signer> = self.governors.iter().chain(besides.iter().copied()).collect();
        self.order(chain, action, at, &signers)
    }
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}
