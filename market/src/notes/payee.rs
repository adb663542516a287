//! Who is paid by a rule of the ledger: a seller when its contribution is opened, a buyer when its request is settled.
//!
//! The ledger makes the note itself, `n·C_p + S` for a price C_p and n records. Everybody who may open the price knows its blinding,
//! so that the note would be known by its opening; S = s·B̃ with a secret s of the payee's own hides it again. S must hold no
//! amount, and the audit handle must follow it: a proof shows that `S = s·B̃` and `T = s·K` for one s.

use curve25519_dalek::{RistrettoPoint, Scalar};
use galen_ledger::ChainId;
use rand::{CryptoRng, RngCore};

use super::group::{Point, blinding_base};
use super::keys::{Address, OneTimeKey, OwnerKeys};
use super::note::{Note, Opening, Owned};
use super::price::SealedPrice;
use super::sigma::{Meaning, Pair, SameLogarithm};
use crate::codec::{Canonical, canonical, hex_json};

const SHIFT: &[u8] = b"galen 2026 money payee v1";
const SIGNED: &[u8] = b"galen 2026 money payee's signature v1";

/// Whom the ledger pays, and what blinds the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// The one-time key.
    pub owner: OneTimeKey,
    /// S.
    shift: Point,
    /// T.
    handle: Point,
    proof: SameLogarithm,
}

canonical!(struct Payee { owner, shift, handle, proof });

impl Payee {
    /// Bytes of its encoding: six elements.
    pub const BYTES: usize = 192;
}
hex_json!(Payee);

/// A payee's secrets.
#[derive(Clone, Copy)]
pub struct PayeeSecret {
    /// x, with `P = x·B̃`.
    pub key: Scalar,
    /// s.
    pub shift: Scalar,
}

impl std::fmt::Debug for PayeeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PayeeSecret")
    }
}

/// A signature by the one-time key of a payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayeeSignature(SameLogarithm);

impl Canonical for PayeeSignature {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(reader: &mut crate::codec::Reader<'_>) -> Result<Self, crate::codec::CodecFault> {
        Ok(Self(SameLogarithm::read(reader)?))
    }
}
hex_json!(PayeeSignature);

fn context(chain: &ChainId, owner: &OneTimeKey) -> Vec<u8> {
    let mut bytes = chain.as_bytes().to_vec();
    owner.write(&mut bytes);
    bytes
}

impl Payee {
    /// A payee with these keys. `rng` decides the one-time key: the same one, the same payee. None with a probability that
    /// is negligible.
    pub fn new(
        chain: &ChainId,
        authority: &Point,
        address: &Address,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Option<Self> {
        let (owner, shared) = address.one_time(rng)?;
        let s = shared.shift();
        let shift = Point::new(s * blinding_base())?;
        let handle = Point::new(s * authority.get())?;
        let meaning = Meaning { label: SHIFT, context: &context(chain, &owner) };
        let proof = SameLogarithm::new(meaning, &pairs(authority, &shift, &handle), &s, rng);
        Some(Self { owner, shift, handle, proof })
    }

    /// Whether the note that it makes holds what the price says, for payee and authority alike.
    #[must_use]
    pub fn holds(&self, chain: &ChainId, authority: &Point) -> bool {
        let meaning = Meaning { label: SHIFT, context: &context(chain, &self.owner) };
        self.proof.holds(meaning, &pairs(authority, &self.shift, &self.handle))
    }

    /// What stands for all of it: the memo in a contribution's header, which γ contains.
    pub fn digest(&self) -> [u8; 32] {
        blake3::derive_key("galen 2026 money payee digest v1", &self.to_canonical())
    }

    /// The note for so many records: always one, for a payee that [`holds`](Self::holds).
    ///
    /// A payee that knows the price could choose `s = −n·r_p`, and the handle would be the identity. It must not stop a
    /// settlement so: its note then takes the shift twice. No honest payee meets this, as s comes from a hash.
    pub fn note(&self, price: &SealedPrice, records: u32) -> Option<Note> {
        let n = Scalar::from(records);
        let (commitment, handle) = (n * price.commitment.get(), n * price.handle.get());
        let shifted = |shift: RistrettoPoint, by: RistrettoPoint| {
            let (commitment, handle) = (Point::new(commitment + shift)?, Point::new(handle + by)?);
            Some(Note { owner: self.owner, commitment, handle, sealed: [0; 8] })
        };
        let (shift, by) = (self.shift.get(), self.handle.get());
        shifted(*shift, *by).or_else(|| shifted(shift + shift, by + by))
    }

    /// The secrets of a payee with these keys, if it is one.
    pub fn secret(&self, keys: &OwnerKeys) -> Option<PayeeSecret> {
        let shared = keys.recognise(&self.owner)?;
        Some(PayeeSecret { key: keys.secret(&shared), shift: shared.shift() })
    }
}

fn pairs(authority: &Point, shift: &Point, handle: &Point) -> [Pair; 2] {
    [(blinding_base(), *shift.get()), (*authority.get(), *handle.get())]
}

impl PayeeSecret {
    /// What spends the note for so many records of this price. None for a sum that no note holds.
    pub fn owned(&self, price: &Opening, records: u32) -> Option<Owned> {
        let amount = price.amount.checked_mul(u64::from(records))?;
        let blinding = Scalar::from(records) * price.blinding + self.shift;
        Some(Owned { secret: self.key, opening: Opening { amount, blinding } })
    }

    /// Signs for the one-time key.
    pub fn sign(&self, digest: &[u8; 32], rng: &mut (impl RngCore + CryptoRng)) -> PayeeSignature {
        let meaning = Meaning { label: SIGNED, context: digest };
        let pair = (blinding_base(), self.key * blinding_base());
        PayeeSignature(SameLogarithm::new(meaning, &[pair], &self.key, rng))
    }
}

impl PayeeSignature {
    /// Whether the one-time key with these bytes signed this.
    #[must_use]
    pub fn holds(&self, key: &[u8; 32], digest: &[u8; 32]) -> bool {
        let Some(key) = Point::from_bytes(*key) else { return false };
        let pair: (RistrettoPoint, RistrettoPoint) = (blinding_base(), *key.get());
        self.0.holds(Meaning { label: SIGNED, context: digest }, &[pair])
    }
}

#[cfg(test)]
#[path = "payee_tests.rs"]
mod tests;
