//! What a member holds in memory after a very long time: four members with their cores and executions, block after block, in
//! short cycles with the beacon and elections, over links that lose nothing.
//!
//! `BLOCKS=1000000 cargo test --release -p galen-ledger --test it endurance -- --ignored --nocapture` takes most of an
//! hour. What is on disk in a node (log, receipts) is left out, so that what grows is what a member's memory would.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use galen_ledger::{
    MemberIndex, View,
    chain::{Committee, Genesis, Parameters, Upkeep},
    consensus::{Effect, Input, Message, Recovered, Relay, Setup, Timer, Timing, Tip, VoteRelay},
    crypto::SecretKey,
    execution::{
        Executor, MemoryStore, Store, StoreError,
        executor::{Candidates, Clock},
        store::StoreEntries,
    },
    node::upkeep::UpkeepPool,
    state::overlay::Writes,
    types::{Height, Turn},
};

use crate::{app::Registers, rules::world_with};

const TIMING: Timing = Timing { delta: Duration::from_secs(1), max_delta: Duration::from_secs(8) };

/// A store without receipts: in a node they are on disk, and nothing reads them but who asks for them.
struct WithoutReceipts(MemoryStore);

impl Store for WithoutReceipts {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }
    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        self.0.scan(start, end)
    }
    fn apply(&self, mut batch: Writes) -> Result<(), StoreError> {
        batch.retain(|key, _| key.first() != Some(&b'r'));
        self.0.apply(batch)
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.0.clear()
    }
    fn flush(&self) -> Result<(), StoreError> {
        self.0.flush()
    }
}

struct Member {
    me: MemberIndex,
    key: SecretKey,
    core: Relay,
    executor: Executor,
    committee: Arc<Committee>,
    pool: UpkeepPool,
    timers: BTreeMap<Timer, u64>,
}

/// The most of each that any member held.
#[derive(Debug, Default)]
struct Most {
    blocks: usize,
    timers: usize,
    upkeep: usize,
    queue: usize,
}

struct World {
    genesis: Arc<Genesis>,
    members: Vec<Member>,
    queue: VecDeque<(usize, Input)>,
    now: u64,
    most: Most,
}

impl World {
    fn new(parameters: Parameters) -> Self {
        let (genesis, keys) = world_with(4, parameters);
        let mut world =
            Self { genesis, members: Vec::new(), queue: VecDeque::new(), now: 0, most: Most::default() };
        let mut first = Vec::new();
        for (index, key) in (0..).zip(keys) {
            let store = Arc::new(WithoutReceipts(MemoryStore::new()));
            let executor =
                Executor::open(Registers::new(), Arc::clone(&world.genesis), store).expect("opens");
            let (me, committee) = (MemberIndex::new(index), executor.committee());
            let setup = Setup {
                genesis: Arc::clone(&world.genesis),
                committee: Arc::clone(&committee),
                me,
                keys: vec![key.clone()],
                timing: TIMING,
            };
            let tip = Tip {
                height: Height::new(0),
                view: View::new(0),
                block: world.genesis.block_hash(),
                outcome: executor.tip().outcome,
            };
            let (core, effects) = Relay::start(setup, Recovered::fresh(tip), VoteRelay::Auto);
            let schedule = world.genesis.schedule();
            let pool = UpkeepPool::new(schedule, me, Arc::clone(&committee), Height::new(0));
            world.members.push(Member { me, key, core, executor, committee, pool, timers: BTreeMap::new() });
            first.push(effects);
        }
        for (at, effects) in first.into_iter().enumerate() {
            effects.into_iter().for_each(|effect| world.carry_out(at, effect));
            world.do_duties(at);
            world.queue.push_back((at, Input::Work(true)));
        }
        world
    }

    fn height(&self) -> u64 {
        self.members.iter().map(|member| member.core.tip().height.get()).min().unwrap_or(0)
    }

    fn run_to(&mut self, height: u64) {
        while self.height() < height {
            let Some((at, input)) = self.queue.pop_front() else {
                self.fire();
                continue;
            };
            let effects = self.members[at].core.step(input);
            effects.into_iter().for_each(|effect| self.carry_out(at, effect));
            let Member { core, timers, pool, .. } = &self.members[at];
            let most = &mut self.most;
            most.blocks = most.blocks.max(core.held());
            most.timers = most.timers.max(timers.len());
            most.upkeep = most.upkeep.max(pool.len());
            most.queue = most.queue.max(self.queue.len());
        }
    }

    /// Nothing is on its way: time passes to the next timer.
    fn fire(&mut self) {
        let timers = self
            .members
            .iter()
            .enumerate()
            .flat_map(|(at, member)| member.timers.iter().map(move |(timer, due)| (*due, at, *timer)));
        let (due, at, timer) = timers.min().expect("a member always waits for something");
        self.now = self.now.max(due);
        self.members[at].timers.remove(&timer);
        self.queue.push_back((at, Input::Timer(timer)));
    }

