//! A price that accredited sellers read and nobody else: all of them, or none.
//!
//! A buyer who sealed its price to each seller by itself could give a true opening to one alone, and know who answered. So there
//! is one sealing: the buyer draws y, gives every seller i the share `Y_i = y·PK_i` and shows, in one proof for all, that y is the same
//! in all of them and in `Y_0 = y·G_0`. Seller i with `PK_i = x_i·G_1` finds `x_i⁻¹·Y_i = y·G_1`, as every other one does. From that point
//! come the price's blinding and the mask of the price, and the commitment says whether they are right: they are for all or for
//! none.
//!
//! **Statement.** There is a y with `Y_0 = y·G_0` and `Y_i = y·PK_i` for all sellers; `C_p = p·B + r·B̃` and `A_p = r·K` ([`super::handle`]); p − 1 is in
//! 0 … 2^32 − 1 ([`super::range`], for C_p − B).
//!
//! **Transcript** (`galen 2026 money price shares v1`): the context, K, C_p, A_p, the sealed price, the proofs of range and handle (whoever opens
//! the price could make others), the number of sellers, every PK_i, Y_0, every Y_i; the weights w_i. Then the proof of [`super::sigma`] for (G_0, Y_0) and (Σ w_i·PK_i, Σ w_i·Y_i), bound to this transcript.
//!
//! **Why it is sound.** If some `Y_i = y_i·PK_i` with y_i ≠ y, then `Σ w_i (y_i − y)·PK_i = 0` for weights that were drawn after all of this was
//! fixed: with probability 1/ℓ.
//!
//! y is a hash of the buyer's secret and the context: two requests under one secret share no point by which they would be known
//! to be one buyer's. Two prices under one secret *and* one context would show their difference: a context is used once.

use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::Transcript;
use rand::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroize;

use super::group::{Point, Say, bases, hash_to_point, hash_to_scalar};
use super::handle::{HandleProof, Handled};
use super::note::Opening;
use super::range::{PRICE_BITS, Range, Use};
use super::sigma::{Meaning, Pair, SameLogarithm};
use crate::codec::{Canonical, canonical, hex_json};

const BLINDING: &str = "galen 2026 money blinding of a price v1";
const EXPONENT: &str = "galen 2026 money exponent of a price v1";
const MASK: &str = "galen 2026 money sealed price v1";
const POSSESSION: &[u8] = b"galen 2026 money sealing key v1";
const SHARES: &[u8] = b"galen 2026 money price shares v1";
const SAME: &[u8] = b"galen 2026 money price shares are one v1";
const RANGE: &[u8] = b"galen 2026 money price range v1";

/// A price of one record: what is public of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPrice {
    /// `C_p = p·B + r·B̃`.
    pub commitment: Point,
    /// `A_p = r·K`.
    pub handle: Point,
    sealed: [u8; 8],
    range: Range,
    handles: HandleProof,
    start: Point,
    shares: Vec<Point>,
    same: SameLogarithm,
}

canonical!(struct SealedPrice { commitment, handle, sealed, range, handles, start, shares, same });
hex_json!(SealedPrice);

/// Why a price is refused, or cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceFault {
    /// Not from 1 to 2^32 minor units.
    #[error("a price is at least 1 minor unit and at most 2^32, and its range proof must show it")]
    Range,
    /// The audit handle.
    #[error("the audit handle is not of the price's commitment")]
    Handle,
    /// Not a share for each accredited seller.
    #[error(
        "the price has {shares} shares and {sellers} sellers were accredited at the last boundary: each has one"
    )]
    Sellers {
        /// Shares.
        shares: usize,
        /// Sellers.
        sellers: usize,
    },
    /// The shares do not open to one price.
    #[error("the price is not sealed to all accredited sellers alike")]
    Shares,
    /// Making one: chance.
    #[error("a random number was zero: try again")]
    Chance,
}

/// G_0.
fn start_base() -> RistrettoPoint {
    hash_to_point("galen 2026 money base G0 v1", &[])
}

/// G_1, over which sellers have their keys.
fn share_base() -> RistrettoPoint {
    hash_to_point("galen 2026 money base G1 v1", &[])
}

/// A seller's secret for prices.
#[derive(Clone)]
pub struct SealingSecret(Scalar);

