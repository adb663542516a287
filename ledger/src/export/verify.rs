//! Verifying the file: everything that the members checked is checked again.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde::Serialize;

use super::{ChainFault, DIGEST_CONTEXT, MAGIC, MAX_BLOBS, VERSION};
use crate::{
    application::{AppError, Application},
    blobs::{Blobs, MAX_BLOB_BYTES, MemoryBlobs},
    chain::{Committee, Genesis},
    codec::{Decode, DecodeError, Reader},
    execution::{FinalBlock, MemoryStore, Position, StateProof, StoreError, upkeep::MemberRecord},
    follow::{FollowFault, Follower, Gathering, Stretch, read_frame},
    light::LightProof,
    state::StateRead,
    types::{AppHash, BlobHash, ChainId, Cycle, Height, MemberIndex},
};

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The chain's name for people.
    pub name: String,
    /// The chain's identity, which fixes its first members.
    pub chain_id: ChainId,
    /// Number of members that decide on the next block.
    pub members: usize,
    /// Signatures that its certificate needs.
    pub quorum: usize,
    /// The cycle of the next block: so many elections were recomputed.
    pub cycle: Cycle,
    /// Outputs of the beacon, recomputed.
    pub beacons: usize,
    /// Height of the last block.
    pub height: Height,
    /// Certificates verified.
    pub certificates: usize,
    /// Transactions accepted.
    pub accepted: usize,
    /// Transactions in blocks, but refused.
    pub refused: usize,
    /// Attachments.
    pub blobs: usize,
    /// Root of the state after the last block.
    pub app_hash: AppHash,
}

/// A chain that was verified from genesis, with its state.
pub struct AuditedChain {
    report: Report,
    genesis: Arc<Genesis>,
    blocks: Vec<FinalBlock>,
    blobs: Arc<dyn Blobs>,
    follower: Follower,
}

impl AuditedChain {
    /// What was verified.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the chain began with.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The blocks from height 1 on, with receipts and events.
    pub fn blocks(&self) -> &[FinalBlock] {
        &self.blocks
    }

    /// The attachments.
    pub fn blobs(&self) -> &Arc<dyn Blobs> {
        &self.blobs
    }

    /// The committee that decides on the next block, recomputed through all cycles.
    pub fn committee(&self) -> Arc<Committee> {
        self.follower.committee()
    }

    /// What the ledger knows of a member after the last block.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, StoreError> {
        self.follower.member(member)
    }

    /// Reads the application's state after the last block.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        self.follower.read(read)
    }

    /// What is at a key of that state, with the proof.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn query(&self, key: &[u8]) -> Result<StateProof, StoreError> {
        self.follower.query(key)
    }

    /// What is at some keys of that state, for whoever has nothing but the genesis; none of a chain without blocks.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, StoreError> {
        self.follower.light_proof(keys)
    }
}

/// Verifies a chain in a file. See [`verify_chain`].
///
/// # Errors
/// The first fault.
pub fn verify_chain_file(
    path: &Path,
    expected: Option<ChainId>,
    make_app: impl FnOnce(&Genesis, Arc<dyn Blobs>) -> Result<Arc<dyn Application>, AppError>,
) -> Result<AuditedChain, ChainFault> {
    verify_chain(&std::fs::read(path)?, expected, make_app)
}

/// Verifies an exported chain: digest, encoding, links, certificates; and checks and executes every transaction
/// again, with an application made for the purpose.
///
/// Give `expected`, the chain's identity as it is known from elsewhere; without it the members are whoever the file
/// says they are.
///
/// # Errors
/// The first fault.
pub fn verify_chain(
    bytes: &[u8],
    expected: Option<ChainId>,
    make_app: impl FnOnce(&Genesis, Arc<dyn Blobs>) -> Result<Arc<dyn Application>, AppError>,
) -> Result<AuditedChain, ChainFault> {
    let mut reader = Reader::new(undamaged(bytes)?);
    let genesis = read_genesis(&mut reader, expected)?;
    let blobs: Arc<dyn Blobs> = Arc::new(MemoryBlobs::new());
    let attached = read_blobs(&mut reader, blobs.as_ref())?;
    let app = make_app(&genesis, Arc::clone(&blobs))?;
    let genesis = Arc::new(genesis);
    let store = Arc::new(MemoryStore::new());
    let follower = Follower::replay(app, Arc::clone(&genesis), store, Arc::clone(&blobs))?;
    let mut replay = Replay { follower: &follower, unused: attached.clone(), blocks: Vec::new() };
    replay.run(&mut reader)?;
    let Replay { unused, blocks, .. } = replay;
    if let Some(unused) = unused.first() {
        return Err(ChainFault::BlobUnused(*unused));
    }
    let report = report(&follower, &blocks, attached.len());
    Ok(AuditedChain { report, genesis, blocks, blobs, follower })
}

