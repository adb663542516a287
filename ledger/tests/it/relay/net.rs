//! Members in memory under a virtual clock.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use galen_ledger::{
    Height, MemberIndex, View,
    chain::{
        Block, Certificate, Committee, Genesis, Header, Parameters, Seat, block::tx_root, upkeep::upkeep_root,
    },
    codec::{Decode, Encode},
    consensus::{
        BuildOrder, Committed, Effect, Executed, Input, Message, Recovered, Relay, Setup, Timing, Tip,
        VoteRelay, core::CATCH_UP_BLOCKS,
    },
    credit::Credit,
    crypto::Scope,
    election::{Election, seed},
    types::{BlockHash, Cycle, TxHash},
};

use crate::rules::{outcome, world_with};

pub const HOP_MS: u64 = 50;
pub const DELTA_MS: u64 = 1000;

/// What a member's link makes of a message: what is sent instead, and how late besides.
pub type Mangle = Box<dyn Fn(usize, usize, &Message) -> Vec<(Message, u64)>>;

pub struct Net {
    pub genesis: Arc<Genesis>,
    pub members: Vec<Relay>,
    queue: BTreeMap<(u64, u64), (usize, Input)>,
    now: u64,
    next: u64,
    mangle: Mangle,
    /// Of each member, frames sent and their bytes.
    pub sent: Vec<(u64, u64)>,
    /// Votes that went to all.
    pub direct: u64,
    /// Bundles delivered.
    pub bundles: u64,
    chain: BTreeMap<Height, BlockHash>,
    /// Final blocks, which every member serves once it has them.
    finals: BTreeMap<BlockHash, Arc<Block>>,
    certificates: BTreeMap<Height, Certificate>,
    built: BTreeMap<BlockHash, View>,
}

/// Who leads in a later cycle.
pub fn elected(genesis: &Genesis, cycle: Cycle) -> Election {
    let committee = genesis.committee();
    let standing: Vec<_> = committee.members().map(|member| (member, Credit::default(), false)).collect();
    Election::draw(&seed(&genesis.chain_id(), cycle, None), &standing, genesis.parameters.groups.into())
}

pub fn as_it_is(_: usize, _: usize, message: &Message) -> Vec<(Message, u64)> {
    vec![(message.clone(), 0)]
}

impl Net {
    pub fn new(members: u8, groups: u16, setting: VoteRelay, mangle: Mangle) -> Self {
        Self::with(members, Parameters { groups, ..Parameters::default() }, setting, mangle)
    }

    pub fn with(members: u8, parameters: Parameters, setting: VoteRelay, mangle: Mangle) -> Self {
        let (genesis, keys) = world_with(members, parameters);
        let mut net = Self {
            genesis: Arc::clone(&genesis),
            members: Vec::new(),
            queue: BTreeMap::new(),
            now: 0,
            next: 0,
            mangle,
            sent: vec![(0, 0); usize::from(members)],
            direct: 0,
            bundles: 0,
            chain: BTreeMap::new(),
            finals: BTreeMap::new(),
            certificates: BTreeMap::new(),
            built: BTreeMap::new(),
        };
        let tip = Tip {
            height: Height::new(0),
            view: View::new(0),
            block: genesis.block_hash(),
            outcome: outcome(0),
        };
        let delta = Duration::from_millis(DELTA_MS);
        for (me, key) in (0..).map(MemberIndex::new).zip(keys) {
            let setup = Setup {
                genesis: Arc::clone(&genesis),
                committee: Arc::new(genesis.committee()),
                me,
                keys: vec![key],
                timing: Timing { delta, max_delta: delta * 8 },
            };
            let (relay, effects) = Relay::start(setup, Recovered::fresh(tip), setting);
            net.members.push(relay);
            net.apply(me.at(), effects);
        }
        net
    }

    fn later(&mut self, after: u64, at: usize, input: Input) {
        self.next += 1;
        self.queue.insert((self.now + after, self.next), (at, input));
    }

    fn send(&mut self, from: usize, to: usize, message: &Message) {
        let bytes = message.to_bytes();
        self.sent[from].0 += 1;
        self.sent[from].1 += bytes.len() as u64;
        for (message, late) in (self.mangle)(from, to, message) {
            self.bundles += u64::from(matches!(message, Message::Bundle(_)));
            let read = Message::from_bytes(&message.to_bytes()).expect("own encoding");
            assert_eq!(read, message);
            let from = MemberIndex::new(from as u16);
            self.later(HOP_MS + late, to, Input::Message { from, message: read });
        }
    }

