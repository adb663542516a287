//! The randomness of a sealing, as 32 bytes.
//!
//! An [`Ephemeral`] is only ever drawn from a generator, which keeps honest code from using one twice. A job that goes on
//! after a crash must have the very same one: it is drawn again, from a generator that plays back the limbs that gave it.
//! What comes out is compared with what was asked for, so a library that drew otherwise would be an error and no silent
//! change.

use ark_ed_on_bls12_381::Fr as Scalar;
use ark_ff::{BigInteger, PrimeField};
use galen_circuits::jubjub::Ephemeral;
use rand::{CryptoRng, Error, RngCore};
use zeroize::Zeroize;

/// The canonical bytes of the scalar, little-endian.
pub(super) fn to_bytes(ephemeral: &Ephemeral) -> [u8; 32] {
    let mut out = [0; 32];
    for (place, bits) in out.iter_mut().zip(ephemeral.bits().chunks(8)) {
        *place = bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    }
    out
}

/// The ephemeral with these bytes; `None` for bytes that are no scalar.
pub(super) fn from_bytes(bytes: &[u8; 32]) -> Option<Ephemeral> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    }
    let scalar = Scalar::from_bigint(ark_ff::BigInt::new(limbs))?;
    let ephemeral = Ephemeral::generate(&mut Playback { limbs: scalar.0.0, next: 0 });
    let same =
        ephemeral.bits().iter().eq(scalar.into_bigint().to_bits_le().iter().take(ephemeral.bits().len()));
    same.then_some(ephemeral)
}

/// A generator of four given limbs, then zeros: a draw that refuses the limbs ends, with another scalar.
struct Playback {
    limbs: [u64; 4],
    next: usize,
}

impl RngCore for Playback {
    fn next_u64(&mut self) -> u64 {
        let limb = self.limbs.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        limb
    }

    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(8) {
            let limb = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&limb[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

// What is played back was drawn from a generator for cryptography.
impl CryptoRng for Playback {}

impl Drop for Playback {
    fn drop(&mut self) {
        self.limbs.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use galen_circuits::field::F;
    use galen_circuits::jubjub::SecretKey;
    use galen_circuits::seal::TO_BUYER;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn the_same_randomness_comes_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let key = SecretKey::generate(&mut rng).public();
        for _ in 0..50 {
            let drawn = Ephemeral::generate(&mut rng);
            let back = from_bytes(&to_bytes(&drawn)).unwrap();
            let value = F::from(7u64);
            assert_eq!(back.seal(TO_BUYER, &key, value), drawn.seal(TO_BUYER, &key, value));
        }
    }

    #[test]
    fn bytes_that_are_no_scalar_are_refused() {
        assert!(from_bytes(&[0xff; 32]).is_none());
    }
}
