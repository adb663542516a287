//! Members in one event loop under a virtual clock: every message takes the same time, work takes none. What it tells
//! is hops, messages and bytes, the same in every run.

use std::{collections::BTreeMap, time::Duration};

use galen_ledger::{
    MemberIndex,
    codec::Encode,
    consensus::{Effect, Input, Message, Relay, VoteRelay},
};

use super::world::{World, number, outcome};

/// Time that a message takes.
pub const LINK: Duration = Duration::from_millis(50);
/// Blocks before what is counted.
const WARM_UP: u64 = 4;

/// Averages over some blocks.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Between blocks, milliseconds.
    pub interval_ms: f64,
    /// From the making of a block to its finality at all members, milliseconds: the mean over members and blocks.
    pub finality_ms: f64,
    /// Messages that a member sends for a block, on average over members.
    pub messages: f64,
    /// Of the member that sends most.
    pub most_messages: f64,
    /// Bytes of them, on average.
    pub bytes: f64,
}

struct Network {
    world: World,
    members: Vec<Relay>,
    queue: BTreeMap<(u64, u64), (usize, Input)>,
    now: u64,
    next: u64,
    sent: Vec<(u64, u64)>,
    /// Ages of blocks at their finality, by height.
    finals: BTreeMap<u64, Vec<u64>>,
    /// When blocks were made, by height.
    made: BTreeMap<u64, u64>,
}

/// Runs members until all have so many blocks.
///
/// # Panics
/// When nothing happens any more, or a member halts.
pub fn run(members: u8, votes: VoteRelay, blocks: u64) -> Costs {
    let mut network = Network {
        world: World::new(members, Duration::from_secs(1)),
        members: Vec::new(),
        queue: BTreeMap::new(),
        now: 0,
        next: 0,
        sent: vec![(0, 0); members.into()],
        finals: BTreeMap::new(),
        made: BTreeMap::new(),
    };
    for member in 0..usize::from(members) {
        let (core, effects) = network.world.start(member, network.world.fresh(), votes);
        network.members.push(core);
        network.apply(member, effects);
    }
    for member in 0..network.members.len() {
        network.step(member, Input::Work(true));
    }
    network.run_to(WARM_UP);
    network.sent.iter_mut().for_each(|sent| *sent = (0, 0));
    network.run_to(WARM_UP + blocks);
    network.costs(blocks)
}

impl Network {
    fn run_to(&mut self, height: u64) {
        while self.members.iter().any(|member| member.tip().height.get() < height) {
            let ((at, _), (member, input)) = self.queue.pop_first().expect("something is on the way");
            self.now = at;
            self.step(member, input);
        }
    }

    fn step(&mut self, member: usize, input: Input) {
        if let Some(core) = self.members.get_mut(member) {
            let effects = core.step(input);
            self.apply(member, effects);
        }
    }

    fn later(&mut self, after: u64, member: usize, input: Input) {
        self.next += 1;
        self.queue.insert((self.now + after, self.next), (member, input));
    }

    fn send(&mut self, from: usize, to: usize, message: &Message, bytes: usize) {
        if let Some(sent) = self.sent.get_mut(from) {
            *sent = (sent.0 + 1, sent.1 + bytes as u64);
        }
        let from = (0..).map(MemberIndex::new).nth(from).unwrap_or_default();
        let link = u64::try_from(LINK.as_millis()).unwrap_or(u64::MAX);
        self.later(link, to, Input::Message { from, message: message.clone() });
    }

    fn apply(&mut self, member: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(to, message) => {
                    self.send(member, to.at(), &message, message.to_bytes().len());
                }
                Effect::Broadcast(message) => {
                    let (bytes, all) = (message.to_bytes().len(), self.world.keys.len());
                    (0..all).filter(|to| *to != member).for_each(|to| self.send(member, to, &message, bytes));
                }
                Effect::Arm(timer, after) => {
                    let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    self.later(after, member, Input::Timer(timer));
                }
                Effect::Build(order) => {
                    let block = self.world.build(member, &order, self.now);
                    self.made.insert(block.header.height.get(), self.now);
                    self.step(member, Input::Built(block));
                }
                Effect::Execute { block, .. } => {
                    let result = Ok(outcome().into());
                    self.step(member, Input::Executed { block: block.hash(), result });
                }
                Effect::Finalize(blocks) => {
                    for committed in blocks {
                        let age = self.now - number(&committed.block);
                        self.finals.entry(committed.block.header.height.get()).or_default().push(age);
                    }
                }
                Effect::Halt(reason) => panic!("member {member} halts: {reason}"),
                _ => {}
            }
        }
    }

    fn costs(&self, blocks: u64) -> Costs {
        let counted = WARM_UP + 1..=WARM_UP + blocks;
        let made = |height: u64| self.made.get(&height).copied().unwrap_or_default() as f64;
        let ages: Vec<f64> =
            self.finals.range(counted).flat_map(|(_, ages)| ages).map(|age| *age as f64).collect();
        let per_block = |sum: u64| sum as f64 / blocks as f64;
        let members = self.sent.len() as f64;
        Costs {
            interval_ms: (made(WARM_UP + blocks) - made(WARM_UP)) / blocks as f64,
            finality_ms: ages.iter().sum::<f64>() / ages.len().max(1) as f64,
            messages: per_block(self.sent.iter().map(|sent| sent.0).sum()) / members,
            most_messages: per_block(self.sent.iter().map(|sent| sent.0).max().unwrap_or(0)),
            bytes: per_block(self.sent.iter().map(|sent| sent.1).sum()) / members,
        }
    }
}
