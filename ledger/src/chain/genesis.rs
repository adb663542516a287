//! What a chain begins with. Its digest is the chain's identity.

use super::{Candidate, Committee, PossessionFault, Seat};
use crate::{
    beacon::Schedule,
    codec::{Decode, DecodeError, Encode, Reader, put_bytes, put_list},
    crypto::Scope,
    election::Election,
    types::{BlockHash, ChainId, Cycle, MemberIndex, View},
};

/// Most members of a consortium at one time.
pub const MAX_MEMBERS: usize = 100;
/// Most members that a chain may have had in all: numbers are not given twice.
pub const MAX_MEMBERS_EVER: usize = 1024;
/// Fewest members that a consortium may be reduced to: below, one bad member is too many.
pub const MIN_MEMBERS: usize = 4;
/// Largest application part of a genesis, in bytes.
pub const MAX_CONFIG_BYTES: usize = 16 * 1024 * 1024;
/// Longest name of a chain or a member, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
const MAX_CYCLE_BLOCKS: u64 = 1 << 32;
const VERSION: u16 = 2;

/// Limits that every member must agree on, as they decide which blocks are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Most bytes of transactions in a block.
    pub block_bytes: u32,
    /// Most transactions in a block.
    pub block_txs: u32,
    /// Blocks of a cycle, at whose end members, groups and proposers change.
    pub cycle_blocks: u64,
    /// Blocks of a round of the beacon. In short ones, below about 24, messages may come too late for their window; then
    /// a round may give nothing, and members that withhold may bring that about. For tests and demonstrations only.
    pub beacon_interval: u64,
    /// Groups wished for; there are fewer while they would have less than four members.
    pub groups: u16,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            block_bytes: 2 * 1024 * 1024,
            block_txs: 1024,
            cycle_blocks: 5000,
            beacon_interval: 60,
            groups: 1,
        }
    }
}

/// The first statement of a chain: who its members are, and what its application starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// A name for people.
    pub name: String,
    /// Milliseconds since 1970; no block is earlier.
    pub time_ms: u64,
    /// The first members, in the order of their numbers.
    pub members: Vec<Candidate>,
    /// Limits of blocks, lengths of cycles and rounds.
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
    #[error("members {0} and {1} have a key in common")]
    SameKey(MemberIndex, MemberIndex),
    /// A key is not one, or not the member's.
    #[error("member {member}: {fault}")]
    Key {
        /// Whose.
        member: MemberIndex,
        /// What is wrong.
        fault: PossessionFault,
    },
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
    /// Cycles and rounds must have blocks.
    #[error(
        "a cycle must have from 1 to {MAX_CYCLE_BLOCKS} blocks, a round at least 3, and there must be a group"
    )]
    CycleLimits,
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

    /// The committee of the first cycle: there is no randomness yet, so members take turns in their order.
    pub fn committee(&self) -> Committee {
        let numbers = || (0..).map(MemberIndex::new);
        let seats = numbers().zip(&self.members).map(|(member, found)| Seat { member, keys: found.keys });
        let election =
            Election::unshuffled(numbers().take(self.members.len()), self.parameters.groups.into());
        let scope = Scope { chain_id: self.chain_id(), cycle: Cycle::new(0) };
        Committee::new(scope, View::new(0), seats.collect(), election)
    }

    /// How heights are divided into cycles and rounds.
    pub fn schedule(&self) -> Schedule {
        let Parameters { cycle_blocks, beacon_interval, .. } = self.parameters;
        Schedule { cycle_blocks, beacon_interval }
    }

    /// Most of the first members that may do anything at all: ⌊(n − 1) / 3⌋.
    pub fn faults(&self) -> usize {
        self.members.len().saturating_sub(1) / 3
    }

    /// Votes of the first members that make a certificate: n − f.
    pub fn quorum(&self) -> usize {
        self.members.len() - self.faults()
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
        let Parameters { block_bytes, block_txs, cycle_blocks, beacon_interval, groups } = self.parameters;
        let room = crate::types::MAX_TX_BYTES;
        let bytes_fit = (room..=32 * 1024 * 1024).contains(&(block_bytes as usize));
        if !bytes_fit || !(1..=65_536).contains(&block_txs) {
            return Err(GenesisFault::BlockLimits(room));
        }
        if !(1..=MAX_CYCLE_BLOCKS).contains(&cycle_blocks) || beacon_interval < 3 || groups == 0 {
            return Err(GenesisFault::CycleLimits);
        }
        Ok(())
    }

    fn validate_members(&self) -> Result<(), GenesisFault> {
        if self.members.is_empty() || self.members.len() > MAX_MEMBERS {
            return Err(GenesisFault::MemberCount(self.members.len()));
        }
        let mut seen = std::collections::BTreeMap::new();
        for (index, member) in (0..).map(MemberIndex::new).zip(&self.members) {
            member.verify(None).map_err(|fault| GenesisFault::Key { member: index, fault })?;
            for key in [member.keys.voting.as_bytes(), member.keys.beacon.as_bytes()] {
                if let Some(earlier) = seen.insert(*key, index) {
                    return Err(GenesisFault::SameKey(earlier, index));
                }
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
        self.parameters.encode(out);
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
            parameters: Decode::decode(reader)?,
            config: reader.bytes(MAX_CONFIG_BYTES, "application configuration")?.to_vec(),
        })
    }
}

impl Encode for Parameters {
    fn encode(&self, out: &mut Vec<u8>) {
        self.block_bytes.encode(out);
        self.block_txs.encode(out);
        self.cycle_blocks.encode(out);
        self.beacon_interval.encode(out);
        self.groups.encode(out);
    }
}

impl Decode for Parameters {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            block_bytes: Decode::decode(reader)?,
            block_txs: Decode::decode(reader)?,
            cycle_blocks: Decode::decode(reader)?,
            beacon_interval: Decode::decode(reader)?,
            groups: Decode::decode(reader)?,
        })
    }
}
