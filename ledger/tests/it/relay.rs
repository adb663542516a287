//! Votes relayed through the leaders of parts: forty members in memory, in virtual time, with real signatures and
//! encodings; leaders that are silent, alter, withhold or repeat.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use galen_ledger::{
    Height, MemberIndex, View,
    chain::{Block, Genesis, Header, Parameters, Statement, Vote, block::tx_root, upkeep::upkeep_root},
    codec::{Decode, Encode},
    consensus::{
        BuildOrder, Bundle, Effect, Input, Message, Recovered, Relay, Setup, Timing, Tip, VoteRelay,
    },
    types::{BlockHash, TxHash},
};

use crate::rules::{outcome, world_with};

const HOP_MS: u64 = 50;
const DELTA_MS: u64 = 1000;

/// What a member's link makes of a message: what is sent instead, and how late besides.
type Mangle = Box<dyn Fn(usize, usize, &Message) -> Vec<(Message, u64)>>;

struct Net {
    genesis: Arc<Genesis>,
    members: Vec<Relay>,
    queue: BTreeMap<(u64, u64), (usize, Input)>,
    now: u64,
    next: u64,
    wanted: u64,
    mangle: Mangle,
    /// Of each member, frames sent and their bytes.
    sent: Vec<(u64, u64)>,
    /// Bundles delivered.
    bundles: u64,
    chain: BTreeMap<Height, BlockHash>,
    built: BTreeMap<BlockHash, View>,
}

fn as_it_is(_: usize, _: usize, message: &Message) -> Vec<(Message, u64)> {
    vec![(message.clone(), 0)]
}

