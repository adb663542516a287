//! A core with its log and sign state, in a world that may say anything to it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, LazyLock},
    time::Duration,
};

use galen_ledger::{
    Height, MemberIndex, View,
    chain::{Block, Certificate, Committee, Outcome, Parameters, Seat, Statement, Upkeep, Vote},
    consensus::{
        BuildOrder, Committed, Core, Effect, Executed, Input, Message, Proposal, Record, Rejection, Setup,
        Timer, Timing, message::Status,
    },
    crypto::{Scope, Signature},
    election::Election,
    storage::{Journal, MemoryStorage, SignFile},
    types::{BlockHash, Cycle, Turn},
};

use super::{
    event::{Event, Kind, NOW},
    oath::Oath,
};
use crate::fuzz::world::{World, member, outcome};

/// The member that is played with.
pub const ME: MemberIndex = MemberIndex::new(0);

static WORLD: LazyLock<World> =
    LazyLock::new(|| World::with(Parameters { cycle_blocks: 3, ..World::parameters() }));
static UPKEEP: LazyLock<Vec<Upkeep>> = LazyLock::new(|| WORLD.upkeep());
static SAID: LazyLock<Vec<Message>> = LazyLock::new(|| WORLD.messages());

/// What becomes of the next reaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is carried out.
    Done,
    /// It becomes durable, and nothing else.
    Written,
    /// Nothing of it is left.
    Lost,
}

/// The play.
pub struct Play {
    core: Core,
    journal: Journal,
    sign_file: SignFile,
    log: MemoryStorage,
    signs: MemoryStorage,
    oath: Oath,
    /// The committee of the block after the newest final one.
    committee: Arc<Committee>,
    /// All blocks there are, the newest last.
    blocks: Vec<Arc<Block>>,
    /// What a block gives when it is executed, always the same.
    results: BTreeMap<BlockHash, Executed>,
    executing: VecDeque<Arc<Block>>,
    orders: VecDeque<BuildOrder>,
    timers: VecDeque<Timer>,
    turn: Turn,
    fate: Fate,
    halted: bool,
    seen: BTreeSet<&'static str>,
}

fn timing() -> Timing {
    Timing { delta: Duration::from_secs(1), max_delta: Duration::from_secs(8) }
}

/// Opens the log, as a node does when it starts.
fn open(
    log: &MemoryStorage,
    signs: &MemoryStorage,
    committee: &Arc<Committee>,
) -> (Core, Journal, SignFile, Vec<Effect>) {
    let (sign_file, signed) = SignFile::open(Box::new(signs.clone())).expect("the sign state opens");
    let (journal, recovered) =
        Journal::open(Box::new(log.clone()), &WORLD.genesis, outcome(0), signed).expect("the log opens");
    let setup = Setup {
        genesis: Arc::clone(&WORLD.genesis),
        committee: Arc::clone(committee),
        me: ME,
        keys: vec![WORLD.keys[0].clone()],
        timing: timing(),
    };
    let (core, effects) = Core::start(setup, recovered);
    (core, journal, sign_file, effects)
}

impl Play {
    /// At the genesis.
    pub fn new() -> Self {
        let (log, signs) = (MemoryStorage::new(), MemoryStorage::new());
        let committee = Arc::clone(&WORLD.committee);
        let (core, journal, sign_file, effects) = open(&log, &signs, &committee);
        let turn = core.turn();
        let mut play = Self {
            core,
            journal,
            sign_file,
            log,
            signs,
            oath: Oath::default(),
            committee,
            blocks: Vec::new(),
            results: BTreeMap::new(),
            executing: VecDeque::new(),
            orders: VecDeque::new(),
            timers: VecDeque::new(),
            turn,
            fate: Fate::Done,
            halted: false,
            seen: BTreeSet::new(),
        };
        play.apply(effects);
        play
    }

