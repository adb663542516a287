//! Everybody's secrets in a demonstration, from one seed.
//!
//! In life each party draws its own and shows it to nobody; here one seed lets a run that was killed go on.

use galen_circuits::field::{F, from_wide};
use galen_circuits::jubjub::SecretKey;
use galen_market::sign::Signer;
use galen_prover::import::HospitalSecret;
use galen_prover::plan::Seller;

/// The seed that everything is derived from.
pub struct Cast([u8; 32]);

/// A hospital's secrets.
pub struct HospitalKeys {
    /// Signs its orders: commitments to datasets.
    pub account: Signer,
    /// What its proofs know.
    pub seller: Seller,
    /// Key of its patients' handles.
    pub handles: HospitalSecret,
    /// The one-time key that a contribution is signed with and paid to.
    pub payout: Signer,
    /// Blinds its contribution.
    pub entropy: [u8; 32],
    /// Blinds its run.
    pub run_blind: F,
}

impl Cast {
    /// The cast of a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    fn bytes(&self, what: &str) -> [u8; 32] {
        blake3::keyed_hash(&self.0, what.as_bytes()).into()
    }

    fn wide(&self, what: &str) -> [u8; 64] {
        let mut out = [0; 64];
        blake3::Hasher::new_keyed(&self.0).update(what.as_bytes()).finalize_xof().fill(&mut out);
        out
    }

    fn signer(&self, what: &str) -> Signer {
        Signer::from_seed(self.bytes(what))
    }

    /// A governance key of the consortium.
    pub fn governor(&self, index: usize) -> Signer {
        self.signer(&format!("governor {index}"))
    }

    /// The treasury.
    pub fn treasury(&self) -> Signer {
        self.signer("treasury")
    }

    /// The audit authority's key.
    pub fn authority(&self) -> SecretKey {
        SecretKey::from_wide(&self.wide("authority"))
    }

    /// The researcher's account.
    pub fn researcher(&self) -> Signer {
        self.signer("researcher")
    }

    /// The key that data keys are encapsulated to.
    pub fn buyer(&self) -> SecretKey {
        SecretKey::from_wide(&self.wide("buyer"))
    }

    /// Makes the researcher's request its own.
    pub fn request_nonce(&self) -> [u8; 32] {
        self.bytes("request nonce")
    }

    /// Somebody who would like to be paid for another's work.
    pub fn thief(&self) -> Signer {
        self.signer("thief")
    }

    /// A hospital.
    pub fn hospital(&self, index: u32) -> HospitalKeys {
        let what = |part: &str| format!("hospital {index} {part}");
        HospitalKeys {
            account: self.signer(&what("account")),
            seller: Seller {
                secret: from_wide(&self.wide(&what("secret"))),
                salt: from_wide(&self.wide(&what("salt"))),
                key_seed: self.bytes(&what("key seed")),
            },
            handles: HospitalSecret::new(self.bytes(&what("handles"))),
            payout: self.signer(&what("payout")),
            entropy: self.bytes(&what("entropy")),
            run_blind: from_wide(&self.wide(&what("run blind"))),
        }
    }
}
