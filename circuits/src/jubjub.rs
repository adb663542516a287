//! Keys on Jubjub, and hashed ElGamal to them.
//!
//! A value of the field is sent to a key as (E, c): E = e·G, c = value + hash(e·PK). Keys come from outside and are
//! checked for curve and prime-order subgroup, and registered with a proof that their owner knows the secret, before any
//! circuit uses them: a key of small order would make the mask public.

use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ed_on_bls12_381::{EdwardsAffine, EdwardsProjective, Fr as Scalar};
use ark_ff::{BigInteger, PrimeField, UniformRand};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::{F, hex_serde, to_bytes};
use crate::poseidon::{Domain, hash};

/// Bits of a scalar.
pub const SCALAR_BITS: usize = 252;
/// Digest of an encapsulation.
pub const ENCAPSULATION: Domain = Domain("galen.v1.encapsulation");
/// Challenge of a proof of possession.
const POSSESSION: &[u8] = b"galen.v1.jubjub.possession";

/// A public key: a point of the prime-order subgroup, not the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Coordinates", into = "Coordinates")]
pub struct PublicKey(EdwardsAffine);

/// A point's affine coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// x.
    #[serde(with = "hex_serde")]
    pub x: F,
    /// y.
    #[serde(with = "hex_serde")]
    pub y: F,
}

/// A point that cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// Not on the curve.
    #[error("the key is not a point of Jubjub")]
    OffCurve,
    /// Of small or mixed order, or the identity.
    #[error("the key is not in Jubjub's prime-order subgroup, or is the identity")]
    Order,
    /// The proof that the owner knows the secret does not hold.
    #[error("the proof of possession does not hold")]
    Possession,
}

impl PublicKey {
    /// The key with these coordinates.
    ///
    /// # Errors
    /// [`KeyFault`] for a point off the curve, outside the subgroup, or the identity.
    pub fn new(coordinates: Coordinates) -> Result<Self, KeyFault> {
        let point = subgroup_point(coordinates)?;
        if point.is_zero() { Err(KeyFault::Order) } else { Ok(Self(point)) }
    }

    /// The coordinates.
    pub fn coordinates(&self) -> Coordinates {
        Coordinates { x: self.0.x, y: self.0.y }
    }
}

/// The point with these coordinates, of the prime-order subgroup, the identity included.
fn subgroup_point(coordinates: Coordinates) -> Result<EdwardsAffine, KeyFault> {
    let point = EdwardsAffine::new_unchecked(coordinates.x, coordinates.y);
    if !point.is_on_curve() {
        return Err(KeyFault::OffCurve);
    }
    if point.is_in_correct_subgroup_assuming_on_curve() { Ok(point) } else { Err(KeyFault::Order) }
}

impl TryFrom<Coordinates> for PublicKey {
    type Error = KeyFault;
    fn try_from(coordinates: Coordinates) -> Result<Self, KeyFault> {
        Self::new(coordinates)
    }
}

impl From<PublicKey> for Coordinates {
    fn from(key: PublicKey) -> Self {
        key.coordinates()
    }
}

/// A secret key. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(Scalar);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(Scalar::rand(rng))
    }

    /// The key of 64 uniform bytes: for keys that are derived from a seed.
    pub fn from_wide(bytes: &[u8; 64]) -> Self {
        Self(Scalar::from_le_bytes_mod_order(bytes))
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey((EdwardsProjective::generator() * self.0).into_affine())
    }

    /// Proves, for `context`, that the owner of the public key knows this secret. (Schnorr; the nonce is derived.)
    pub fn prove_possession(&self, context: &[u8]) -> Possession {
        let mut derive = blake3::Hasher::new_derive_key("galen 2026 jubjub possession nonce");
        derive.update(&scalar_bytes(&self.0)).update(context);
        let nonce = wide_scalar(&derive);
        let commitment = PublicKey((EdwardsProjective::generator() * nonce).into_affine());
        let challenge = challenge(&self.public(), &commitment, context);
        Possession {
            commitment: commitment.coordinates(),
            response: hex::encode(scalar_bytes(&(nonce + challenge * self.0))),
        }
    }

    /// Opens a sealed value.
    ///
    /// E may be the identity: circuits prove E = e·G for *some* e, so that a seller can choose e = 0. That shows the value
    /// to everybody, which is the seller's own loss; refused here, it would hide it from the one who must read it.
    ///
    /// # Errors
    /// [`KeyFault`] when E is no point of the subgroup.
    pub fn open(&self, domain: Domain, sealed: &Sealed) -> Result<F, KeyFault> {
        let ephemeral = subgroup_point(sealed.ephemeral)?;
        let shared = (ephemeral * self.0).into_affine();
        Ok(sealed.masked - mask(domain, shared.x, shared.y))
    }
}

/// Proof that somebody knows the secret of a public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// Commitment.
    pub commitment: Coordinates,
    /// Response, 64 hex digits.
    pub response: String,
}

