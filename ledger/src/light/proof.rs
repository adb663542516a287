//! The proof as a file, and its verification.

use std::borrow::Cow;

use super::{Anchor, LightFault, Step, step::MAX_STEPS, walk};
use crate::{
    chain::Genesis,
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list},
    execution::StateProof,
    state::MAX_KEY_BYTES,
    types::{AppHash, BlockHash, ChainId, Cycle, Height},
};

const MAGIC: &[u8; 8] = b"GALENLGT";
const VERSION: u16 = 1;
const DIGEST_CONTEXT: &str = "galen ledger v1 light proof";
/// Most keys in one proof.
pub const MAX_CLAIMS: usize = 256;

/// What is, or is not, at some keys of the application's state after a block; for whoever knows the genesis.
#[derive(Clone, Debug, PartialEq)]
pub struct LightProof {
    /// The chain.
    pub chain_id: ChainId,
    /// What the chain began with, for those who know its id only.
    pub genesis: Option<Genesis>,
    /// One for each cycle before that of the newest block.
    pub steps: Vec<Step>,
    /// The newest block.
    pub anchor: Anchor,
    /// What is claimed of the state after it.
    pub claims: Vec<Claim>,
}

/// What is at a key of the application's state, with the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The key.
    pub key: Vec<u8>,
    /// The value, or that there is none, and the proof of it.
    pub proof: StateProof,
}

/// What the verifier knows of the chain from elsewhere.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// What it began with.
    Genesis(&'a Genesis),
    /// Its id, which is the digest of the genesis; the proof must then have the genesis with it.
    Chain(ChainId),
}

/// What a light proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The chain.
    pub chain_id: ChainId,
    /// Its name for people.
    pub name: String,
    /// The newest block's height.
    pub height: Height,
    /// Its cycle: so many committees were walked through before.
    pub cycle: Cycle,
    /// Its name.
    pub block: BlockHash,
    /// Its time, by its proposer's clock, in milliseconds since 1970.
    pub time_ms: u64,
    /// Root of the state after it.
    pub app_hash: AppHash,
    /// Members of its committee.
    pub members: usize,
    /// Signatures that its certificate needed.
    pub quorum: usize,
    /// What is in that state.
    pub claims: Vec<Proven>,
}

/// A key of the application's state, with the value that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The key.
    pub key: Vec<u8>,
    /// The value; none if there is none.
    pub value: Option<Vec<u8>>,
}

impl LightProof {
    /// Reads a proof from the bytes of its file. Nothing is verified but that they are whole.
    ///
    /// # Errors
    /// When they are no proof, damaged, or of another version.
    pub fn from_file(bytes: &[u8]) -> Result<Self, LightFault> {
        let (content, digest) = bytes.split_last_chunk::<32>().ok_or(LightFault::NotAProof)?;
        let rest = content.strip_prefix(MAGIC).ok_or(LightFault::NotAProof)?;
        if blake3::derive_key(DIGEST_CONTEXT, content) != *digest {
            return Err(LightFault::Digest);
        }
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(LightFault::NotAProof)?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            version => return Err(LightFault::Version(version)),
        }
        Self::from_bytes(rest).map_err(|error| LightFault::Decode { place: "light proof", error })
    }

    /// The bytes of its file.
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        VERSION.encode(&mut bytes);
        self.encode(&mut bytes);
        let digest = blake3::derive_key(DIGEST_CONTEXT, &bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Verifies everything, from the genesis on.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, trust: Trust<'_>) -> Result<Verified, LightFault> {
        let genesis = self.genesis(trust)?;
        let committee = walk(&genesis, &self.steps)?;
        self.anchor.verify(&genesis.schedule(), &committee)?;
        let header = &self.anchor.header;
        let claims = self.claims.iter().enumerate().map(|(at, claim)| self.claim(at, claim));
        Ok(Verified {
            chain_id: self.chain_id,
            name: genesis.name.clone(),
            height: header.height,
            cycle: header.cycle,
            block: header.hash(),
            time_ms: header.time_ms,
            app_hash: self.anchor.outcome.app_hash,
            members: committee.size(),
            quorum: committee.quorum(),
            claims: claims.collect::<Result<_, _>>()?,
        })
    }

    /// The genesis that the verifier trusts.
    fn genesis<'a>(&'a self, trust: Trust<'a>) -> Result<Cow<'a, Genesis>, LightFault> {
        let (genesis, expected) = match trust {
            Trust::Genesis(genesis) => (Cow::Borrowed(genesis), genesis.chain_id()),
            Trust::Chain(id) => (Cow::Borrowed(self.genesis.as_ref().ok_or(LightFault::NoGenesis)?), id),
        };
        genesis.validate()?;
        let of_proof = self.genesis.as_ref().map_or(self.chain_id, Genesis::chain_id);
        let found = [self.chain_id, of_proof, genesis.chain_id()].into_iter().find(|id| *id != expected);
        match found {
            Some(found) => Err(LightFault::OtherChain { found, expected }),
            None => Ok(genesis),
        }
    }

    fn claim(&self, at: usize, claim: &Claim) -> Result<Proven, LightFault> {
        let (height, root) = (self.anchor.header.height, self.anchor.outcome.app_hash);
        let Claim { key, proof } = claim;
        if proof.height != height || proof.app_hash != root {
            return Err(LightFault::OtherState { claim: at, height });
        }
        let fault = LightFault::Claim { claim: at, absent: proof.value.is_none() };
        proof.verify(&root, key).map_err(|_| fault)?;
        Ok(Proven { key: key.clone(), value: proof.value.clone() })
    }
}

impl Encode for Claim {
    fn encode(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.key);
        self.proof.encode(out);
    }
}

impl Decode for Claim {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { key: reader.bytes(MAX_KEY_BYTES, "key")?.to_vec(), proof: Decode::decode(reader)? })
    }
}

impl Encode for LightProof {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        self.genesis.encode(out);
        put_list(out, &self.steps);
        self.anchor.encode(out);
        put_list(out, &self.claims);
    }
}

impl Decode for LightProof {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain_id: Decode::decode(reader)?,
            genesis: Decode::decode(reader)?,
            steps: reader.list(MAX_STEPS, "steps")?,
            anchor: Decode::decode(reader)?,
            claims: reader.list(MAX_CLAIMS, "claims")?,
        })
    }
}
