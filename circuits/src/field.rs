//! The scalar field that every statement is written in.

use ark_ff::{BigInteger, PrimeField};

/// The scalar field of BLS12-381, also the base field of Jubjub; r ≈ 2^254.86.
pub type F = ark_bls12_381::Fr;

/// 512 uniform bits reduced to a field element: within 2^-256 of uniform.
pub fn from_wide(bytes: &[u8; 64]) -> F {
    F::from_le_bytes_mod_order(bytes)
}

/// The canonical 32 bytes of a field element, little-endian, below r.
pub fn to_bytes(value: &F) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (place, limb) in out.chunks_exact_mut(8).zip(value.into_bigint().0) {
        place.copy_from_slice(&limb.to_le_bytes());
    }
    out
}

/// Reads the canonical 32 bytes of a field element; `None` for a value of r or above.
pub fn from_bytes(bytes: &[u8; 32]) -> Option<F> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0u8; 8];
        word.copy_from_slice(chunk);
        *limb = u64::from_le_bytes(word);
    }
    F::from_bigint(ark_ff::BigInt::new(limbs))
}

/// The lowest 64 bits of the canonical value.
pub fn low_u64(value: &F) -> u64 {
    value.into_bigint().0[0]
}

/// The canonical bits, least significant first, `count` of them.
pub fn to_bits(value: &F, count: usize) -> Vec<bool> {
    let big = value.into_bigint();
    (0..count).map(|i| big.get_bit(i)).collect()
}

/// 2^exponent.
pub fn power_of_two(exponent: usize) -> F {
    let mut big = ark_ff::BigInt::<4>::new([0; 4]);
    big.0[exponent / 64] = 1 << (exponent % 64);
    F::from_bigint(big).expect("exponents in this crate are below 254")
}

/// Serde for field elements and lists of them: canonical lowercase hex.
pub mod hex_serde {
    use super::{F, from_bytes, to_bytes};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes one element.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &F, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(to_bytes(value)))
    }

    /// Reads one element; refuses anything that is not 64 hex digits of a value below r.
    ///
    /// # Errors
    /// Those of the deserializer, and for a value that is not canonical.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(&text, &mut bytes)
            .map_err(|_| D::Error::custom("a field element is 64 hex digits"))?;
        from_bytes(&bytes).ok_or_else(|| D::Error::custom("a field element is below the field's order"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{Field, UniformRand};

    #[test]
    fn bytes_round_trip_and_refuse_the_modulus() {
        let mut rng = ark_std::test_rng();
        for _ in 0..100 {
            let x = F::rand(&mut rng);
            assert_eq!(from_bytes(&to_bytes(&x)), Some(x));
        }
        let mut modulus = [0u8; 32];
        for (place, limb) in modulus.chunks_exact_mut(8).zip(F::MODULUS.0) {
            place.copy_from_slice(&limb.to_le_bytes());
        }
        assert_eq!(from_bytes(&modulus), None);
        assert_eq!(power_of_two(200), F::from(2u64).pow([200]));
    }
}
