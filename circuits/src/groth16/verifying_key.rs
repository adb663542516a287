//! The verifying key of a circuit with `N` public inputs, its checks, bytes and fingerprint.

use std::fmt;

use ark_bls12_381::{Bls12_381, G2Affine};
use ark_ec::AffineRepr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::encoding::{
    EncodingError, G1_BYTES, G2_BYTES, check_point, decode_g1, decode_g2, encode_g1, encode_g2,
};
use super::keys::{KeyError, Origin, Trust};
use super::matrices::CircuitDigest;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 2 + 32;

/// The name of a verifying key: BLAKE3 of its bytes, to be pinned where a chain begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(D::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A verifying key that passed the checks below; `N` public inputs, the leading 1 not counted.
///
/// Checked: every point on the curve, in the subgroup, not the identity; γ ≠ δ and δ not the generator of G2 (either
/// means that the circuit's own phase of the set-up was skipped, and anybody can forge); exactly `N` + 1 input points.
/// Not checked, because it cannot be: that the secret behind the key was destroyed. See [`Origin`].
#[derive(Clone, PartialEq)]
pub struct VerifyingKey<const N: usize> {
    key: ark_groth16::VerifyingKey<Bls12_381>,
    circuit: CircuitDigest,
    origin: Origin,
}

impl<const N: usize> VerifyingKey<N> {
    /// Checks `key`, said to be the key of `circuit`.
    ///
    /// # Errors
    /// [`KeyError`] for a key that is degenerate or of another number of public inputs.
    pub fn new(
        key: ark_groth16::VerifyingKey<Bls12_381>,
        circuit: CircuitDigest,
        origin: Origin,
    ) -> Result<Self, KeyError> {
        if key.gamma_abc_g1.len() != N + 1 {
            return Err(KeyError::Inputs { expected: N, found: key.gamma_abc_g1.len().saturating_sub(1) });
        }
        check_point("alpha", &key.alpha_g1)?;
        check_point("beta", &key.beta_g2)?;
        check_point("gamma", &key.gamma_g2)?;
        check_point("delta", &key.delta_g2)?;
        for point in &key.gamma_abc_g1 {
            check_point("input point", point)?;
        }
        if key.gamma_g2 == key.delta_g2 {
            return Err(KeyError::GammaIsDelta);
        }
        if key.delta_g2 == G2Affine::generator() {
            return Err(KeyError::DeltaIsGenerator);
        }
        Ok(Self { key, circuit, origin })
    }

    /// Decodes and checks a key, and refuses one whose origin `trust` does not accept.
    ///
    /// # Errors
    /// [`KeyError::Encoding`] for anything but the canonical bytes, and what [`Self::new`] and [`Origin::accept`]
    /// refuse.
    pub fn from_bytes(bytes: &[u8], trust: Trust) -> Result<Self, KeyError> {
        let expected = Self::byte_length();
        if bytes.len() != expected {
            let found = bytes.len();
            return Err(EncodingError::Length { what: "verifying key", expected, found }.into());
        }
        let (header, points) = bytes.split_at(HEADER_BYTES);
        if header[0] != VERSION {
            return Err(KeyError::Version(header[0]));
        }
        let origin = Origin::from_byte(header[1])?;
        origin.accept(trust)?;
        let mut circuit = [0; 32];
        circuit.copy_from_slice(&header[2..]);
        let (alpha, points) = points.split_at(G1_BYTES);
        let (beta, points) = points.split_at(G2_BYTES);
        let (gamma, points) = points.split_at(G2_BYTES);
        let (delta, inputs) = points.split_at(G2_BYTES);
        let key = ark_groth16::VerifyingKey {
            alpha_g1: decode_g1(alpha)?,
            beta_g2: decode_g2(beta)?,
            gamma_g2: decode_g2(gamma)?,
            delta_g2: decode_g2(delta)?,
            gamma_abc_g1: inputs.chunks(G1_BYTES).map(decode_g1).collect::<Result<_, _>>()?,
        };
        Self::new(key, CircuitDigest(circuit), origin)
    }

    /// Decodes the key that `pinned` names.
    ///
    /// # Errors
    /// [`KeyError::NotPinned`] for any other key, and what [`Self::from_bytes`] refuses.
    pub fn from_pinned_bytes(bytes: &[u8], pinned: &Fingerprint, trust: Trust) -> Result<Self, KeyError> {
        let found = fingerprint_of(bytes);
        if found != *pinned {
            return Err(KeyError::NotPinned { pinned: *pinned, found });
        }
        Self::from_bytes(bytes, trust)
    }

    /// The canonical bytes: version, origin, circuit digest, α, β, γ, δ, `N` + 1 input points.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::byte_length());
        bytes.extend([VERSION, self.origin.to_byte()]);
        bytes.extend(self.circuit.0);
        bytes.extend(encode_g1(&self.key.alpha_g1));
        bytes.extend(encode_g2(&self.key.beta_g2));
        bytes.extend(encode_g2(&self.key.gamma_g2));
        bytes.extend(encode_g2(&self.key.delta_g2));
        for point in &self.key.gamma_abc_g1 {
            bytes.extend(encode_g1(point));
        }
        bytes
    }

    /// How many bytes a key of `N` public inputs has.
    pub const fn byte_length() -> usize {
        HEADER_BYTES + G1_BYTES + 3 * G2_BYTES + (N + 1) * G1_BYTES
    }

    /// The key's name, to be pinned.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.to_bytes())
    }

    /// The circuit that the key is for.
    pub fn circuit(&self) -> CircuitDigest {
        self.circuit
    }

    /// Who made the key.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The key as arkworks has it.
    pub fn as_ark(&self) -> &ark_groth16::VerifyingKey<Bls12_381> {
        &self.key
    }
}

impl<const N: usize> fmt::Debug for VerifyingKey<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("inputs", &N)
            .field("circuit", &self.circuit)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

fn fingerprint_of(bytes: &[u8]) -> Fingerprint {
    Fingerprint(blake3::derive_key("galen groth16 verifying key v1", bytes))
}
