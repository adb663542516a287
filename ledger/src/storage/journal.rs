//! The log as the protocol sees it: what each record means, and where final blocks are.
//!
//! A log begins with the genesis, or, in a node that began or went on with a snapshot, with the **base**: the block after
//! which the snapshot's state was. What the log has of earlier blocks counts no more.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use super::{
    Storage,
    log::{Entry, Log, LogError, Place},
};
use crate::{
    beacon::Schedule,
    chain::{Block, Certificate, Genesis, Outcome, Vote},
    codec::{Decode, DecodeError, Encode, Reader},
    consensus::{Committed, Record, Recovered, SignState, Tip},
    lanes::MiniBlock,
    light::Anchor,
    types::{BlockHash, ChainId, Height, Turn, View},
};

const CHAIN: u8 = 1;
const BLOCK: u8 = 2;
const VOTE: u8 = 3;
const CERTIFICATE: u8 = 4;
const FINAL: u8 = 5;
const MINI_BLOCK: u8 = 6;
const BASE: u8 = 7;
/// Bytes of mini-blocks that are kept from the log when it is opened; the oldest go.
const MINI_BLOCKS_KEPT: usize = 64 * 1024 * 1024;

/// The journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log is of another chain.
    #[error(
        "the log is of chain {found}, not of {expected}: a folder holds one chain; give the node the genesis that this one \
         began with, or another folder"
    )]
    OtherChain {
        /// Of the log.
        found: ChainId,
        /// Of the genesis.
        expected: ChainId,
    },
    /// A record makes no sense, although its checksum is right.
    #[error("log record: {0}; written by another version?")]
    Record(#[from] DecodeError),
    /// A record refers to a block that is not there, or the heights have a gap.
    #[error("log record of height {0} refers to nothing")]
    Dangling(Height),
    /// This node began with a snapshot, and does not have what was before.
    #[error(
        "block {height} is not here: this node went on with a snapshot of height {base}, and has the chain from there on; \
         ask a node that has all of it"
    )]
    BeforeBase {
        /// The block.
        height: Height,
        /// Where the node began.
        base: Height,
    },
}

/// What the log says of a final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalRecord {
    /// Its height.
    pub height: Height,
    /// Its name.
    pub block: BlockHash,
    /// What executing it gave.
    pub outcome: Outcome,
    /// Its own certificate of finality.
    pub certificate: Option<Certificate>,
}

/// The log, and an index of its final blocks.
pub struct Journal {
    log: Log,
    index: Index,
    /// Those of the newest cycle that were in no final block when the log was opened.
    minis: Vec<MiniBlock>,
}

#[derive(Default)]
struct Index {
    /// Blocks that are not final, and their views.
    open: BTreeMap<BlockHash, (View, Place)>,
    /// Where the chain begins here: nothing for the genesis.
    base: Option<Arc<Anchor>>,
    /// Block and final record at the height after the base, and so on.
    finals: Vec<(Place, Place)>,
    heights: BTreeMap<BlockHash, Height>,
}

/// What is gathered while the log is read.
struct Reading {
    expected: ChainId,
    schedule: Schedule,
    index: Index,
    blocks: BTreeMap<BlockHash, Arc<Block>>,
    votes: Vec<Vote>,
    certificates: Vec<Certificate>,
    minis: VecDeque<MiniBlock>,
    tip: Tip,
    finality: Option<Certificate>,
    fresh: bool,
}

