//! Secrets, and what all of them together give.

use core::fmt;

use curve25519_dalek::RistrettoPoint;

use super::{
    Dealing,
    group::{Exponent, NotCanonical, Point, commitment_generator},
};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    crypto::Scope,
    types::{MemberIndex, Round},
};

/// A disclosed secret: the constant coefficient of the dealt polynomial. `Debug` shows nothing of it, as it may not have
/// been disclosed yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub(super) Exponent);

/// What a secret contributes to the output: `p(0)·G`, which f + 1 shares give as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretPoint(pub(super) Point);

/// A disclosed secret is not the committed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the secret that was committed to")]
pub struct SecretFault;

impl From<NotCanonical> for SecretFault {
    fn from(_: NotCanonical) -> Self {
        Self
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Checks that this is the secret of a dealing; what it contributes.
    ///
    /// # Errors
    /// When it is not.
    pub fn open(&self, dealing: &Dealing) -> Result<SecretPoint, SecretFault> {
        let scalar = self.0.open()?;
        let commitment = Point::from(scalar * commitment_generator());
        if dealing.commitment() != Some(&commitment) {
            return Err(SecretFault);
        }
        Ok(SecretPoint(RistrettoPoint::mul_base(&scalar).into()))
    }
}

/// The output of a round: the hash of all committed secrets, in the order of the members.
pub fn output<'a>(
    scope: &Scope,
    round: Round,
    secrets: impl IntoIterator<Item = (MemberIndex, &'a SecretPoint)>,
) -> [u8; 32] {
    let mut bytes = scope.chain_id.to_bytes();
    scope.cycle.encode(&mut bytes);
    round.encode(&mut bytes);
    for (member, secret) in secrets {
        member.encode(&mut bytes);
        secret.encode(&mut bytes);
    }
    blake3::derive_key("galen ledger v1 beacon output", &bytes)
}

impl Encode for Secret {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Secret {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Decode::decode(reader)?))
    }
}

impl Encode for SecretPoint {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for SecretPoint {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Decode::decode(reader)?))
    }
}