impl Drop for SealingSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingSecret")
    }
}

/// A seller's key for prices, with the proof that its secret is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingKey {
    /// `PK = x·G_1`.
    pub key: Point,
    possession: SameLogarithm,
}

canonical!(struct SealingKey { key, possession });
hex_json!(SealingKey);

impl SealingSecret {
    /// The secret of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = hash_to_scalar("galen 2026 money sealing secret v1", &[seed]);
        Self(if secret == Scalar::ZERO { Scalar::ONE } else { secret })
    }

    /// The key, for whoever and wherever the context says.
    pub fn key(&self, context: &[u8]) -> SealingKey {
        let key = Point::new(self.0 * share_base()).expect("no secret is zero");
        let meaning = Meaning { label: POSSESSION, context };
        // The nonce comes from the secret and the context as well: the same key has the same proof.
        let mut rng = ChaCha20Rng::from_seed(*key.as_bytes());
        let possession = SameLogarithm::new(meaning, &[(share_base(), *key.get())], &self.0, &mut rng);
        SealingKey { key, possession }
    }
}

impl SealingKey {
    /// Whether its secret is known, in this context.
    #[must_use]
    pub fn holds(&self, context: &[u8]) -> bool {
        let meaning = Meaning { label: POSSESSION, context };
        self.possession.holds(meaning, &[(share_base(), *self.key.get())])
    }
}

/// The opening and the mask that come from y·G_1.
fn derive(context: &[u8; 32], common: &RistrettoPoint) -> (Scalar, [u8; 8]) {
    let common = common.compress();
    let parts: [&[u8]; 2] = [context, common.as_bytes()];
    let mut mask = [0; 8];
    mask.iter_mut().zip(hash_to_scalar(MASK, &parts).as_bytes()).for_each(|(to, from)| *to = *from);
    (hash_to_scalar(BLINDING, &parts), mask)
}

fn masked(price: [u8; 8], mask: [u8; 8]) -> [u8; 8] {
    let mut out = price;
    out.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    out
}

/// C_p − B, which is of the price less one.
fn less_one(commitment: &Point) -> CompressedRistretto {
    (commitment.get() - bases().B).compress()
}

/// y, of the buyer's secret: another one for every context.
fn exponent(context: &[u8; 32], secret: &Scalar) -> Scalar {
    hash_to_scalar(EXPONENT, &[context, secret.as_bytes()])
}

/// Everything of a price but the shares and their proof.
struct Body<'a> {
    context: &'a [u8; 32],
    authority: &'a Point,
    commitment: &'a Point,
    handle: &'a Point,
    sealed: &'a [u8; 8],
    range: &'a Range,
    handles: &'a HandleProof,
}

impl Body<'_> {
    /// The weights, and the digest of everything that they come from.
    fn weights(&self, sellers: &[Point], start: &Point, shares: &[Point]) -> (Vec<Scalar>, [u8; 32]) {
        let mut transcript = Transcript::new(SHARES);
        transcript.append_message(b"context", self.context);
        transcript.append_message(b"K", self.authority.as_bytes());
        transcript.append_message(b"C", self.commitment.as_bytes());
        transcript.append_message(b"A", self.handle.as_bytes());
        transcript.append_message(b"sealed", self.sealed);
        transcript.append_message(b"range", &self.range.to_canonical());
        transcript.append_message(b"handles", &self.handles.to_canonical());
        transcript.number(b"sellers", sellers.len() as u64);
        sellers.iter().for_each(|key| transcript.append_message(b"PK", key.as_bytes()));
        transcript.append_message(b"Y0", start.as_bytes());
        shares.iter().for_each(|share| transcript.append_message(b"Y", share.as_bytes()));
        let weights = shares.iter().map(|_| transcript.challenge(b"w")).collect();
        let mut digest = [0; 32];
        transcript.challenge_bytes(b"bound", &mut digest);
        (weights, digest)
    }

    /// What a batch proof is of, and that digest.
    fn batch(&self, sellers: &[Point], start: &Point, shares: &[Point]) -> ([Pair; 2], [u8; 32]) {
        let (weights, digest) = self.weights(sellers, start, shares);
        let sum = |points: &[Point]| {
            RistrettoPoint::vartime_multiscalar_mul(&weights, points.iter().map(Point::get))
        };
        ([(start_base(), *start.get()), (sum(sellers), sum(shares))], digest)
    }
}

