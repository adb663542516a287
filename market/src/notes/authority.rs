//! What the audit authority opens: amounts, with the secret behind the key that every audit handle is made for.

use curve25519_dalek::{RistrettoPoint, Scalar};
use rand::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::group::{Point, blinding_base, hash_to_scalar};
use super::logarithm::LogTable;
use super::sigma::{Meaning, SameLogarithm};
use crate::codec::{canonical, hex_json};

const POSSESSION: &[u8] = b"galen 2026 money audit key v1";

/// K = k·B̃, with the proof that k is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountKey {
    /// K.
    pub key: Point,
    possession: SameLogarithm,
}

canonical!(struct AmountKey { key, possession });
hex_json!(AmountKey);

/// k.
#[derive(Clone)]
pub struct AmountSecret(Scalar);

impl Drop for AmountSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for AmountSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AmountSecret")
    }
}

/// An opened amount, with the proof that it is the one that was committed to: whoever has the order may check it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedAmount {
    /// In minor units.
    pub amount: u64,
    /// That k, of K, opens the handle to this.
    pub proof: OpeningProof,
}

impl std::fmt::Debug for OpenedAmount {
    /// The amount is for whoever has the order, not for a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenedAmount")
    }
}

/// That `A = k·(C − v·B)` and `K = k·B̃` for one k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningProof(SameLogarithm);

impl crate::codec::Canonical for OpeningProof {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(reader: &mut crate::codec::Reader<'_>) -> Result<Self, crate::codec::CodecFault> {
        Ok(Self(SameLogarithm::read(reader)?))
    }
}
hex_json!(OpeningProof);

const OPENING: &[u8] = b"galen 2026 money opened amount v1";

impl AmountSecret {
    /// The secret of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = hash_to_scalar("galen 2026 money audit secret v1", &[seed]);
        Self(if secret == Scalar::ZERO { Scalar::ONE } else { secret })
    }

    /// The key.
    pub fn key(&self) -> AmountKey {
        let key = Point::new(self.0 * blinding_base()).expect("no secret is zero");
        let meaning = Meaning { label: POSSESSION, context: &[] };
        // The nonce comes from the secret as well: the same key has the same proof.
        let mut rng = ChaCha20Rng::from_seed(*key.as_bytes());
        let possession = SameLogarithm::new(meaning, &[(blinding_base(), *key.get())], &self.0, &mut rng);
        AmountKey { key, possession }
    }

    /// Opens the amount behind a commitment with its handle. None when it is 2^40 or above, or the handle is for another
    /// key, which a ledger that checked it rules out.
    pub fn open(
        &self,
        table: &LogTable,
        commitment: &Point,
        handle: &Point,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Option<OpenedAmount> {
        let hidden: RistrettoPoint = commitment.get() - self.0.invert() * handle.get();
        self.prove(table.open(&hidden)?, commitment, handle, rng)
    }

    /// The proof for an amount that was found.
    fn prove(
        &self,
        amount: u64,
        commitment: &Point,
        handle: &Point,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Option<OpenedAmount> {
        let key = Point::new(self.0 * blinding_base())?;
        let pairs = pairs(&key, commitment, handle, amount);
        let context = context(commitment, amount);
        let proof = SameLogarithm::new(Meaning { label: OPENING, context: &context }, &pairs, &self.0, rng);
        Some(OpenedAmount { amount, proof: OpeningProof(proof) })
    }
}

/// C and v themselves: the pairs have only C − v·B.
fn context(commitment: &Point, amount: u64) -> Vec<u8> {
    [commitment.as_bytes().as_slice(), &amount.to_le_bytes()].concat()
}

fn pairs(key: &Point, commitment: &Point, handle: &Point, amount: u64) -> [super::sigma::Pair; 2] {
    let blinding = commitment.get() - Scalar::from(amount) * super::group::bases().B;
    [(blinding_base(), *key.get()), (blinding, *handle.get())]
}

impl AmountKey {
    /// Whether its secret is known.
    #[must_use]
    pub fn holds(&self) -> bool {
        let meaning = Meaning { label: POSSESSION, context: &[] };
        self.possession.holds(meaning, &[(blinding_base(), *self.key.get())])
    }
}

impl OpenedAmount {
    /// Whether the authority with this key opened this commitment to this amount.
    #[must_use]
    pub fn holds(&self, key: &Point, commitment: &Point, handle: &Point) -> bool {
        let context = context(commitment, self.amount);
        let meaning = Meaning { label: OPENING, context: &context };
        self.proof.0.holds(meaning, &pairs(key, commitment, handle, self.amount))
    }
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
