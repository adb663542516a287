//! Proofs that something is, or is not, in the state: ICS-23, checkable with any implementation of it.

use ics23::commitment_proof::Proof;
use prost::Message;

use super::keys;
use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_bytes},
    types::{AppHash, Height},
};

/// Largest proof, in bytes.
const MAX_PROOF_BYTES: usize = 64 * 1024;

/// What is at a key of the application's state after a block, and the proof of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StateProof {
    /// The block after which it was so.
    pub height: Height,
    /// Root of the state after that block: in the header of the next, and in the outcome that members vote for.
    pub app_hash: AppHash,
    /// The value, if there is one.
    pub value: Option<Vec<u8>>,
    /// The proof.
    pub proof: ics23::CommitmentProof,
}

/// The proof does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not match the key, the value and the root")]
pub struct ProofFault;

impl StateProof {
    /// Verifies that the value (or the absence of one) at a key is what a state with this root has.
    ///
    /// The caller must have the root from somewhere it trusts: a certificate, or a header under one.
    ///
    /// # Errors
    /// When it does not follow.
    pub fn verify(&self, root: &AppHash, key: &[u8]) -> Result<(), ProofFault> {
        let key = keys::state_key(keys::APPLICATION, key);
        let (spec, root) = (jmt::ics23_spec(), root.as_bytes().to_vec());
        let holds = match &self.value {
            Some(value) => ics23::verify_membership::<ics23::HostFunctionsManager>(
                &self.proof,
                &spec,
                &root,
                &key,
                &super::tree::leaf_value(value),
            ),
            None => {
                ics23::verify_non_membership::<ics23::HostFunctionsManager>(&self.proof, &spec, &root, &key)
            }
        };
        let canonical = self.is_canonical(&key);
        if holds && canonical && self.app_hash.as_bytes().as_slice() == root {
            Ok(())
        } else {
            Err(ProofFault)
        }
    }

    /// Whether it is a proof of one key, and of this one: ICS-23 knows batches too, and leaves the name of an absent key
    /// unchecked.
    fn is_canonical(&self, key: &[u8]) -> bool {
        match &self.proof.proof {
            Some(Proof::Exist(exist)) => exist.key == key,
            Some(Proof::Nonexist(absent)) => absent.key == key,
            _ => false,
        }
    }
}

impl Encode for StateProof {
    fn encode(&self, out: &mut Vec<u8>) {
        self.height.encode(out);
        self.app_hash.encode(out);
        out.push(u8::from(self.value.is_some()));
        if let Some(value) = &self.value {
            put_bytes(out, value);
        }
        put_bytes(out, &self.proof.encode_to_vec());
    }
}

impl Decode for StateProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let height = Decode::decode(reader)?;
        let app_hash = Decode::decode(reader)?;
        let value = match <bool as Decode>::decode(reader)? {
            true => Some(reader.bytes(crate::state::MAX_VALUE_BYTES, "proven value")?.to_vec()),
            false => None,
        };
        let bytes = reader.bytes(MAX_PROOF_BYTES, "proof")?;
        let proof = ics23::CommitmentProof::decode(bytes).map_err(|_| DecodeError::NotCanonical("proof"))?;
        if proof.encode_to_vec() != bytes {
            return Err(DecodeError::NotCanonical("proof"));
        }
        Ok(Self { height, app_hash, value, proof })
    }
}
