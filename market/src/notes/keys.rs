//! Owners: an address that is published once, and a new key for every note, which only its owner knows to be its own.
//!
//! An address is `V = a·B̃`, `Z = b·B̃`. Whoever pays draws d and writes `R = d·B̃` and `P = H(d·V, R)·B̃ + Z` into the note. The
//! owner finds `d·V = a·R`, and with it the note's secret `x = H(a·R, R) + b`. Without a or d the key P is as good as random.
//! (Stealth addresses, as in CryptoNote; here over B̃.)

use curve25519_dalek::{RistrettoPoint, Scalar};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroize;

use super::group::{Point, blinding_base, hash_to_scalar};
use crate::codec::{canonical, hex_json};

const VIEW: &str = "galen 2026 money view key v1";
const SPEND: &str = "galen 2026 money spend key v1";
const ONE_TIME: &str = "galen 2026 money one-time key v1";
const BLINDING: &str = "galen 2026 money blinding of an output v1";
const SHIFT: &str = "galen 2026 money shift of a payee v1";
const AMOUNT: &str = "galen 2026 money sealed amount v1";

/// Where an owner is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// V: by it the owner finds its notes.
    pub view: Point,
    /// Z: by it the owner spends them.
    pub spend: Point,
}

canonical!(struct Address { view, spend });
hex_json!(Address);

/// An owner's secrets.
#[derive(Clone)]
pub struct OwnerKeys {
    view: Scalar,
    spend: Scalar,
}

impl Drop for OwnerKeys {
    fn drop(&mut self) {
        self.view.zeroize();
        self.spend.zeroize();
    }
}

impl std::fmt::Debug for OwnerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnerKeys")
    }
}

/// What payer and payee share about one output.
pub struct Shared(RistrettoPoint, Point);

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Shared {
    fn hash(&self, label: &str) -> Scalar {
        hash_to_scalar(label, &[self.0.compress().as_bytes(), self.1.as_bytes()])
    }

    /// The blinding of the output's commitment.
    pub fn blinding(&self) -> Scalar {
        self.hash(BLINDING)
    }

    /// What hides the note that the ledger makes for a payee. Another one than the blinding: S = s·B̃ is public, and would
    /// show the amount of an output that had the same key.
    pub fn shift(&self) -> Scalar {
        self.hash(SHIFT)
    }

    /// Seals or opens the output's amount. A changed one is noticed, as it does not open the commitment.
    pub fn mask(&self, amount: [u8; 8]) -> [u8; 8] {
        let mask = self.hash(AMOUNT);
        let mut masked = amount;
        masked.iter_mut().zip(mask.as_bytes()).for_each(|(byte, mask)| *byte ^= mask);
        masked
    }
}

/// A key for one note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneTimeKey {
    /// P: whoever knows its logarithm to B̃ owns the note.
    pub key: Point,
    /// R.
    pub ephemeral: Point,
}

canonical!(struct OneTimeKey { key, ephemeral });
hex_json!(OneTimeKey);

impl OwnerKeys {
    /// New keys.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self::from_seed(&seed)
    }

    /// The keys of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = |label| Some(hash_to_scalar(label, &[seed])).filter(|s| *s != Scalar::ZERO);
        let secret = |label| secret(label).unwrap_or(Scalar::ONE);
        Self { view: secret(VIEW), spend: secret(SPEND) }
    }

    /// Where it is paid.
    pub fn address(&self) -> Address {
        let point = |secret| Point::new(secret * blinding_base()).expect("no secret is zero");
        Address { view: point(self.view), spend: point(self.spend) }
    }

    /// What this owner shares with whoever made a key, if it is for this owner.
    pub fn recognise(&self, one_time: &OneTimeKey) -> Option<Shared> {
        let shared = Shared(self.view * one_time.ephemeral.get(), one_time.ephemeral);
        (self.secret(&shared) * blinding_base() == *one_time.key.get()).then_some(shared)
    }

    /// The secret of a note.
    pub fn secret(&self, shared: &Shared) -> Scalar {
        shared.hash(ONE_TIME) + self.spend
    }
}

impl Address {
    /// A key for a note to this owner. None with a probability that is negligible.
    pub fn one_time(&self, rng: &mut (impl RngCore + CryptoRng)) -> Option<(OneTimeKey, Shared)> {
        let d = Scalar::random(rng);
        let ephemeral = Point::new(d * blinding_base())?;
        let shared = Shared(d * self.view.get(), ephemeral);
        let key = Point::new(shared.hash(ONE_TIME) * blinding_base() + self.spend.get())?;
        Some((OneTimeKey { key, ephemeral }, shared))
    }
}
