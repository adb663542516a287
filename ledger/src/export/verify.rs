//! Verifying the file: everything that the members checked is checked again.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde::Serialize;

use super::{ChainFault, DIGEST_CONTEXT, MAGIC, MAX_BLOBS, MAX_BLOCK_BYTES, VERSION};
use crate::{
    application::{AppError, Application},
    blobs::{Blobs, MAX_BLOB_BYTES, MemoryBlobs},
    chain::{Block, Certificate, Committee, Genesis, Outcome, Statement},
    codec::{Decode, DecodeError, Reader},
    consensus::Committed,
    execution::{
        Executor, FinalBlock, MemoryStore, Position, StateProof, StoreError,
        executor::{Clock, SetupError},
        upkeep::MemberRecord,
    },
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
    executor: Executor,
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
        self.executor.committee()
    }

    /// What the ledger knows of a member after the last block.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn member(&self, member: MemberIndex) -> Result<Option<MemberRecord>, StoreError> {
        self.executor.member(member)
    }

    /// Reads the application's state after the last block.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn read<T>(&self, read: impl FnOnce(&dyn StateRead, &Position) -> T) -> Result<T, StoreError> {
        self.executor.read(read)
    }

    /// What is at a key of that state, with the proof.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn query(&self, key: &[u8]) -> Result<StateProof, StoreError> {
        self.executor.prove(key)
    }

    /// What is at some keys of that state, for whoever has nothing but the genesis; none of a chain without blocks.
    ///
    /// # Errors
    /// Never, in memory.
    pub fn light_proof(&self, keys: &[Vec<u8>]) -> Result<Option<LightProof>, StoreError> {
        self.executor.light_proof(keys)
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
    let executor = Executor::open(app, Arc::clone(&genesis), Arc::new(MemoryStore::new()));
    let executor = executor.map_err(|error| match error {
        SetupError::Application(error) => ChainFault::Application(error),
        error => execution(Height::new(0))(error),
    })?;
    let mut replay =
        Replay { genesis: &genesis, executor, unused: attached.clone(), attached, certificates: 0 };
    let blocks = replay.run(&mut reader)?;
    if let Some(unused) = replay.unused.first() {
        return Err(ChainFault::BlobUnused(*unused));
    }
    let report = replay.report(&blocks);
    let Replay { executor, .. } = replay;
    Ok(AuditedChain { report, genesis, blocks, blobs, executor })
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

fn execution<E: std::fmt::Display>(height: Height) -> impl FnOnce(E) -> ChainFault {
    move |error| ChainFault::Execution { height, reason: error.to_string() }
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

struct Replay<'a> {
    genesis: &'a Arc<Genesis>,
    executor: Executor,
    attached: BTreeSet<BlobHash>,
    unused: BTreeSet<BlobHash>,
    certificates: usize,
}

impl Replay<'_> {
    fn run(&mut self, reader: &mut Reader<'_>) -> Result<Vec<FinalBlock>, ChainFault> {
        let count = u64::decode(reader).map_err(at("number of blocks"))?;
        let mut blocks = Vec::new();
        for height in (1..=count).map(Height::new) {
            let (block, certificate) = read_block(reader).map_err(at(format!("height {height}")))?;
            if certificate.is_none() && height.get() == count {
                return Err(ChainFault::NotFinal(height));
            }
            blocks.push(self.follow(height, Arc::new(block), certificate)?);
        }
        reader.clone().finish().map_err(at("end"))?;
        Ok(blocks)
    }

    /// Checks and executes the next block.
    fn follow(
        &mut self,
        height: Height,
        block: Arc<Block>,
        certificate: Option<Certificate>,
    ) -> Result<FinalBlock, ChainFault> {
        let committee = self.executor.committee();
        block.validate(self.genesis, &committee).map_err(|fault| ChainFault::Block { height, fault })?;
        let tip = self.executor.tip();
        let header = &block.header;
        if header.height != height || header.parent != tip.block || header.parent_view != tip.view {
            return Err(ChainFault::Link(height));
        }
        self.attached_to(height, &block)?;
        // What was in the future of the members once is not any more.
        let clock = Clock { latest_ms: u64::MAX };
        let executed = self.executor.execute(&block, Some(clock)).map_err(execution(height))?;
        let executed =
            executed.map_err(|rejection| ChainFault::Rejected { height, reason: rejection.to_string() })?;
        let outcome = executed.outcome;
        match &certificate {
            Some(certificate) => self.certified(&committee, &block, outcome, certificate)?,
            // No descendant in its cycle can vouch for the last block, and the next cycle has other voters.
            None if executed.next.is_some() => return Err(ChainFault::NotFinal(height)),
            None => {}
        }
        let committed = Committed { block, outcome, certificate };
        let finals = self.executor.commit(vec![committed]).map_err(execution(height))?;
        finals.into_iter().next().ok_or_else(|| execution(height)("nothing was committed"))
    }

    fn attached_to(&mut self, height: Height, block: &Block) -> Result<(), ChainFault> {
        for blob in block.txs.iter().flat_map(|tx| self.executor.attachments(tx)) {
            if !self.attached.contains(&blob) {
                return Err(ChainFault::BlobMissing { height, blob });
            }
            self.unused.remove(&blob);
        }
        Ok(())
    }

    fn certified(
        &mut self,
        committee: &Committee,
        block: &Block,
        outcome: Outcome,
        certificate: &Certificate,
    ) -> Result<(), ChainFault> {
        let (height, first, view) = (block.header.height, block.header.view, certificate.statement().view());
        let expected = Statement::Finalize { view, block: block.hash(), outcome: outcome.hash() };
        // Only the last block of a cycle may be proposed, and made final, in later views than its own.
        let again = view > first && self.genesis.schedule().is_last(height);
        if *certificate.statement() != expected || !(view == first || again) {
            return Err(ChainFault::Statement(height));
        }
        let verified = certificate.verify(committee);
        verified.map_err(|fault| ChainFault::Certificate { height, fault })?;
        self.certificates += 1;
        Ok(())
    }

    fn report(&self, blocks: &[FinalBlock]) -> Report {
        let receipts = || blocks.iter().flat_map(|block| &block.result.receipts);
        let begun = || blocks.iter().flat_map(|block| &block.result.begin);
        let (tip, committee) = (self.executor.tip(), self.executor.committee());
        Report {
            name: self.genesis.name.clone(),
            chain_id: self.genesis.chain_id(),
            members: committee.size(),
            quorum: committee.quorum(),
            cycle: committee.cycle(),
            beacons: begun().filter(|event| event.kind == "ledger.beacon").count(),
            height: tip.height,
            certificates: self.certificates,
            accepted: receipts().filter(|receipt| receipt.accepted).count(),
            refused: receipts().filter(|receipt| !receipt.accepted).count(),
            blobs: self.attached.len(),
            app_hash: tip.outcome.app_hash,
        }
    }
}

fn read_block(reader: &mut Reader<'_>) -> Result<(Block, Option<Certificate>), DecodeError> {
    let block = Block::from_bytes(reader.bytes(MAX_BLOCK_BYTES, "block")?)?;
    Ok((block, Decode::decode(reader)?))
}