    fn send(&mut self, from: usize, to: MemberIndex, message: Message) {
        let sender = self.members[from].me;
        if let Some(at) = self.members.iter().position(|member| member.me == to).filter(|at| *at != from) {
            self.queue.push_back((at, Input::Message { from: sender, message }));
        }
    }

    fn broadcast(&mut self, from: usize, message: &Message) {
        let members: Vec<_> = self.members[from].committee.members().collect();
        members.into_iter().for_each(|to| self.send(from, to, message.clone()));
    }

    fn do_duties(&mut self, at: usize) {
        let Member { me, key, executor, pool, committee, .. } = &mut self.members[at];
        let duties = executor.duties(*me).expect("store");
        let (undone, mut items) = pool.owed(&duties);
        for duty in undone {
            let Some(message) = executor.perform(duty, *me, key).expect("store") else { continue };
            let item = Upkeep::Beacon(message);
            if pool.offer(*me, item.clone()) {
                items.push(item);
            }
        }
        let cycle = committee.cycle();
        items.into_iter().for_each(|item| self.broadcast(at, &Message::Upkeep { cycle, item }));
    }

    fn carry_out(&mut self, at: usize, effect: Effect) {
        let now = self.now;
        let member = &mut self.members[at];
        match effect {
            Effect::Send(to, message) => self.send(at, to, message),
            Effect::Broadcast(message) => self.broadcast(at, &message),
            Effect::Arm(timer, after) => {
                member.timers.insert(timer, now + after.as_millis() as u64);
            }
            Effect::Entered { turn, .. } => member.timers.retain(|timer, _| !is_past(timer, turn)),
            Effect::Build(order) => {
                let upkeep = member.pool.candidates(order.height);
                let candidates = Candidates {
                    proposer: member.me,
                    now_ms: now,
                    upkeep,
                    lanes: Vec::new(),
                    txs: Vec::new(),
                };
                if let Some(built) = member.executor.build(&order, candidates).expect("store") {
                    member.pool.refuse(&built.refused_upkeep);
                    self.queue.push_back((at, Input::Built(built.block)));
                }
            }
            Effect::Execute { block, check } => {
                let clock = check.then_some(Clock { latest_ms: now + 1000 });
                let result = member.executor.execute(&block, clock).expect("store");
                self.queue.push_back((at, Input::Executed { block: block.hash(), result }));
            }
            Effect::Finalize(blocks) => {
                blocks.iter().for_each(|committed| member.pool.settle(&committed.block));
                member.executor.commit(blocks).expect("store");
                self.do_duties(at);
            }
            Effect::Began(committee) => {
                member.pool.begin(Arc::clone(&committee));
                member.committee = committee;
            }
            Effect::Upkeep(from, item) => {
                member.pool.offer(from, item);
            }
            Effect::Halt(reason) => panic!("member {at} halts: {reason}"),
            Effect::Persist(_) | Effect::Evidence(_) => {}
            // Nobody is ever behind by more than what is in memory.
            Effect::Serve(..) | Effect::ServeFinality(..) => {}
        }
    }
}

fn is_past(timer: &Timer, turn: Turn) -> bool {
    match timer {
        Timer::Proposal(of) | Timer::View(of) | Timer::Idle(of) | Timer::Resend(of) => *of < turn,
        Timer::Fetch(_) | Timer::Status | Timer::Relay(_) => false,
    }
}

/// Memory of this process that is in use, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn endure(blocks: u64, parameters: Parameters) -> Vec<usize> {
    let mut world = World::new(parameters);
    let began = Instant::now();
    let mut samples = Vec::new();
    for step in 1..=10 {
        world.run_to(blocks * step / 10);
        samples.push(resident());
        let elapsed = began.elapsed().as_secs();
        println!("height {}: {} KiB, {elapsed} s, at most {:?}", world.height(), resident(), world.most);
    }
    let Most { blocks, timers, upkeep, queue } = world.most;
    assert!(blocks <= 8, "{blocks} blocks held");
    assert!(timers <= 16, "{timers} timers");
    assert!(upkeep <= 64, "{upkeep} affairs of the ledger");
    assert!(queue <= 1024, "{queue} messages on their way");
    samples
}

#[test]
fn a_member_holds_no_more_after_a_thousand_blocks_than_after_a_few() {
    endure(1000, Parameters { cycle_blocks: 100, beacon_interval: 24, ..Parameters::default() });
}

#[test]
#[ignore = "takes long: see the head of this file"]
fn memory_does_not_grow_with_the_chain() {
    let blocks = std::env::var("BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(50_000);
    let samples = endure(blocks, Parameters::default());
    let (early, late) = (samples[1], samples[9]);
    // Committees of the past stay in the state, some hundred bytes a cycle.
    assert!(late < early + 16 * 1024, "{early} KiB after a fifth, {late} KiB at the end");
}
