//! What is in a snapshot, and why its root is to be believed.

use super::SnapshotFault;
use crate::{
    chain::{Committee, Genesis},
    codec::{Decode, DecodeError, Encode, Reader, put_list},
    execution::Position,
    light::{Anchor, LightFault, MAX_STEPS, Step, walk},
    types::{AppHash, BlobHash, ChainId, Height},
};

const MAGIC: &[u8; 8] = b"GALENSNP";
const VERSION: u16 = 1;
const DIGEST_CONTEXT: &str = "galen ledger v1 snapshot manifest";
/// Most chunks of a snapshot.
pub const MAX_CHUNKS: usize = 1 << 18;

/// What is in a snapshot, and the walk from the genesis to its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The chain.
    pub chain_id: ChainId,
    /// The end of every cycle up to that of the snapshot, included.
    pub steps: Vec<Step>,
    /// The chunks, in the order of the tree.
    pub chunks: Vec<BlobHash>,
}

impl Manifest {
    /// The block after which the state was so.
    ///
    /// # Errors
    /// When there is none.
    pub fn anchor(&self) -> Result<&Anchor, SnapshotFault> {
        Ok(&self.steps.last().ok_or(SnapshotFault::NotAtEnd(Height::new(0)))?.last)
    }

    /// Height of that block.
    ///
    /// # Errors
    /// When there is none.
    pub fn height(&self) -> Result<Height, SnapshotFault> {
        Ok(self.anchor()?.header.height)
    }

    /// Root of the state.
    ///
    /// # Errors
    /// When there is no block.
    pub fn root(&self) -> Result<AppHash, SnapshotFault> {
        Ok(self.anchor()?.outcome.app_hash)
    }

    /// Where a chain is that has come so far.
    ///
    /// # Errors
    /// When there is no block.
    pub fn position(&self) -> Result<Position, SnapshotFault> {
        let Anchor { header, outcome, .. } = self.anchor()?;
        Ok(Position {
            chain_id: self.chain_id,
            height: header.height,
            view: header.view,
            block: header.hash(),
            time_ms: header.time_ms,
            outcome: *outcome,
        })
    }

    /// Walks from the genesis to the root, and gives the committee of the cycle that begins after it. The chunks are
    /// verified when they are read.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, genesis: &Genesis) -> Result<Committee, SnapshotFault> {
        let expected = genesis.chain_id();
        if self.chain_id != expected {
            return Err(LightFault::OtherChain { found: self.chain_id, expected }.into());
        }
        self.anchor()?;
        let committee = walk(genesis, &self.steps)?;
        if self.chunks.is_empty() { Err(SnapshotFault::NoChunks) } else { Ok(committee) }
    }

    /// Reads a manifest from the bytes of its file. Nothing is verified but that they are whole.
    ///
    /// # Errors
    /// When they are no manifest, damaged, or of another version.
    pub fn from_file(bytes: &[u8]) -> Result<Self, SnapshotFault> {
        let (content, digest) = bytes.split_last_chunk::<32>().ok_or(SnapshotFault::NotASnapshot)?;
        let rest = content.strip_prefix(MAGIC).ok_or(SnapshotFault::NotASnapshot)?;
        if blake3::derive_key(DIGEST_CONTEXT, content) != *digest {
            return Err(SnapshotFault::Digest);
        }
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(SnapshotFault::NotASnapshot)?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            version => return Err(SnapshotFault::Version(version)),
        }
        Self::from_bytes(rest).map_err(|error| SnapshotFault::Decode { place: "manifest", error })
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
}

impl Encode for Manifest {
    fn encode(&self, out: &mut Vec<u8>) {
        self.chain_id.encode(out);
        put_list(out, &self.steps);
        put_list(out, &self.chunks);
    }
}

impl Decode for Manifest {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            chain_id: Decode::decode(reader)?,
            steps: reader.list(MAX_STEPS, "steps")?,
            chunks: reader.list(MAX_CHUNKS, "chunks")?,
        })
    }
}