impl Net {
    fn new(members: u8, groups: u16, setting: VoteRelay, mangle: Mangle) -> Self {
        let parameters = Parameters { groups, ..Parameters::default() };
        let (genesis, keys) = world_with(members, parameters);
        let mut net = Self {
            genesis: Arc::clone(&genesis),
            members: Vec::new(),
            queue: BTreeMap::new(),
            now: 0,
            next: 0,
            wanted: 0,
            mangle,
            sent: vec![(0, 0); usize::from(members)],
            bundles: 0,
            chain: BTreeMap::new(),
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
                    (0..self.members.len()).filter(|to| *to != at).for_each(|to| self.send(at, to, &message));
                }
                Effect::Arm(timer, after) => self.later(after.as_millis() as u64, at, Input::Timer(timer)),
                Effect::Build(order) => {
                    let block = self.build(at, &order);
                    self.later(0, at, Input::Built(block));
                }
                Effect::Execute { block, .. } => {
                    let result = Ok(outcome(0).into());
                    self.later(0, at, Input::Executed { block: block.hash(), result });
                }
                Effect::Finalize(blocks) => {
                    for committed in blocks {
                        let (height, hash) = (committed.block.header.height, committed.block.hash());
                        assert_eq!(*self.chain.entry(height).or_insert(hash), hash, "a fork");
                    }
                }
                Effect::Halt(reason) => panic!("member {at} halts: {reason}"),
                _ => {}
            }
        }
    }

    fn build(&mut self, at: usize, order: &BuildOrder) -> Arc<Block> {
        let cycle = self.members[at].core().committee().cycle();
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
        };
        self.built.insert(header.hash(), order.view);
        Arc::new(Block { header, upkeep: vec![], txs })
    }

    /// Runs until those who are heard have this height; gives the time that it took.
    fn run(&mut self, height: u64, limit: u64, watched: impl Fn(usize) -> bool) -> u64 {
        let began = self.now;
        self.wanted = height;
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
    fn frames(&self, blocks: u64) -> (f64, f64) {
        let all: Vec<_> = self.sent.iter().map(|(frames, _)| *frames as f64 / blocks as f64).collect();
        (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
    }
}

/// The first of each group: those who lead.
fn leaders(net: &Net) -> BTreeSet<usize> {
    let committee = net.genesis.committee();
    committee.election().groups.iter().filter_map(|group| group.first()).map(|leader| leader.at()).collect()
}

fn firsts() -> BTreeSet<usize> {
    leaders(&Net::new(40, 6, VoteRelay::Direct, Box::new(as_it_is)))
}

#[test]
fn relayed_votes_make_blocks_with_messages_that_do_not_grow_with_the_members() {
    let mut averages = Vec::new();
    for (members, groups) in [(40, 6), (70, 8), (100, 10)] {
        let mut net = Net::new(members, groups, VoteRelay::Auto, Box::new(as_it_is));
        net.run(5, 60_000, |_| true);
        net.sent.iter_mut().for_each(|sent| *sent = (0, 0));
        let took = net.run(25, 60_000, |_| true);
        let (average, most) = net.frames(20);
        println!("n = {members}: {average:.1} frames a block a member, at most {most:.1}; {} ms a block", took / 20);
        assert!(net.bundles > 0, "nothing was relayed: the test tests nothing");
        assert!(took / 20 <= 4 * HOP_MS + 10, "four hops a block: {took} ms for 20");
        let root = f64::from(members).sqrt();
        assert!(most < 5.0 * root + 2.0 * f64::from(members) / 20.0 + 4.0, "a leader: {most}");
        averages.push(average);
    }
    assert!(averages[2] < 10.0 && averages[2] < averages[0] * 1.15, "it grows: {averages:?}");
    let mut direct = Net::new(40, 6, VoteRelay::Direct, Box::new(as_it_is));
    let took = direct.run(20, 60_000, |_| true);
    let (average, _) = direct.frames(20);
    println!("n = 40, direct: {average:.1} frames a block a member, {} ms a block", took / 20);
    assert!(average > 8.0 * averages[0]);
    assert!(took / 20 <= 2 * HOP_MS + 10, "two hops a block: {took} ms for 20");
}

#[test]
fn with_all_leaders_silent_members_fall_back_and_go_on() {
    let silent = firsts();
    assert!(silent.len() <= 13, "more than f");
    let quiet = silent.clone();
    let mangle: Mangle = Box::new(move |from, to, message| {
        if quiet.contains(&from) { Vec::new() } else { as_it_is(from, to, message) }
    });
    let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
    let took = net.run(30, 200_000, |at| !silent.contains(&at));
    assert_eq!(net.bundles, 0, "somebody relays");
    // All but the turns of the silent, and the few votes that were relayed in vain, take two hops.
    println!("30 blocks in {took} ms of virtual time with {} of 40 silent", silent.len());
    assert!(took < 60 * DELTA_MS, "{took}");
}

#[test]
fn with_a_leader_silent_its_part_is_handed_certificates_by_others() {
    let silent = *firsts().first().expect("there are leaders");
    let mangle: Mangle = Box::new(move |from, to, message| {
        if from == silent { Vec::new() } else { as_it_is(from, to, message) }
    });
    let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
    net.run(30, 100_000, |at| at != silent);
    assert!(net.bundles > 0, "the others relay no more");
}

/// Changes the signatures of what a leader bundles.
fn altered(bundle: &Bundle) -> Message {
    let votes = bundle.clone().into_votes().map(|vote| {
        let other = MemberIndex::new(vote.voter.get() ^ 1);
        let signature = bundle.clone().into_votes().find(|vote| vote.voter == other);
        Vote { signature: signature.map_or(vote.signature, |vote| vote.signature), ..vote }
    });
    Message::Bundle(Bundle::new(&votes.collect::<Vec<_>>()).expect("as many votes"))
}

#[test]
fn leaders_that_alter_withhold_or_repeat_votes_cost_time_at_most() {
    let bad = firsts();
    for (name, all) in [("alter", true), ("withhold", true), ("repeat", true), ("alter", false)] {
        let bad: BTreeSet<_> = if all { bad.clone() } else { bad.iter().copied().take(2).collect() };
        let set = bad.clone();
        let mangle: Mangle = Box::new(move |from, to, message| match message {
            Message::Bundle(bundle) if set.contains(&from) => match name {
                "alter" => vec![(altered(bundle), 0)],
                "withhold" => Vec::new(),
                _ => (0..5).map(|copy| (message.clone(), copy * 3)).collect(),
            },
            _ => as_it_is(from, to, message),
        });
        let mut net = Net::new(40, 6, VoteRelay::Auto, mangle);
        let took = net.run(12, 200_000, |_| true);
        println!("{} leaders {name}: 12 blocks in {took} ms of virtual time", bad.len());
        if name == "repeat" {
            assert!(took <= 12 * (4 * HOP_MS + 10) + 8 * HOP_MS, "repeating costs time: {took}");
        }
    }
}

/// Bundles are taken only from leaders, of their own members, one vote of a kind and member in a view.
#[test]
fn bundles_of_others_or_for_others_change_nothing() {
    let (_, keys) = world_with(40, Parameters::default());
    let mut net = Net::new(40, 6, VoteRelay::Auto, Box::new(as_it_is));
    let committee = net.genesis.committee();
    let groups = committee.election().groups.clone();
    let (leader, other) = (groups[0][0].at(), groups[1][0]);
    let statement = Statement::Nullify { view: View::new(1) };
    let vote = |member: MemberIndex| Vote::sign(statement, member, &committee.scope(), &keys[member.at()]);
    let bundle = |members: &[MemberIndex]| {
        Message::Bundle(Bundle::new(&members.iter().map(|member| vote(*member)).collect::<Vec<_>>()).expect("votes"))
    };
    let quorum: Vec<_> = committee.members().take(committee.quorum()).collect();
    let of = |from: MemberIndex, members: &[MemberIndex]| Input::Message { from, message: bundle(members) };
    for (from, members) in
        [(groups[1][1], &groups[1][..]), (other, &groups[2][..]), (other, &quorum[..]), (groups[0][1], &groups[0][..])]
    {
        assert_eq!(net.members[leader].step(of(from, members)), [], "from {from}");
        assert_eq!(net.members[leader].view(), View::new(1));
    }
    // The true ones make the quorum.
    for group in &groups[1..] {
        net.members[leader].step(of(group[0], group));
    }
    assert_eq!(net.members[leader].view(), View::new(2));
}
