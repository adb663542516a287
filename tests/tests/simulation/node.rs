//! One member's machine: the core, its log and sign state on a disk that forgets what was not synchronised, the
//! execution, the ledger's own affairs.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use galen_ledger::{
    Height, MemberIndex,
    chain::{Candidate, Committee, Genesis, Parameters, Upkeep, Vote},
    consensus::{Committed, Effect, Relay, Setup, SignState, Timing, VoteRelay},
    crypto::SecretKey,
    execution::{Executor, MemoryStore},
    node::upkeep::UpkeepPool,
    storage::{FaultyStorage, Journal, MemoryStorage, SignFile, Storage},
    types::{BlockHash, OutcomeHash},
};

use super::application::Counter;

/// Δ, in milliseconds of virtual time.
pub const DELTA: u64 = 1000;
/// The most that doubling makes of it, in Δ.
pub const MAX_DELTAS: u64 = 8;
/// Members that a simulation can have.
pub const MAX_MEMBERS: usize = 16;

/// What a member finds again when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// All that was durable.
    All,
    /// The chain, but none of its votes: as one that breaks R6 would.
    NoVotes,
}

/// After how many writing operations a disk fails, if it does.
pub type Endurance = Option<usize>;

/// A disk did not take what it was given. The machine must stop.
#[derive(Debug)]
pub struct DiskFailed;

/// Why final blocks were not taken in.
#[derive(Debug)]
pub enum Refused {
    /// The disk failed.
    Disk,
    /// The state did not take them.
    State(String),
}

fn disk(memory: &MemoryStorage, endurance: Endurance) -> Box<dyn Storage> {
    match endurance {
        Some(operations) => Box::new(FaultyStorage::new(memory.clone(), operations)),
        None => Box::new(memory.clone()),
    }
}

/// A member's machine.
pub struct Node {
    /// Which member.
    pub index: MemberIndex,
    /// Its voting keys.
    pub keys: Vec<SecretKey>,
    /// The protocol, and the way its votes take.
    pub core: Relay,
    /// The log.
    pub journal: Journal,
    /// The execution.
    pub executor: Executor,
    /// The committee of the cycle that the execution is in.
    pub committee: Arc<Committee>,
    /// The ledger's own affairs that wait.
    pub pool: UpkeepPool,
    /// What executing blocks gave.
    pub outcomes: BTreeMap<BlockHash, OutcomeHash>,
    /// Votes found in the log at the last start.
    pub recovered: Vec<Vote>,
    /// Inputs meant for an earlier life are dropped.
    pub life: u64,
    /// Whether it runs.
    pub up: bool,
    /// What its disks can bear in this life.
    pub endurance: Endurance,
    genesis: Arc<Genesis>,
    relay: VoteRelay,
    sign_file: SignFile,
    log: MemoryStorage,
    signs: MemoryStorage,
}

/// Keys and certified candidates of all members there can be, made once.
fn cast() -> &'static [(SecretKey, Candidate)] {
    static CAST: OnceLock<Vec<(SecretKey, Candidate)>> = OnceLock::new();
    CAST.get_or_init(|| {
        let key = |seed: usize| SecretKey::from_bytes(&[seed as u8 + 1; 32]);
        let candidate = |key: SecretKey| (key.clone(), Candidate::new("member", &key, None));
        (0..MAX_MEMBERS).map(key).map(candidate).collect()
    })
}

/// The key of a member.
pub fn key_of(member: MemberIndex) -> SecretKey {
    cast()[member.at()].0.clone()
}

/// A genesis with the first so many members.
pub fn genesis(members: usize, parameters: Parameters) -> Arc<Genesis> {
    let members = cast()[..members].iter().map(|(_, candidate)| candidate.clone()).collect();
    Arc::new(Genesis { name: "simulation".into(), time_ms: 0, members, parameters, config: Vec::new() })
}

impl Node {
    /// Starts a machine, for the first time.
    pub fn new(
        genesis: &Arc<Genesis>,
        index: MemberIndex,
        keys: Vec<SecretKey>,
        relay: VoteRelay,
        endurance: Endurance,
    ) -> (Self, Vec<Effect>) {
        let disks = (MemoryStorage::new(), MemoryStorage::new());
        Self::open((genesis, relay), index, keys, disks, Memory::All, endurance)
    }