impl Possession {
    /// Checks the proof for a key and a context.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn verify(&self, key: &PublicKey, context: &[u8]) -> Result<(), KeyFault> {
        let commitment = PublicKey::new(self.commitment)?;
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(&self.response, &mut bytes).map_err(|_| KeyFault::Possession)?;
        let response = Scalar::from_le_bytes_mod_order(&bytes);
        if scalar_bytes(&response) != bytes {
            return Err(KeyFault::Possession);
        }
        let expected = commitment.0 + key.0 * challenge(key, &commitment, context);
        if EdwardsProjective::generator() * response == expected { Ok(()) } else { Err(KeyFault::Possession) }
    }
}

fn challenge(key: &PublicKey, commitment: &PublicKey, context: &[u8]) -> Scalar {
    let mut hasher = blake3::Hasher::new_derive_key("galen 2026 jubjub possession challenge");
    hasher.update(POSSESSION);
    for value in [key.0.x, key.0.y, commitment.0.x, commitment.0.y] {
        hasher.update(&to_bytes(&value));
    }
    hasher.update(&(context.len() as u64).to_le_bytes()).update(context);
    wide_scalar(&hasher)
}

fn wide_scalar(hasher: &blake3::Hasher) -> Scalar {
    let mut wide = [0u8; 64];
    hasher.finalize_xof().fill(&mut wide);
    Scalar::from_le_bytes_mod_order(&wide)
}

fn scalar_bytes(scalar: &Scalar) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (place, limb) in out.chunks_exact_mut(8).zip(scalar.into_bigint().0) {
        place.copy_from_slice(&limb.to_le_bytes());
    }
    out
}

/// A field element sealed to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// E.
    pub ephemeral: Coordinates,
    /// c.
    #[serde(with = "hex_serde")]
    pub masked: F,
}

impl Sealed {
    /// The digest that stands for a sealed value until it is shown.
    pub fn digest(&self) -> F {
        hash(ENCAPSULATION, &[self.ephemeral.x, self.ephemeral.y, self.masked])
    }
}

/// The randomness of one sealing. Never used twice.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Ephemeral(Scalar);

impl std::fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ephemeral(..)")
    }
}

impl Ephemeral {
    /// Fresh randomness.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(Scalar::rand(rng))
    }

    /// The randomness of 64 bytes, for what must be the same for everybody.
    pub fn from_wide(bytes: &[u8; 64]) -> Self {
        Self(Scalar::from_le_bytes_mod_order(bytes))
    }

    /// The bits, least significant first.
    pub fn bits(&self) -> Vec<bool> {
        self.0.into_bigint().to_bits_le().into_iter().take(SCALAR_BITS).collect()
    }

    /// Seals a value to a key.
    pub fn seal(&self, domain: Domain, key: &PublicKey, value: F) -> Sealed {
        let ephemeral = (EdwardsProjective::generator() * self.0).into_affine();
        let shared = (key.0 * self.0).into_affine();
        Sealed {
            ephemeral: Coordinates { x: ephemeral.x, y: ephemeral.y },
            masked: value + mask(domain, shared.x, shared.y),
        }
    }
}

fn mask(domain: Domain, x: F, y: F) -> F {
    hash(domain, &[x, y])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, Zero};
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    const D: Domain = Domain("galen.test");

    #[test]
    fn sealed_values_open_with_the_right_key_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (a, b) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
        let value = F::rand(&mut rng);
        let sealed = Ephemeral::generate(&mut rng).seal(D, &a.public(), value);
        assert_eq!(a.open(D, &sealed), Ok(value));
        assert_ne!(b.open(D, &sealed), Ok(value));
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let key = |x, y| PublicKey::new(Coordinates { x, y });
        assert_eq!(key(F::zero(), F::one()), Err(KeyFault::Order));
        assert_eq!(key(F::zero(), -F::one()), Err(KeyFault::Order));
        assert_eq!(key(F::one(), F::one()), Err(KeyFault::OffCurve));
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let good = SecretKey::generate(&mut rng).public().0;
        let mixed = (good + EdwardsAffine::new_unchecked(F::zero(), -F::one())).into_affine();
        assert_eq!(key(mixed.x, mixed.y), Err(KeyFault::Order));
        assert!(key(good.x, good.y).is_ok());
    }

    /// A seller sealed with e = 0, which the circuit allows, and the audit authority's program refused to open it.
    #[test]
    fn values_sealed_with_no_randomness_still_open() {
        let key = SecretKey::generate(&mut ChaCha20Rng::seed_from_u64(4));
        let value = F::from(42u64);
        let sealed = Ephemeral(Scalar::from(0u64)).seal(D, &key.public(), value);
        assert_eq!((sealed.ephemeral.x, sealed.ephemeral.y), (F::zero(), F::one()));
        assert_eq!(key.open(D, &sealed), Ok(value));
    }

    #[test]
    fn possession_is_bound_to_key_and_context() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let (a, b) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
        let proof = a.prove_possession(b"here");
        assert_eq!(proof.verify(&a.public(), b"here"), Ok(()));
        assert_eq!(proof.verify(&a.public(), b"there"), Err(KeyFault::Possession));
        assert_eq!(proof.verify(&b.public(), b"here"), Err(KeyFault::Possession));
    }
}