impl Journal {
    /// Opens the log of a chain, and gathers what the core needs to go on. `genesis_outcome` is that of height 0.
    ///
    /// # Errors
    /// When the log is damaged, of another chain, or cannot be read.
    pub fn open(
        storage: Box<dyn Storage>,
        genesis: &Genesis,
        genesis_outcome: Outcome,
        sign_state: SignState,
    ) -> Result<(Self, Recovered), JournalError> {
        let tip = Tip {
            height: Height::new(0),
            view: View::new(0),
            block: genesis.block_hash(),
            outcome: genesis_outcome,
        };
        let expected = genesis.chain_id();
        let mut reading = Reading {
            expected,
            schedule: genesis.schedule(),
            index: Index::default(),
            blocks: BTreeMap::new(),
            votes: Vec::new(),
            certificates: Vec::new(),
            minis: VecDeque::new(),
            tip,
            finality: None,
            fresh: true,
        };
        let mut fault = None;
        let mut log = Log::open(storage, |entry| {
            if fault.is_none() {
                fault = reading.take(&entry).err();
            }
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        if reading.fresh {
            log.append(CHAIN, expected.as_bytes())?;
            log.sync()?;
        }
        let Reading { index, blocks, votes, certificates, minis, tip, finality, .. } = reading;
        let blocks = blocks.into_values().collect();
        let recovered = Recovered { tip, finality, sign_state, blocks, votes, certificates };
        Ok((Self { log, index, minis: minis.into() }, recovered))
    }

    /// Writes a record. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// When it cannot be written: the node must stop.
    pub fn persist(&mut self, record: &Record) -> Result<(), JournalError> {
        match record {
            Record::Block(block) => {
                let place = self.log.append(BLOCK, &block.to_bytes())?;
                self.index.open.insert(block.hash(), (block.header.view, place));
            }
            Record::Vote(vote) => {
                self.log.append(VOTE, &vote.to_bytes())?;
            }
            Record::Certificate(certificate) => {
                self.log.append(CERTIFICATE, &certificate.to_bytes())?;
            }
        }
        Ok(())
    }

    /// Writes a mini-block: one's own, or one that is to be receipted. Not durable before [`Self::sync`].
    ///
    /// # Errors
    /// When it cannot be written: the node must stop.
    pub fn persist_mini(&mut self, mini: &MiniBlock) -> Result<(), JournalError> {
        self.log.append(MINI_BLOCK, &mini.to_bytes())?;
        Ok(())
    }

    /// The mini-blocks that were in the log, and in no final block, when it was opened.
    pub fn take_minis(&mut self) -> Vec<MiniBlock> {
        std::mem::take(&mut self.minis)
    }

    /// Writes that a block, which was persisted before, is final.
    ///
    /// # Errors
    /// When it cannot be written: the node must stop.
    pub fn finalize(&mut self, committed: &Committed) -> Result<(), JournalError> {
        let header = &committed.block.header;
        let record = FinalRecord {
            height: header.height,
            block: committed.block.hash(),
            outcome: committed.outcome,
            certificate: committed.certificate.clone(),
        };
        let place = self.log.append(FINAL, &record.to_bytes())?;
        self.index.finalize(&record, header.view, place)
    }

    /// Makes all records durable.
    ///
    /// # Errors
    /// When that is not sure: the node must stop.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        Ok(self.log.sync()?)
    }

    /// Goes on from the block after which the state of a snapshot was, instead of from what is there. Durable when this
    /// returns.
    ///
    /// # Errors
    /// When it cannot be written: the node must stop.
    pub fn rebase(&mut self, base: Anchor) -> Result<(), JournalError> {
        self.log.append(BASE, &base.to_bytes())?;
        self.log.sync()?;
        self.index = Index::on(base);
        Ok(())
    }

    /// The block with which this log begins, if it is not the genesis.
    pub fn base(&self) -> Option<&Arc<Anchor>> {
        self.index.base.as_ref()
    }

    /// Height of the newest final block.
    pub fn height(&self) -> Height {
        Height::new(self.index.first().get() + self.index.finals.len() as u64)
    }

    /// Name and outcome of a final block, if it is here or is the base.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn outcome(&self, height: Height) -> Result<Option<(BlockHash, Outcome)>, JournalError> {
        if let Some(base) = self.index.base.as_ref().filter(|base| base.header.height == height) {
            return Ok(Some((base.header.hash(), base.outcome)));
        }
        let Some((_, record)) = self.index.at(height) else { return Ok(None) };
        let record = FinalRecord::from_bytes(&self.log.read(record)?.bytes)?;
        Ok(Some((record.block, record.outcome)))
    }

    /// Height of a final block.
    pub fn height_of(&self, block: &BlockHash) -> Option<Height> {
        self.index.heights.get(block).copied()
    }

    /// The first certificate of finality of a block from one height to another.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn finality(&self, from: Height, to: Height) -> Result<Option<Certificate>, JournalError> {
        if let Some(base) = self.index.base.as_ref().filter(|base| from <= base.header.height) {
            // The last block of a cycle takes whoever is behind to the next; before it there is nothing here.
            return Ok((base.header.height <= to).then(|| base.certificate.clone()));
        }
        for height in (from.get()..=to.get().min(self.height().get())).map(Height::new) {
            let Some((_, record)) = self.index.at(height) else { continue };
            let record = FinalRecord::from_bytes(&self.log.read(record)?.bytes)?;
            if record.certificate.is_some() {
                return Ok(record.certificate);
            }
        }
        Ok(None)
    }

    /// A final block, and what the log says of it.
    ///
    /// # Errors
    /// When it cannot be read, or is before the base.
    pub fn block(&self, height: Height) -> Result<Option<(Block, FinalRecord)>, JournalError> {
        let base = self.index.first();
        if height.get() > 0 && height <= base {
            return Err(JournalError::BeforeBase { height, base });
        }
        let Some((block, record)) = self.index.at(height) else { return Ok(None) };
        let block = Block::from_bytes(&self.log.read(block)?.bytes)?;
        let record = FinalRecord::from_bytes(&self.log.read(record)?.bytes)?;
        Ok(Some((block, record)))
    }
}