impl SealedPrice {
    /// Seals a price, with a secret of the buyer's, to sellers with these keys. Gives the opening as well.
    ///
    /// # Errors
    /// [`PriceFault`].
    pub fn new(
        context: &[u8; 32],
        authority: &Point,
        price: u64,
        secret: &Scalar,
        sellers: &[Point],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Self, Opening), PriceFault> {
        let secret = exponent(context, secret);
        let (blinding, mask) = derive(context, &(secret * share_base()));
        let opening = Opening { amount: price, blinding };
        let less = Opening { amount: price.checked_sub(1).ok_or(PriceFault::Range)?, ..opening };
        let point = |point| Point::new(point).ok_or(PriceFault::Chance);
        let commitment = point(opening.commit())?;
        let handle = point(opening.blinding * authority.get())?;
        let sealed = masked(price.to_le_bytes(), mask);
        let range = Range::new(Use { label: RANGE, context, bits: PRICE_BITS }, &[less], rng);
        let range = range.ok_or(PriceFault::Range)?;
        let handles = HandleProof::new(context, authority, &[(Handled { commitment, handle }, opening)], rng);
        let start = point(secret * start_base())?;
        let shares: Vec<Point> =
            sellers.iter().map(|key| point(secret * key.get())).collect::<Result<_, _>>()?;
        let body = Body {
            context,
            authority,
            commitment: &commitment,
            handle: &handle,
            sealed: &sealed,
            range: &range,
            handles: &handles,
        };
        let (pairs, digest) = body.batch(sellers, &start, &shares);
        let same = SameLogarithm::new(Meaning { label: SAME, context: &digest }, &pairs, &secret, rng);
        Ok((Self { commitment, handle, sealed, range, handles, start, shares, same }, opening))
    }

    /// Checks everything, for sellers with these keys.
    ///
    /// # Errors
    /// [`PriceFault`].
    pub fn check(&self, context: &[u8; 32], authority: &Point, sellers: &[Point]) -> Result<(), PriceFault> {
        let Self { commitment, handle, sealed, range, handles, start, shares, same } = self;
        if shares.len() != sellers.len() {
            return Err(PriceFault::Sellers { shares: shares.len(), sellers: sellers.len() });
        }
        let body = Body { context, authority, commitment, handle, sealed, range, handles };
        let (pairs, digest) = body.batch(sellers, start, shares);
        if !same.holds(Meaning { label: SAME, context: &digest }, &pairs) {
            return Err(PriceFault::Shares);
        }
        let handled = Handled { commitment: *commitment, handle: *handle };
        if !handles.holds(context, authority, &[handled]) {
            return Err(PriceFault::Handle);
        }
        let of = Use { label: RANGE, context, bits: PRICE_BITS };
        if range.holds(of, &[less_one(commitment)]) { Ok(()) } else { Err(PriceFault::Range) }
    }

    /// Opens it as the seller at a place among the sellers. None when the buyer sealed nonsense: to everybody, then.
    pub fn open(&self, context: &[u8; 32], secret: &SealingSecret, place: usize) -> Option<Opening> {
        let common = secret.0.invert() * self.shares.get(place)?.get();
        self.derived(context, &common)
    }

    /// Opens it with the buyer's secret.
    pub fn reopen(&self, context: &[u8; 32], secret: &Scalar) -> Option<Opening> {
        self.derived(context, &(exponent(context, secret) * share_base()))
    }

    fn derived(&self, context: &[u8; 32], common: &RistrettoPoint) -> Option<Opening> {
        let (blinding, mask) = derive(context, common);
        let opening = Opening { amount: u64::from_le_bytes(masked(self.sealed, mask)), blinding };
        (opening.commit() == *self.commitment.get()).then_some(opening)
    }

    /// What is locked for so many records.
    pub fn times(&self, records: u32) -> RistrettoPoint {
        Scalar::from(records) * self.commitment.get()
    }
}

#[cfg(test)]
#[path = "price_tests.rs"]
mod tests;