    /// Lets something happen.
    pub fn happen(&mut self, event: Event) {
        match event.kind {
            Kind::Crash => return self.crash(),
            Kind::Torn => self.fate = if event.is(1) { Fate::Lost } else { Fate::Written },
            _ => {}
        }
        let Some(input) = self.input(event) else { return };
        let effects = self.core.step(input);
        assert!(!self.halted || effects.is_empty(), "it goes on after it stopped");
        assert!(self.core.turn() >= self.turn, "it went back to {:?} from {:?}", self.core.turn(), self.turn);
        self.turn = self.core.turn();
        self.apply(effects);
    }

    fn input(&mut self, event: Event) -> Option<Input> {
        let message = match event.kind {
            Kind::Propose => Message::Propose(self.proposal(event)?),
            Kind::Certificate => Message::Certificate(self.certificate(event)),
            Kind::Vote => Message::Vote(self.vote(event)),
            Kind::Body => Message::Block(self.block(event.which)?),
            Kind::Status => Message::Status(self.status(event)),
            Kind::Fetch => Message::Fetch(self.block(event.which)?.hash()),
            Kind::Upkeep => {
                let item = UPKEEP.get(event.which % UPKEEP.len()).cloned()?;
                Message::Upkeep { cycle: self.cycle(event), item }
            }
            Kind::Said => SAID.get(event.which % SAID.len()).cloned()?,
            Kind::Executed => return self.executed(event),
            Kind::Timer => return self.timer(event),
            Kind::Work => return Some(Input::Work(!event.is(1))),
            Kind::Built => return self.built(event),
            Kind::Crash | Kind::Torn => return None,
        };
        Some(Input::Message { from: member(u16::from(event.more >> 4) % 6 + 1), message })
    }

    /// A block, counted from the newest.
    fn block(&self, which: usize) -> Option<Arc<Block>> {
        let last = self.blocks.len().checked_sub(1)?;
        self.blocks.get(last - which % self.blocks.len()).cloned()
    }

    fn now(&self, event: Event) -> View {
        View::new(self.core.view().get().saturating_add_signed(event.views()))
    }

    /// Mostly the present one.
    fn cycle(&self, event: Event) -> Cycle {
        let cycle = self.core.turn().cycle;
        if event.more & 0x0c == 0x0c { cycle.next() } else { cycle }
    }

    fn scope(&self, event: Event) -> Scope {
        Scope { chain_id: WORLD.genesis.chain_id(), cycle: self.cycle(event) }
    }

    /// Of the leader, on the newest block or another, or that block again.
    fn proposal(&mut self, event: Event) -> Option<Proposal> {
        let view = self.now(event);
        let leader = self.core.committee().leader(view)?;
        // Never with this member's own key: that it knows what it has proposed is a condition, not a claim.
        let signer = if event.is(1) || leader == ME { 3 } else { leader.at() };
        let block = if event.more & 1 == 0 { self.make(view, event) } else { self.block(event.which)? };
        Some(Proposal::sign(view, block, &self.scope(event), WORLD.keys.get(signer)?))
    }

    fn make(&mut self, view: View, event: Event) -> Arc<Block> {
        let genesis = (WORLD.genesis.block_hash(), View::new(0), Height::new(0));
        let parent = self.block(event.which).filter(|_| event.more & 2 == 0);
        let parent = parent.map_or(genesis, |block| (block.hash(), block.header.view, block.header.height));
        let tx = vec![event.more, u8::try_from(self.blocks.len()).unwrap_or(0)];
        let mut block = WORLD.block(view.get(), parent.2.get() + 1, (parent.0, parent.1.get()), vec![tx]);
        block.header.cycle = self.cycle(event);
        block.header.proposer = self.core.committee().leader(view).unwrap_or(ME);
        if event.is(2) {
            block.header.height = Height::new(u64::from(event.more));
        }
        let block = Arc::new(block);
        self.blocks.push(Arc::clone(&block));
        block
    }

