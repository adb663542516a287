//! Ed25519 signatures over digests that name their purpose and their chain.
//!
//! One definition of validity everywhere: ZIP-215, as `ed25519-zebra` has it, under keys that pass [`is_key`].

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{Signature as Ed25519, SigningKey, VerificationKey};
use galen_ledger::ChainId;
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::codec::{Canonical, CodecFault, Reader};
use crate::id::AccountKey;

/// A secret key that signs orders. `Debug` shows its public half only.
#[derive(Clone)]
pub struct Signer(SigningKey);

/// A signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// 32 bytes that stand for what is signed: purpose, chain and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SigningDigest(pub [u8; 32]);

impl SigningDigest {
    /// The digest of a content, for a purpose on a chain. Purposes are constants of this crate.
    pub fn new(purpose: &'static str, chain: &ChainId, content: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(chain.as_bytes()).update(content);
        Self(*hasher.finalize().as_bytes())
    }
}

impl Signer {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self::from_seed(seed)
    }

    /// The key of 32 secret, uniform bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from(seed))
    }

    /// The public key.
    pub fn key(&self) -> AccountKey {
        AccountKey::from_bytes(VerificationKey::from(&self.0).into())
    }

    /// Signs.
    pub fn sign(&self, digest: &SigningDigest) -> Signature {
        Signature(self.0.sign(&digest.0).to_bytes())
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.key())
    }
}

impl Signature {
    /// Whether `key` signed `digest`.
    pub fn holds(&self, key: &AccountKey, digest: &SigningDigest) -> bool {
        let verifying = VerificationKey::try_from(*key.as_bytes());
        is_key(key) && verifying.is_ok_and(|key| key.verify(&Ed25519::from(self.0), &digest.0).is_ok())
    }
}

/// Whether the bytes are a key: a point in its canonical encoding, and none of small order, for which anybody can sign.
pub fn is_key(key: &AccountKey) -> bool {
    let point = CompressedEdwardsY(*key.as_bytes()).decompress();
    point.is_some_and(|point| !point.is_small_order() && point.compress().as_bytes() == key.as_bytes())
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(64 bytes)")
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| D::Error::custom("a signature is 128 hex digits"))?;
        Ok(Self(bytes))
    }
}

impl Canonical for Signature {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Ok(Self(reader.array()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_and_other_encodings_are_no_keys() {
        let mut rng = rand::rngs::mock::StepRng::new(7, 11);
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let signer = Signer::from_seed(seed);
        let digest = SigningDigest([3; 32]);
        assert!(is_key(&signer.key()));
        assert!(signer.sign(&digest).holds(&signer.key(), &digest));
        assert!(!signer.sign(&digest).holds(&signer.key(), &SigningDigest([4; 32])));
        let identity = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        // y = p + 18, which stands for 18, and the identity, for which R = B·s holds with any message.
        for bytes in [identity, [0xff; 32]] {
            assert!(!is_key(&AccountKey::from_bytes(bytes)));
        }
        assert!(!Signature([0; 64]).holds(&AccountKey::from_bytes(identity), &digest));
    }
}