impl Index {
    fn on(base: Anchor) -> Self {
        let heights = BTreeMap::from([(base.header.hash(), base.header.height)]);
        Self { base: Some(Arc::new(base)), heights, ..Self::default() }
    }

    /// Height of the base.
    fn first(&self) -> Height {
        self.base.as_ref().map_or(Height::new(0), |base| base.header.height)
    }

    fn at(&self, height: Height) -> Option<(Place, Place)> {
        let index = height.get().checked_sub(self.first().get())?.checked_sub(1)?;
        self.finals.get(usize::try_from(index).ok()?).copied()
    }

    fn finalize(&mut self, record: &FinalRecord, view: View, place: Place) -> Result<(), JournalError> {
        let follows = record.height.get() == self.first().get() + self.finals.len() as u64 + 1;
        let block = self.open.get(&record.block).map(|(_, place)| *place).filter(|_| follows);
        self.finals.push((block.ok_or(JournalError::Dangling(record.height))?, place));
        self.heights.insert(record.block, record.height);
        self.open.retain(|_, (of, _)| *of > view);
        Ok(())
    }
}

impl Reading {
    fn take(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let bytes = &entry.bytes;
        self.fresh = false;
        match entry.kind {
            CHAIN => {
                let found = ChainId::from_bytes(Decode::from_bytes(bytes)?);
                if found != self.expected {
                    return Err(JournalError::OtherChain { found, expected: self.expected });
                }
            }
            BLOCK => {
                let block = Block::from_bytes(bytes)?;
                self.index.open.insert(block.hash(), (block.header.view, entry.place));
                self.blocks.insert(block.hash(), Arc::new(block));
            }
            VOTE => self.votes.push(Vote::from_bytes(bytes)?),
            CERTIFICATE => self.certificates.push(Certificate::from_bytes(bytes)?),
            MINI_BLOCK => self.keep(MiniBlock::from_bytes(bytes)?),
            FINAL => self.finalize(FinalRecord::from_bytes(bytes)?, entry.place)?,
            BASE => self.rebase(Anchor::from_bytes(bytes)?),
            tag => return Err(DecodeError::UnknownTag { what: "log record", tag }.into()),
        }
        Ok(())
    }

    fn keep(&mut self, mini: MiniBlock) {
        self.minis.push_back(mini);
        let mut bytes: usize = self.minis.iter().map(MiniBlock::bytes).sum();
        while bytes > MINI_BLOCKS_KEPT {
            bytes -= self.minis.pop_front().map_or(bytes, |oldest| oldest.bytes());
        }
    }

    /// Mini-blocks of earlier cycles, or in a final block, are of no use any more.
    fn forget_minis(&mut self, height: Height, block: &Block) {
        let cycle = self.schedule.cycle(height.next());
        let done: BTreeSet<_> =
            block.lanes.iter().map(|lane| (lane.header.author, lane.header.number)).collect();
        self.minis.retain(|mini| {
            mini.header.cycle >= cycle && !done.contains(&(mini.header.author, mini.header.number))
        });
    }

    fn finalize(&mut self, record: FinalRecord, place: Place) -> Result<(), JournalError> {
        let block = self.blocks.get(&record.block).ok_or(JournalError::Dangling(record.height))?;
        let block = Arc::clone(block);
        self.forget_minis(record.height, &block);
        let view = block.header.view;
        self.index.finalize(&record, view, place)?;
        self.tip = Tip { height: record.height, view, block: record.block, outcome: record.outcome };
        self.finality = record.certificate.or(self.finality.take());
        self.blocks.retain(|_, block| block.header.view > view);
        self.forget();
        Ok(())
    }

    /// Goes on from the base. What was not final before it may be anything.
    fn rebase(&mut self, base: Anchor) {
        let Anchor { header, outcome, certificate } = &base;
        let (height, view) = (header.height, header.view);
        self.tip = Tip { height, view, block: header.hash(), outcome: *outcome };
        self.finality = Some(certificate.clone());
        self.blocks.clear();
        self.index = Index::on(base);
        self.forget();
    }

    /// Drops what the tip has decided.
    fn forget(&mut self) {
        // What follows the last block of a cycle is of the next: earlier votes decide nothing any more.
        let tip = Turn { cycle: self.schedule.cycle(self.tip.height.next()), view: self.tip.view };
        self.votes.retain(|vote| vote.turn() > tip);
        self.certificates.retain(|certificate| certificate.turn() > tip);
    }
}

impl Encode for FinalRecord {
    fn encode(&self, out: &mut Vec<u8>) {
        self.height.encode(out);
        self.block.encode(out);
        self.outcome.encode(out);
        self.certificate.encode(out);
    }
}

impl Decode for FinalRecord {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            height: Decode::decode(reader)?,
            block: Decode::decode(reader)?,
            outcome: Decode::decode(reader)?,
            certificate: Decode::decode(reader)?,
        })
    }
}