    fn result(&mut self, block: &Block, event: Event) -> Executed {
        let last = WORLD.genesis.schedule().is_last(block.header.height);
        let next = last.then(|| self.next_committee(block, event));
        let executed = Executed { outcome: outcome(1), next };
        self.results.entry(block.hash()).or_insert(executed).clone()
    }

    /// With all members, without this one, or in another order.
    fn next_committee(&self, block: &Block, event: Event) -> Arc<Committee> {
        let scope = Scope { chain_id: WORLD.genesis.chain_id(), cycle: block.header.cycle.next() };
        let seats = WORLD.committee.seats().iter().copied();
        let seats: Vec<Seat> = seats.filter(|seat| event.more & 3 != 1 || seat.member != ME).collect();
        let mut order: Vec<_> = seats.iter().map(|seat| seat.member).collect();
        if event.more & 3 == 2 {
            order.reverse();
        }
        Arc::new(Committee::new(scope, block.header.view, seats, Election::unshuffled(order, 1)))
    }

    fn executed(&mut self, event: Event) -> Option<Input> {
        let block = self.executing.remove(event.which % self.executing.len().max(1))?;
        let rejected = event.how % 4 == 3 && !self.results.contains_key(&block.hash());
        let result = if rejected { Err(Rejection("no good".into())) } else { Ok(self.result(&block, event)) };
        Some(Input::Executed { block: block.hash(), result })
    }

    fn timer(&mut self, event: Event) -> Option<Input> {
        let timer = self.timers.remove(event.which % self.timers.len().max(1))?;
        Some(Input::Timer(timer))
    }

    /// A node builds what was ordered, and perhaps late.
    fn built(&mut self, event: Event) -> Option<Input> {
        let order = self.orders.remove(event.which % self.orders.len().max(1))?;
        let known = self.blocks.iter().find(|block| block.hash() == order.parent);
        let parent_view = known.map_or(View::new(0), |block| block.header.view);
        let tx = vec![event.more];
        let mut block = WORLD.block(
            order.view.get(),
            order.height.get() + 1,
            (order.parent, parent_view.get()),
            vec![tx],
        );
        block.header.cycle = self.core.turn().cycle;
        block.header.proposer = ME;
        let block = Arc::new(block);
        self.blocks.push(Arc::clone(&block));
        Some(Input::Built(block))
    }

    fn statement(&self, event: Event) -> Statement {
        let block = self.block(event.which);
        let now = self.now(event);
        let own = block.as_ref().map_or(now, |block| block.header.view);
        let hash = block.map_or_else(|| WORLD.genesis.block_hash(), |block| block.hash());
        let view = if event.is(NOW) { now } else { own };
        match event.how & 3 {
            1 => Statement::Nullify { view: now },
            2 => Statement::Finalize { view, block: hash, outcome: outcome(1).hash() },
            3 => Statement::Finalize { view, block: hash, outcome: outcome(2).hash() },
            _ => Statement::Notarize { view, block: hash },
        }
    }

    fn vote(&self, event: Event) -> Vote {
        let voter = u16::from(event.more & 3) % 3 + 1;
        let mut vote = Vote::sign(
            self.statement(event),
            member(voter),
            &self.scope(event),
            &WORLD.keys[usize::from(voter)],
        );
        if event.more & 0xf0 == 0xf0 {
            vote.signature = Signature::from_bytes([7; 64]);
        }
        vote
    }

    /// Of members 1 to 3; or without one of them, with this one in its place, or of one alone.
    fn certificate(&self, event: Event) -> Certificate {
        let signers: &[u16] = [&[1, 2, 3][..], &[0, 1, 2], &[0, 1, 2, 3], &[3]][usize::from(event.more & 3)];
        let (scope, statement) = (self.scope(event), self.statement(event));
        let signed = signers.iter().map(|signer| {
            let vote = Vote::sign(statement, member(*signer), &scope, &WORLD.keys[usize::from(*signer)]);
            (vote.voter, vote.signature)
        });
        Certificate::new(scope.cycle, statement, signed)
    }

