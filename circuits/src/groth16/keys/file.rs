//! The bytes of a key file.
//!
//! ```text
//! magic 8 | BLAKE3 of the rest 32 | verifying key (canonical) | 7 lists and points
//! ```
//! The proving key is uncompressed and read without curve checks: the hash tells damage, and the file is the
//! operator's own. The hash is no signature. A forged file cannot make a false proof acceptable to others, whose
//! verifying key is pinned, but it could spoil proofs or their zero-knowledge: keep the directory private.

use ark_bls12_381::Bls12_381;
use ark_groth16::ProvingKey;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};

use super::{KeyError, Trust};
use crate::groth16::verifying_key::VerifyingKey;

const MAGIC: &[u8; 8] = b"galenpk1";
const HASH_BYTES: usize = 32;
const PREFIX_BYTES: usize = MAGIC.len() + HASH_BYTES;

/// The bytes of a key file.
pub(super) fn encode<const N: usize>(
    proving: &ProvingKey<Bls12_381>,
    verifying: &VerifyingKey<N>,
) -> Result<Vec<u8>, KeyError> {
    let head = verifying.to_bytes();
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + head.len() + proving.uncompressed_size());
    bytes.extend(MAGIC);
    bytes.extend([0; HASH_BYTES]);
    bytes.extend(&head);
    proving.serialize_uncompressed(&mut bytes).map_err(|_| KeyError::Damaged("could not be encoded"))?;
    let hash = hash(&bytes[PREFIX_BYTES..]);
    bytes[MAGIC.len()..PREFIX_BYTES].copy_from_slice(&hash);
    Ok(bytes)
}

/// The keys in a key file, after the integrity check; the verifying half with all its checks.
pub(super) fn decode<const N: usize>(
    bytes: &[u8],
    trust: Trust,
) -> Result<(ProvingKey<Bls12_381>, VerifyingKey<N>), KeyError> {
    let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or(KeyError::Damaged("not a key file"))?;
    let (expected, body) = rest.split_at_checked(HASH_BYTES).ok_or(KeyError::Damaged("cut short"))?;
    if hash(body) != expected {
        return Err(KeyError::Damaged("hash does not match"));
    }
    let (head, mut tail) =
        body.split_at_checked(VerifyingKey::<N>::byte_length()).ok_or(KeyError::Damaged("cut short"))?;
    let verifying = VerifyingKey::from_bytes(head, trust)?;
    let proving = ProvingKey::deserialize_uncompressed_unchecked(&mut tail)
        .map_err(|_| KeyError::Damaged("lists do not decode"))?;
    if !tail.is_empty() {
        return Err(KeyError::Damaged("trailing bytes"));
    }
    if proving.vk != *verifying.as_ark() {
        return Err(KeyError::Mismatch);
    }
    Ok((proving, verifying))
}

fn hash(body: &[u8]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("galen groth16 key file v1");
    hasher.update(body);
    *hasher.finalize().as_bytes()
}