/// The file without magic, version and digest, all of which match.
fn undamaged(bytes: &[u8]) -> Result<&[u8], ChainFault> {
    let (content, digest) = bytes.split_last_chunk::<32>().ok_or(ChainFault::NotAnExport)?;
    let rest = content.strip_prefix(MAGIC).ok_or(ChainFault::NotAnExport)?;
    if blake3::derive_key(DIGEST_CONTEXT, content) != *digest {
        return Err(ChainFault::Digest);
    }
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(ChainFault::NotAnExport)?;
    match u16::from_le_bytes(*version) {
        VERSION => Ok(rest),
        version => Err(ChainFault::Version(version)),
    }
}

fn at(place: impl Into<String>) -> impl FnOnce(DecodeError) -> ChainFault {
    let place = place.into();
    move |error| ChainFault::Decode { place, error }
}

fn read_genesis(reader: &mut Reader<'_>, expected: Option<ChainId>) -> Result<Genesis, ChainFault> {
    let genesis = Genesis::decode(reader).map_err(at("genesis"))?;
    genesis.validate()?;
    let found = genesis.chain_id();
    match expected.filter(|expected| *expected != found) {
        Some(expected) => Err(ChainFault::OtherChain { found, expected }),
        None => Ok(genesis),
    }
}

fn read_blobs(reader: &mut Reader<'_>, blobs: &dyn Blobs) -> Result<BTreeSet<BlobHash>, ChainFault> {
    let count = reader.length(MAX_BLOBS, "attachments").map_err(at("attachments"))?;
    let mut attached = BTreeSet::new();
    for _ in 0..count {
        let hash = BlobHash::decode(reader).map_err(at("attachments"))?;
        let bytes = reader.bytes(MAX_BLOB_BYTES, "attachment").map_err(at(format!("attachment {hash}")))?;
        if attached.last().is_some_and(|last| *last >= hash) {
            return Err(ChainFault::BlobOrder(hash));
        }
        blobs.put(&hash, bytes)?;
        attached.insert(hash);
    }
    Ok(attached)
}

/// Follows the blocks of the file.
struct Replay<'a> {
    follower: &'a Follower,
    unused: BTreeSet<BlobHash>,
    blocks: Vec<FinalBlock>,
}

impl Replay<'_> {
    fn run(&mut self, reader: &mut Reader<'_>) -> Result<(), ChainFault> {
        let count = u64::decode(reader).map_err(at("number of blocks"))?;
        let mut gathering = Gathering::default();
        for height in (1..=count).map(Height::new) {
            let (block, certificate) = read_frame(reader).map_err(at(format!("height {height}")))?;
            if let Some(stretch) = gathering.add(block, certificate) {
                self.follow(stretch)?;
            }
        }
        if gathering.pending().is_some() {
            return Err(FollowFault::NotFinal(Height::new(count)).into());
        }
        reader.clone().finish().map_err(at("end"))
    }

    fn follow(&mut self, stretch: Stretch) -> Result<(), ChainFault> {
        let vetted = self.follower.vet(stretch)?;
        self.blocks.extend(self.follower.follow(&vetted)?);
        for tx in vetted.blocks().flat_map(|block| &block.txs) {
            for blob in self.follower.attachments(tx) {
                self.unused.remove(&blob);
            }
        }
        Ok(())
    }
}

fn report(follower: &Follower, blocks: &[FinalBlock], blobs: usize) -> Report {
    let receipts = || blocks.iter().flat_map(|block| &block.result.receipts);
    let begun = || blocks.iter().flat_map(|block| &block.result.begin);
    let (genesis, tip, committee) = (follower.genesis(), follower.position(), follower.committee());
    Report {
        name: genesis.name.clone(),
        chain_id: genesis.chain_id(),
        members: committee.size(),
        quorum: committee.quorum(),
        cycle: committee.cycle(),
        beacons: begun().filter(|event| event.kind == "ledger.beacon").count(),
        height: tip.height,
        certificates: blocks.iter().filter(|block| block.certificate.is_some()).count(),
        accepted: receipts().filter(|receipt| receipt.accepted).count(),
        refused: receipts().filter(|receipt| !receipt.accepted).count(),
        blobs,
        app_hash: tip.outcome.app_hash,
    }
}