    fn status(&self, event: Event) -> Status {
        let far = |byte: u8| if byte == 0xff { u64::MAX } else { u64::from(byte) };
        Status {
            turn: Turn { cycle: self.cycle(event), view: self.now(event) },
            height: Height::new(far(event.how)),
            finalized: View::new(far(event.more)),
            missing_from: View::new(u64::try_from(event.which).map_or(0, |which| which / 2)),
        }
    }

    /// What a node does with effects: first makes durable what must be, then the rest in order.
    fn apply(&mut self, effects: Vec<Effect>) {
        assert!(effects.len() < 1000, "{} effects of one input", effects.len());
        let fate = std::mem::replace(&mut self.fate, Fate::Done);
        if fate == Fate::Lost {
            return self.crash();
        }
        for effect in &effects {
            if let Effect::Persist(record) = effect {
                self.persist(record);
            }
        }
        self.journal.sync().expect("memory");
        self.sign_file.write(self.core.sign_state()).expect("memory");
        if fate == Fate::Written {
            return self.crash();
        }
        effects.into_iter().for_each(|effect| self.carry_out(effect));
    }

    fn persist(&mut self, record: &Record) {
        self.journal.persist(record).expect("memory");
        self.oath.persisted(record);
    }

    fn carry_out(&mut self, effect: Effect) {
        self.oath.sent(&effect, self.core.committee());
        match effect {
            Effect::Arm(timer, after) => {
                assert!(after <= timing().max_delta * 8, "waits for {after:?}");
                self.timers.push_back(timer);
            }
            Effect::Build(order) => self.orders.push_back(order),
            Effect::Execute { block, .. } => self.executing.push_back(block),
            Effect::Finalize(committed) => committed.iter().for_each(|committed| self.finalize(committed)),
            Effect::Began(committee) => {
                assert_eq!(committee, self.committee, "another committee than the last block gave");
                self.seen.insert("a cycle");
            }
            Effect::Evidence(_) => drop(self.seen.insert("evidence")),
            Effect::Upkeep(..) => drop(self.seen.insert("upkeep")),
            Effect::Serve(..) => drop(self.seen.insert("a block")),
            Effect::ServeFinality(..) => drop(self.seen.insert("finality")),
            Effect::Send(_, Message::Fetch(_)) => drop(self.seen.insert("fetch")),
            Effect::Halt(reason) => {
                self.halted = true;
                self.seen.insert(if reason.contains("forks") {
                    "forked"
                } else if reason.contains("another outcome") {
                    "other outcome"
                } else {
                    "stopped"
                });
            }
            Effect::Persist(_) | Effect::Send(..) | Effect::Broadcast(_) | Effect::Entered { .. } => {}
        }
    }

    /// The log refuses what does not follow.
    fn finalize(&mut self, committed: &Committed) {
        self.journal.finalize(committed).expect("a final block follows the one before, and is in the log");
        let hash = committed.block.hash();
        let given: Option<Outcome> = self.results.get(&hash).map(|executed| executed.outcome);
        assert_eq!(given, Some(committed.outcome), "final with another outcome than it gave");
        if let Some(next) = self.results.get(&hash).and_then(|executed| executed.next.clone()) {
            self.committee = next;
        }
    }

    /// What is in memory is lost.
    fn crash(&mut self) {
        self.seen.insert("a crash");
        let (core, journal, sign_file, effects) = open(&self.log, &self.signs, &self.committee);
        (self.core, self.journal, self.sign_file) = (core, journal, sign_file);
        self.turn = self.core.turn();
        self.executing.clear();
        self.orders.clear();
        self.timers.clear();
        self.fate = Fate::Done;
        self.halted = false;
        self.apply(effects);
    }

    /// How far it came, roughly.
    pub fn way(&self) -> String {
        let turn = self.core.turn();
        let height = self.journal.height().get().min(12);
        let views = turn.view.get().min(15);
        format!("cycle {} view {views} height {height} {} {:?}", turn.cycle, self.oath.way(), self.seen)
    }
}
