//! What the tests of several protocols share.

use curve25519_dalek::Scalar;
use rand::{CryptoRng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::{Point, blinding_base};

/// Randomness that repeats, with its seed printed.
pub fn rng(seed: u64) -> ChaCha20Rng {
    println!("seed {seed}");
    ChaCha20Rng::seed_from_u64(seed)
}

/// k and K.
pub fn authority(rng: &mut ChaCha20Rng) -> (Scalar, Point) {
    let secret = Scalar::random(rng);
    (secret, Point::new(secret * blinding_base()).unwrap())
}

/// Any element.
pub fn any_point(rng: &mut ChaCha20Rng) -> Point {
    Point::new(curve25519_dalek::RistrettoPoint::random(rng)).unwrap()
}

/// Changes a bit of every `step`-th byte (of every one with `GALEN_EVERY_BYTE`), and cuts and lengthens: nothing is accepted.
pub fn every_byte_matters(bytes: &[u8], step: usize, accepted: impl Fn(&[u8]) -> bool) {
    assert!(accepted(bytes), "unchanged");
    let step = if std::env::var_os("GALEN_EVERY_BYTE").is_some() { 1 } else { step };
    for at in (0..bytes.len()).step_by(step) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(!accepted(&changed), "byte {at} of {}", bytes.len());
    }
    assert!(!accepted(&bytes[..bytes.len() - 1]) && !accepted(&[bytes, &[0]].concat()));
}

/// A source that gives the same again and again.
pub struct Stuck;

impl RngCore for Stuck {
    fn next_u32(&mut self) -> u32 {
        7
    }
    fn next_u64(&mut self) -> u64 {
        7
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        dest.fill(7);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand::Error> {
        dest.fill(7);
        Ok(())
    }
}

impl CryptoRng for Stuck {}