    fn open(
        (genesis, relay): (&Arc<Genesis>, VoteRelay),
        index: MemberIndex,
        keys: Vec<SecretKey>,
        (log, signs): (MemoryStorage, MemoryStorage),
        memory: Memory,
        endurance: Endurance,
    ) -> (Self, Vec<Effect>) {
        let (sign_file, signed) = SignFile::open(disk(&signs, endurance)).expect("the sign state opens");
        let signed = if memory == Memory::All { signed } else { SignState::default() };
        let store = Arc::new(MemoryStore::new());
        let executor = Executor::open(Counter::new(), Arc::clone(genesis), store).expect("the state opens");
        let founded = executor.genesis_outcome().expect("there is a genesis");
        let opened = Journal::open(disk(&log, endurance), genesis, founded, signed);
        let (journal, mut recovered) = opened.expect("the log opens");
        if memory == Memory::NoVotes {
            recovered.votes.clear();
        }
        replay(&journal, &executor);
        let committee = executor.committee();
        let delta = Duration::from_millis(DELTA);
        let timing = Timing { delta, max_delta: delta * u32::try_from(MAX_DELTAS).expect("small") };
        let setup = Setup {
            genesis: Arc::clone(genesis),
            committee: Arc::clone(&committee),
            me: index,
            keys: keys.clone(),
            timing,
        };
        let pool = UpkeepPool::new(genesis.schedule(), index, Arc::clone(&committee), journal.height());
        let votes = recovered.votes.clone();
        let (core, effects) = Relay::start(setup, recovered, relay);
        let node = Self {
            index,
            keys,
            core,
            journal,
            executor,
            committee,
            pool,
            outcomes: BTreeMap::new(),
            recovered: votes,
            life: 0,
            up: true,
            endurance,
            genesis: Arc::clone(genesis),
            relay,
            sign_file,
            log,
            signs,
        };
        (node, effects)
    }

    /// Starts again from what a power cut left, of which so many bytes were written although not synchronised.
    pub fn restart(&mut self, torn: usize, memory: Memory, endurance: Endurance) -> Vec<Effect> {
        let disks = (self.log.after_power_cut(torn), self.signs.after_power_cut(0));
        let keys = self.keys.clone();
        let founded = (&self.genesis, self.relay);
        let (mut node, effects) = Self::open(founded, self.index, keys, disks, memory, endurance);
        node.life = self.life;
        *self = node;
        effects
    }

    /// Ends this life: whatever was on its way to the machine is lost.
    pub fn stop(&mut self) {
        self.up = false;
        self.life += 1;
    }

    /// Writes what must be durable; it is not before [`Self::sync`].
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&mut self, effects: &[Effect]) -> Result<(), DiskFailed> {
        for effect in effects {
            if let Effect::Persist(record) = effect {
                self.journal.persist(record).map_err(|_| DiskFailed)?;
            }
        }
        Ok(())
    }

    /// Makes durable what was written, and what was signed last.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&mut self) -> Result<(), DiskFailed> {
        self.journal.sync().map_err(|_| DiskFailed)?;
        self.sign_file.write(self.core.sign_state()).map_err(|_| DiskFailed)
    }

    /// The key with which it votes in its cycle, if it has a seat.
    pub fn key(&self) -> Option<SecretKey> {
        let seated = self.core.committee().key(self.index)?;
        self.keys.iter().find(|key| key.public() == *seated).cloned()
    }

    /// Takes final blocks into log and state.
    ///
    /// # Errors
    /// When the disk fails, or the state cannot take them.
    pub fn commit(&mut self, blocks: Vec<Committed>) -> Result<(), Refused> {
        for committed in &blocks {
            self.journal.finalize(committed).map_err(|_| Refused::Disk)?;
            self.pool.settle(&committed.block);
        }
        self.executor.commit(blocks).map(drop).map_err(|error| Refused::State(error.to_string()))
    }

    /// Does what the member owes the beacon, and gives what is to be told to the others.
    pub fn do_duties(&mut self) -> Vec<Upkeep> {
        let seated = self.committee.key(self.index);
        let key = seated.and_then(|seated| self.keys.iter().find(|key| key.public() == *seated)).cloned();
        let Some(key) = key else { return Vec::new() };
        let duties = self.executor.duties(self.index).expect("the state is there");
        let (undone, mut items) = self.pool.owed(&duties);
        for duty in undone {
            let done = self.executor.perform(duty, self.index, &key).expect("the state is there");
            if let Some(item) = done.map(Upkeep::Beacon)
                && self.pool.offer(self.index, item.clone())
            {
                items.push(item);
            }
        }
        items
    }
}

/// Brings the state to where the log is.
fn replay(journal: &Journal, executor: &Executor) {
    for height in 1..=journal.height().get() {
        let found = journal.block(Height::new(height)).expect("the log reads");
        let (block, record) = found.expect("the log has all heights");
        let block = Arc::new(block);
        let executed = executor.execute(&block, None).expect("the state is there").expect("it was good");
        assert_eq!(executed.outcome, record.outcome, "executed again, block {height} gives something else");
        let committed = Committed { block, outcome: executed.outcome, certificate: record.certificate };
        executor.commit(vec![committed]).expect("the state is there");
    }
}
