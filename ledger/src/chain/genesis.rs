//! What a chain begins with. Its digest is the chain's identity.

use crate::{
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list},
    crypto::{PublicKey, Scope},
    types::{BlockHash, ChainId, Cycle, MemberIndex, View},
};

/// Most members of a consortium.
pub const MAX_MEMBERS: usize = 100;
/// Largest application part of a genesis, in bytes.
pub const MAX_CONFIG_BYTES: usize = 16 * 1024 * 1024;
const MAX_NAME_BYTES: usize = 64;
const VERSION: u16 = 1;

/// Limits that every member must agree on, as they decide which blocks are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Most bytes of transactions in a block.
    pub block_bytes: u32,
    /// Most transactions in a block.
    pub block_txs: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { block_bytes: 2 * 1024 * 1024, block_txs: 1024 }
    }
}

/// The first statement of a chain: who its members are, and what its application starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// A name for people.
    pub name: String,
    /// Milliseconds since 1970; no block is earlier.
    pub time_ms: u64,
    /// The members' voting keys, in the order of their indices.
    pub members: Vec<PublicKey>,
    /// Limits of blocks.
    pub parameters: Parameters,
    /// The application's part.
    pub config: Vec<u8>,
}

/// A genesis that no consortium can run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisFault {
    /// There must be from 1 to [`MAX_MEMBERS`] members.
    #[error("{0} members: there must be from 1 to {MAX_MEMBERS}")]
    MemberCount(usize),
    /// Two members have one key.
    #[error("members {0} and {1} have the same key")]
    SameKey(MemberIndex, MemberIndex),
    /// A key is not one.
    #[error("the key of member {0} is not a point of the curve")]
    InvalidKey(MemberIndex),
    /// A text or part is too long.
    #[error("{what}: {length} bytes exceed the limit {limit}")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// Its length.
        length: usize,
        /// Its limit.
        limit: usize,
    },
    /// Blocks must have room for the largest transaction.
    #[error(
        "blocks must have room for at least one transaction of {0} bytes, and at most 32 MiB and 65536 of them"
    )]
    BlockLimits(usize),
}

impl Genesis {
    /// Identity of the chain that begins here.
    pub fn chain_id(&self) -> ChainId {
        ChainId::from_bytes(blake3::derive_key("galen ledger v1 genesis", &self.to_bytes()))
    }

    /// The block at height 0, which has no header of its own.
    pub fn block_hash(&self) -> BlockHash {
        let chain_id = self.chain_id();
        BlockHash::from_bytes(blake3::derive_key("galen ledger v1 genesis block", chain_id.as_bytes()))
    }

    /// Where signatures of this chain are valid. There is one cycle as long as membership does not change.
    pub fn scope(&self) -> Scope {
        Scope { chain_id: self.chain_id(), cycle: Cycle::new(0) }
    }

    /// The voting key of a member.
    pub fn key(&self, member: MemberIndex) -> Option<&PublicKey> {
        self.members.get(member.at())
    }

    /// Most members that may do anything at all: ⌊(n − 1) / 3⌋.
    pub fn faults(&self) -> usize {
        self.members.len().saturating_sub(1) / 3
    }

    /// Votes that make a certificate, of all n members: n − f. Two quorums share an honest member (R7).
    pub fn quorum(&self) -> usize {
        self.members.len() - self.faults()
    }

    /// The member on turn in a view. A single group of all members takes turns in the order of the list.
    pub fn leader(&self, view: View) -> MemberIndex {
        let members = self.members.len().max(1) as u64;
        let index = view.get() % members;
        MemberIndex::new(u16::try_from(index).expect("there are at most 100 members"))
    }

    /// Checks what decoding does not.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self) -> Result<(), GenesisFault> {
        self.validate_members()?;
        let too_long = |what, length, limit| Err(GenesisFault::TooLong { what, length, limit });
        if self.name.len() > MAX_NAME_BYTES {
            return too_long("name", self.name.len(), MAX_NAME_BYTES);
        }
        if self.config.len() > MAX_CONFIG_BYTES {
            return too_long("application configuration", self.config.len(), MAX_CONFIG_BYTES);
        }
        let Parameters { block_bytes, block_txs } = self.parameters;
        let room = crate::types::MAX_TX_BYTES;
        let bytes_fit = (room..=32 * 1024 * 1024).contains(&(block_bytes as usize));
        if !bytes_fit || !(1..=65_536).contains(&block_txs) {
            return Err(GenesisFault::BlockLimits(room));
        }
        Ok(())
    }

    fn validate_members(&self) -> Result<(), GenesisFault> {
        if self.members.is_empty() || self.members.len() > MAX_MEMBERS {
            return Err(GenesisFault::MemberCount(self.members.len()));
        }
        let mut seen = std::collections::BTreeMap::new();
        for (index, key) in (0..).map(MemberIndex::new).zip(&self.members) {
            if !key.is_valid() {
                return Err(GenesisFault::InvalidKey(index));
            }
            if let Some(earlier) = seen.insert(*key, index) {
                return Err(GenesisFault::SameKey(earlier, index));
            }
        }
        Ok(())
    }
}

impl Encode for Genesis {
    fn encode(&self, out: &mut Vec<u8>) {
        VERSION.encode(out);
        put_bytes(out, self.name.as_bytes());
        self.time_ms.encode(out);
        put_list(out, &self.members);
        self.parameters.block_bytes.encode(out);
        self.parameters.block_txs.encode(out);
        put_bytes(out, &self.config);
    }
}

impl Decode for Genesis {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if u16::decode(reader)? != VERSION {
            return Err(DecodeError::NotCanonical("genesis version"));
        }
        Ok(Self {
            name: reader.text(MAX_NAME_BYTES, "chain name")?,
            time_ms: u64::decode(reader)?,
            members: reader.list(MAX_MEMBERS, "members")?,
            parameters: Parameters { block_bytes: u32::decode(reader)?, block_txs: u32::decode(reader)? },
            config: reader.bytes(MAX_CONFIG_BYTES, "application configuration")?.to_vec(),
        })
    }
}
