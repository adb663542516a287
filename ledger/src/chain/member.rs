//! Members: their keys, and the proof that they have them.

use super::genesis::MAX_NAME_BYTES;
use crate::{
    beacon::{BeaconKey, BeaconSecret, KeyProof},
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    crypto::{PublicKey, Purpose, Scope, SecretKey, Signature},
    types::{ChainId, Cycle},
};

/// The public keys of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberKeys {
    /// Verifies its votes.
    pub voting: PublicKey,
    /// Shares of the beacon are encrypted to it.
    pub beacon: BeaconKey,
}

impl MemberKeys {
    /// The keys that belong to a member's secret.
    pub fn of(secret: &SecretKey) -> Self {
        Self { voting: secret.public(), beacon: secret.beacon().public() }
    }
}

impl SecretKey {
    /// The secret of the member's beacon key, derived from this one: a member keeps one secret.
    pub fn beacon(&self) -> BeaconSecret {
        BeaconSecret::derive(&self.to_secret_bytes())
    }
}

/// Proof that whoever brought the keys has their secrets, and means them to be one member's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possession {
    voting: Signature,
    beacon: KeyProof,
}

/// Keys come without a proof of possession, or are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PossessionFault {
    /// The voting key.
    #[error("the voting key is not a point of the curve, or comes without a proof of possession")]
    Voting,
    /// The beacon key.
    #[error("the beacon key is not a point of the group, or comes without a proof of possession")]
    Beacon,
}

/// What a proof of possession is for: a chain, or the founding of one, which has no identity yet.
fn scope(chain: Option<&ChainId>) -> Scope {
    Scope { chain_id: chain.copied().unwrap_or(ChainId::from_bytes([0; 32])), cycle: Cycle::new(0) }
}

fn body(name: &str, keys: &MemberKeys) -> Vec<u8> {
    let mut body = Vec::new();
    put_bytes(&mut body, name.as_bytes());
    keys.encode(&mut body);
    body
}

fn beacon_context(chain: Option<&ChainId>, body: &[u8]) -> Vec<u8> {
    let mut context = scope(chain).chain_id.to_bytes();
    context.extend_from_slice(body);
    context
}

/// Somebody who is to be a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// A name for people.
    pub name: String,
    /// The keys.
    pub keys: MemberKeys,
    /// Proof that they are its own.
    pub proof: Possession,
}

impl Candidate {
    /// Applies for membership in a chain, or in one that is to be founded.
    pub fn new(name: impl Into<String>, secret: &SecretKey, chain: Option<&ChainId>) -> Self {
        let (name, keys) = (name.into(), MemberKeys::of(secret));
        let body = body(&name, &keys);
        let voting = secret.sign(&scope(chain), Purpose::Possess, &body);
        let beacon = secret.beacon().prove(&beacon_context(chain, &body));
        Self { name, keys, proof: Possession { voting, beacon } }
    }

    /// Verifies both keys.
    ///
    /// # Errors
    /// When one is no key, or its proof not for it.
    pub fn verify(&self, chain: Option<&ChainId>) -> Result<(), PossessionFault> {
        let body = body(&self.name, &self.keys);
        let signed = self.keys.voting.verify(&scope(chain), Purpose::Possess, &body, &self.proof.voting);
        signed.map_err(|_| PossessionFault::Voting)?;
        let proven = self.proof.beacon.verify(&self.keys.beacon, &beacon_context(chain, &body));
        proven.map_err(|_| PossessionFault::Beacon)
    }
}

impl Encode for MemberKeys {
    fn encode(&self, out: &mut Vec<u8>) {
        self.voting.encode(out);
        self.beacon.encode(out);
    }
}

impl Decode for MemberKeys {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { voting: Decode::decode(reader)?, beacon: Decode::decode(reader)? })
    }
}

impl Encode for Candidate {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.name.as_bytes());
        self.keys.encode(out);
        self.proof.voting.encode(out);
        self.proof.beacon.encode(out);
    }
}

impl Decode for Candidate {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: reader.text(MAX_NAME_BYTES, "member name")?,
            keys: Decode::decode(reader)?,
            proof: Possession { voting: Decode::decode(reader)?, beacon: Decode::decode(reader)? },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_these_keys_this_name_and_this_chain() {
        let chain = ChainId::from_bytes([7; 32]);
        let candidate = Candidate::new("ward", &SecretKey::from_bytes(&[1; 32]), Some(&chain));
        assert_eq!(candidate.verify(Some(&chain)), Ok(()));
        assert_eq!(candidate.verify(None), Err(PossessionFault::Voting));
        let renamed = Candidate { name: "other".into(), ..candidate.clone() };
        assert_eq!(renamed.verify(Some(&chain)), Err(PossessionFault::Voting));
        let other = Candidate::new("ward", &SecretKey::from_bytes(&[2; 32]), Some(&chain));
        // Another's beacon key beside one's own voting key: the signature covers both.
        let mut rogue = candidate.clone();
        rogue.keys.beacon = other.keys.beacon;
        assert_eq!(rogue.verify(Some(&chain)), Err(PossessionFault::Voting));
        let mut rogue = candidate;
        rogue.proof.beacon = other.proof.beacon;
        assert_eq!(rogue.verify(Some(&chain)), Err(PossessionFault::Beacon));
    }
}