    fn apply(&mut self, at: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(to, message) => self.send(at, to.at(), &message),
                Effect::Broadcast(message) => {
                    self.direct += u64::from(matches!(message, Message::Vote(_)));
                    (0..self.members.len()).filter(|to| *to != at).for_each(|to| self.send(at, to, &message));
                }
                Effect::Arm(timer, after) => self.later(after.as_millis() as u64, at, Input::Timer(timer)),
                Effect::Build(order) => {
                    let block = self.build(at, &order);
                    self.later(0, at, Input::Built(block));
                }
                Effect::Execute { block, .. } => {
                    let result = Ok(Executed { outcome: outcome(0), next: self.next_committee(&block) });
                    self.later(0, at, Input::Executed { block: block.hash(), result });
                }
                Effect::Finalize(blocks) => blocks.into_iter().for_each(|committed| self.keep(committed)),
                Effect::Serve(to, block) => self.serve(at, to, &block),
                Effect::ServeFinality(to, after) => self.serve_finality(at, to, after),
                Effect::Halt(reason) => panic!("member {at} halts: {reason}"),
                _ => {}
            }
        }
    }

    fn keep(&mut self, committed: Committed) {
        let (height, hash) = (committed.block.header.height, committed.block.hash());
        assert_eq!(*self.chain.entry(height).or_insert(hash), hash, "a fork");
        self.finals.insert(hash, committed.block);
        self.certificates.extend(committed.certificate.map(|certificate| (height, certificate)));
    }

    fn serve(&mut self, at: usize, to: MemberIndex, block: &BlockHash) {
        let tip = self.members[at].tip().height;
        if let Some(block) = self.finals.get(block).filter(|block| block.header.height <= tip) {
            let message = Message::Block(Arc::clone(block));
            self.send(at, to.at(), &message);
        }
    }

    fn serve_finality(&mut self, at: usize, to: MemberIndex, after: Height) {
        let (schedule, tip) = (self.genesis.schedule(), self.members[at].tip().height);
        let last = schedule.last(schedule.cycle(after.next()));
        let step = Height::new(after.get() + CATCH_UP_BLOCKS).min(last);
        if let Some((_, certificate)) = self.certificates.range(step..=last.min(tip).max(step)).next() {
            let message = Message::Certificate(certificate.clone());
            self.send(at, to.at(), &message);
        }
    }

    /// After the last block of a cycle: the same members in newly drawn groups.
    fn next_committee(&self, block: &Block) -> Option<Arc<Committee>> {
        let genesis = &self.genesis;
        let header = &block.header;
        if !genesis.schedule().is_last(header.height) {
            return None;
        }
        let scope = Scope { chain_id: genesis.chain_id(), cycle: header.cycle.next() };
        let seats: Vec<Seat> = genesis.committee().seats().to_vec();
        let election = elected(genesis, scope.cycle);
        Some(Arc::new(Committee::new(scope, header.view, seats, election)))
    }

    fn build(&mut self, at: usize, order: &BuildOrder) -> Arc<Block> {
        let cycle = self.members[at].committee().cycle();
        let txs = vec![format!("block of view {}", order.view).into_bytes()];
        let hashes: Vec<_> = txs.iter().map(|tx| TxHash::of(tx)).collect();
        let parent_view = self.built.get(&order.parent).copied().unwrap_or(View::new(0));
        let header = Header {
            chain_id: self.genesis.chain_id(),
            cycle,
            height: order.height.next(),
            view: order.view,
            proposer: MemberIndex::new(at as u16),
            parent: order.parent,
            parent_view,
            time_ms: self.now,
            parent_outcome: outcome(0),
            tx_root: tx_root(&hashes),
            upkeep_root: upkeep_root(&[]),
            lanes_root: galen_ledger::lanes::lanes_root(&[]),
        };
        self.built.insert(header.hash(), order.view);
        Arc::new(Block { header, upkeep: vec![], lanes: vec![], txs })
    }

    /// Runs until those who are heard have this height; gives the time that it took.
    pub fn run(&mut self, height: u64, limit: u64, watched: impl Fn(usize) -> bool) -> u64 {
        let began = self.now;
        for at in 0..self.members.len() {
            let effects = self.members[at].step(Input::Work(true));
            self.apply(at, effects);
        }
        let reached = |net: &Self| {
            (0..net.members.len())
                .filter(|at| watched(*at))
                .all(|at| net.members[at].tip().height.get() >= height)
        };
        while !reached(self) {
            let ((at, _), (member, input)) = self.queue.pop_first().expect("something is on the way");
            self.now = at;
            let heights = || self.members.iter().map(|member| member.tip().height.get()).collect::<Vec<_>>();
            assert!(self.now - began < limit, "stuck at {:?}", heights());
            let effects = self.members[member].step(input);
            self.apply(member, effects);
        }
        self.now - began
    }

    /// Frames a block that a member sent: on average, and the most.
    pub fn frames(&self, blocks: u64) -> (f64, f64) {
        let all: Vec<_> = self.sent.iter().map(|(frames, _)| *frames as f64 / blocks as f64).collect();
        (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
    }
}
