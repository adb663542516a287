//! Signatures of members: Ed25519 with the ZIP-215 rules, the same set of valid signatures singly and in batch.
//!
//! What is signed is always `domain ‖ purpose ‖ chain ‖ cycle ‖ canonical bytes`, so a signature means one thing, on
//! one chain, in one cycle.

use core::fmt;

use ed25519_zebra::{VerificationKey, VerificationKeyBytes, batch};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    types::{ChainId, Cycle},
};

const DOMAIN: &[u8] = b"galen ledger v1 signature";

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A leader proposes a block.
    Propose = 1,
    /// A member notarizes a block.
    Notarize = 2,
    /// A member gives up a view.
    Nullify = 3,
    /// A member finalizes a block.
    Finalize = 4,
    /// A member commits to a secret of the beacon.
    Commit = 5,
    /// A key's owner shows that it has it.
    Possess = 6,
    /// A member approves a change of the membership.
    Approve = 7,
    /// A member makes a mini-block.
    MiniBlock = 8,
    /// A member has checked and stored a mini-block.
    Receipt = 9,
}

/// Where signatures are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The chain.
    pub chain_id: ChainId,
    /// The cycle.
    pub cycle: Cycle,
}

impl Scope {
    /// The bytes that are signed.
    fn message(&self, purpose: Purpose, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::with_capacity(DOMAIN.len() + 41 + body.len());
        message.extend_from_slice(DOMAIN);
        message.push(purpose as u8);
        self.chain_id.encode(&mut message);
        self.cycle.encode(&mut message);
        message.extend_from_slice(body);
        message
    }
}

/// A signature did not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signature does not verify")]
pub struct BadSignature;

/// A member's voting key, its secret half. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SecretKey(ed25519_zebra::SigningKey);

impl SecretKey {
    /// Draws a key.
    pub fn generate(rng: &mut (impl rand::RngCore + rand::CryptoRng)) -> Self {
        Self(ed25519_zebra::SigningKey::new(rng))
    }

    /// Reads a key from its 32 secret bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(ed25519_zebra::SigningKey::from(*bytes))
    }

    /// The secret bytes, to be kept in a file that only the node can read.
    pub fn to_secret_bytes(&self) -> [u8; 32] {
        self.0.into()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(VerificationKeyBytes::from(&self.0).into())
    }

    /// Signs for one purpose in one scope.
    pub fn sign(&self, scope: &Scope, purpose: Purpose, body: &[u8]) -> Signature {
        Signature(self.0.sign(&scope.message(purpose, body)).into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {:?})", self.public())
    }
}

/// A member's voting key, its public half. May be any 32 bytes: [`PublicKey::is_valid`] tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Wraps the bytes of a key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is a point of the curve, so that there may be signatures for it.
    pub fn is_valid(&self) -> bool {
        VerificationKey::try_from(self.0).is_ok()
    }

    /// Verifies one signature.
    ///
    /// # Errors
    /// When the signature is not valid under ZIP-215.
    pub fn verify(
        &self,
        scope: &Scope,
        purpose: Purpose,
        body: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        let key = VerificationKey::try_from(self.0).map_err(|_| BadSignature)?;
        let signature = ed25519_zebra::Signature::from(signature.0);
        key.verify(&signature, &scope.message(purpose, body)).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}…)", hex::encode(&self.0[..4]))
    }
}

/// A signature. May be any 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the bytes of a signature.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", hex::encode(&self.0[..4]))
    }
}

/// Verifies signatures of several members under one statement.
///
/// The coefficients of the batch come from the hash of all that is verified: as good as random ones, and the same at
/// every member and in every replay.
///
/// # Errors
/// When any of the signatures is not valid under ZIP-215.
pub fn verify_all(
    scope: &Scope,
    purpose: Purpose,
    body: &[u8],
    signatures: &[(PublicKey, Signature)],
) -> Result<(), BadSignature> {
    let message = scope.message(purpose, body);
    let mut transcript = blake3::Hasher::new_derive_key("galen ledger v1 batch coefficients");
    transcript.update(&message);
    let mut verifier = batch::Verifier::new();
    for (key, signature) in signatures {
        transcript.update(&key.0);
        transcript.update(&signature.0);
        let item = (VerificationKeyBytes::from(key.0), ed25519_zebra::Signature::from(signature.0), &message);
        verifier.queue(item);
    }
    let rng = ChaCha20Rng::from_seed(*transcript.finalize().as_bytes());
    verifier.verify(rng).map_err(|_| BadSignature)
}

impl Encode for PublicKey {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for PublicKey {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.array()?))
    }
}

impl Encode for Signature {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Signature {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.array()?))
    }
}
