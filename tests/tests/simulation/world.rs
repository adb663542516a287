//! A whole consortium in virtual time: machines, links, and the events between them, in order.

mod drive;
mod storm;

use std::{collections::BTreeMap, sync::Arc};

use galen_ledger::{
    MemberIndex,
    chain::{Genesis, Vote},
    consensus::{Effect, Input, Message, Record},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::{
    bugs::{Bug, Saboteur},
    byzantine::{Adversary, Kind, Mail, Scene},
    invariants::{Invariants, Watch},
    network::Network,
    node::{self, Memory, Node, key_of},
    scenario::{Joining, Scenario},
    trace::Trace,
};

/// Something that is going to happen.
enum Event {
    /// An input comes to a machine, if it still leads the life that it was meant for.
    Input(usize, u64, Box<Input>),
    /// A machine looks at what it owes.
    Duties(usize, u64),
    /// A machine starts again.
    Restart(usize),
    /// The weather changes.
    Weather,
}

/// Numbers for the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Crashes.
    pub crashes: usize,
    /// Of them, those because a disk failed.
    pub disks: usize,
    /// Times that the network parted.
    pub partitions: usize,
    /// Proofs against members.
    pub evidence: usize,
    /// Events.
    pub events: usize,
}

/// A consortium.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) invariants: Invariants,
    pub(super) counts: Counts,
    pub(super) trace: Trace,
    /// The time, in milliseconds.
    pub(super) now: u64,
    genesis: Arc<Genesis>,
    nodes: Vec<Node>,
    /// Of bad members, the actor before each machine.
    actors: Vec<Option<Box<dyn Adversary>>>,
    /// The bug that every honest member has.
    bug: Option<Bug>,
    saboteurs: Vec<Saboteur>,
    network: Network,
    stormy: bool,
    /// There is work until this height is reached.
    wanted: u64,
    /// Liveness is watched: the view after which something must become final.
    patience: Option<u64>,
    rng: ChaCha20Rng,
    queue: BTreeMap<(u64, u64), Event>,
    events: u64,
}

impl World {
    /// The consortium of a scenario, all machines started.
    pub fn new(scenario: Scenario, bug: Option<Bug>, watch: Watch) -> Self {
        let genesis = node::genesis(scenario.members, scenario.parameters);
        let mut invariants = Invariants::new(watch, scenario.bad.len());
        invariants.began(&Arc::new(genesis.committee()));
        let mut world = Self {
            invariants,
            counts: Counts::default(),
            trace: Trace::new(),
            now: 0,
            genesis,
            nodes: Vec::new(),
            actors: Vec::new(),
            bug,
            saboteurs: Vec::new(),
            network: Network::new(scenario.storm.links.clone(), 0),
            stormy: true,
            wanted: 0,
            patience: None,
            rng: ChaCha20Rng::seed_from_u64(scenario.seed ^ 0x5e_ed0f_70a7),
            queue: BTreeMap::new(),
            events: 0,
            scenario,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        for member in (0..self.scenario.members as u16).map(MemberIndex::new) {
            let kind = self.scenario.bad.iter().find(|(bad, _)| *bad == member).map(|(_, kind)| *kind);
            let machines = if kind == Some(Kind::Twins) { 2 } else { 1 };
            for _ in 0..machines {
                let mut keys = vec![key_of(member)];
                if self.scenario.joining == Joining::Rekeyed && member == MemberIndex::new(0) {
                    keys.push(key_of(MemberIndex::new(15)));
                }
                self.join(member, keys, kind.map(Kind::actor));
            }
        }
        if self.scenario.joining == Joining::Admitted {
            let newcomer = MemberIndex::new(self.scenario.members as u16);
            self.join(newcomer, vec![key_of(newcomer)], None);
        }
        self.schedule(1, Event::Weather);
    }

    fn join(
        &mut self,
        member: MemberIndex,
        keys: Vec<galen_ledger::crypto::SecretKey>,
        actor: Option<Box<dyn Adversary>>,
    ) {
        let endurance = self.endurance(actor.is_none());
        let (node, effects) = Node::new(&self.genesis, member, keys, self.scenario.votes, endurance);
        self.nodes.push(node);
        self.actors.push(actor);
        self.saboteurs.push(Saboteur::default());
        self.network.join();
        let at = self.nodes.len() - 1;
        self.apply(at, effects);
        self.do_duties(at);
    }

    fn is_honest(&self, at: usize) -> bool {
        self.actors[at].is_none()
    }

    fn schedule(&mut self, after: u64, event: Event) {
        self.events += 1;
        self.queue.insert((self.now + after, self.events), event);
    }

    fn input(&mut self, at: usize, after: u64, input: Input) {
        let life = self.nodes[at].life;
        self.schedule(after, Event::Input(at, life, Box::new(input)));
    }

    /// Lets the next thing happen. False when nothing ever will, or something did that must not.
    pub fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.queue.pop_first() else { return false };
        self.now = at;
        self.counts.events += 1;
        let lives = |node: &Node, life: u64| node.up && node.life == life;
        match event {
            Event::Input(at, life, input) if lives(&self.nodes[at], life) => self.take(at, *input),
            Event::Duties(at, life) if lives(&self.nodes[at], life) => self.do_duties(at),
            Event::Restart(at) => self.restart(at, Memory::All),
            Event::Weather if self.stormy => self.change_weather(),
            Event::Input(..) | Event::Duties(..) | Event::Weather => {}
        }
        self.invariants.violation().is_none()
    }

    /// A machine takes an input.
    fn take(&mut self, at: usize, input: Input) {
        self.trace.note(self.now, at, name(&input).as_bytes());
        if let Input::Message { message, .. } = &input {
            let message = message.clone();
            self.act(at, |actor, scene| actor.hear(scene, &message));
            if self.act_out(at, |actor, scene| actor.forgets(scene)) == Some(true) {
                self.nodes[at].stop();
                return self.restart(at, Memory::NoVotes);
            }
        }
        if self.bug.is_some() && self.is_honest(at) {
            self.saboteurs[at].hears(&input);
        }
        let effects = self.nodes[at].core.step(input);
        if self.is_honest(at) {
            self.invariants.stepped(&self.nodes[at]);
        }
        self.apply(at, effects);
    }

    /// Asks the actor of a bad member something.
    fn act_out<T>(
        &mut self,
        at: usize,
        ask: impl FnOnce(&mut dyn Adversary, &mut Scene<'_>) -> T,
    ) -> Option<T> {
        let mut actor = self.actors[at].take()?;
        let mut scene = Scene { node: &self.nodes[at], rng: &mut self.rng, now: self.now };
        let answer = ask(actor.as_mut(), &mut scene);
        self.actors[at] = Some(actor);
        Some(answer)
    }

    /// Lets the actor of a bad member send something.
    fn act(&mut self, at: usize, ask: impl FnOnce(&mut dyn Adversary, &mut Scene<'_>) -> Vec<Mail>) {
        for mail in self.act_out(at, ask).into_iter().flatten() {
            self.post(at, mail);
        }
    }

    /// A machine says something: an honest one as it is, a bad one through its actor.
    fn say(&mut self, at: usize, to: Vec<MemberIndex>, message: Message) {
        let mail = Mail::now(to, message);
        if !self.is_honest(at) {
            return self.act(at, |actor, scene| actor.send(scene, mail));
        }
        let votes: Vec<Vote> = match &mail.message {
            Message::Vote(vote) => vec![vote.clone()],
            Message::Bundle(bundle) => bundle.clone().into_votes().collect(),
            _ => Vec::new(),
        };
        for vote in votes.iter().filter(|vote| vote.voter == self.nodes[at].index) {
            self.invariants.votes(at, vote);
        }
        if let Message::Certificate(certificate) = &mail.message {
            self.invariants.certifies(certificate);
        }
        self.post(at, mail);
    }

    fn tell_all(&mut self, at: usize, message: Message) {
        let me = self.nodes[at].index;
        let committee = Arc::clone(self.nodes[at].core.committee());
        self.say(at, committee.members().filter(|to| *to != me).collect(), message);
    }

    /// Puts mail on the links. Twins both get what is for either.
    fn post(&mut self, at: usize, mail: Mail) {
        if let Message::Propose(proposal) = &mail.message {
            self.invariants.proposed(proposal);
        }
        let from = self.nodes[at].index;
        for to in 0..self.nodes.len() {
            if to == at || !mail.to.contains(&self.nodes[to].index) {
                continue;
            }
            for delay in self.network.arrivals(&mut self.rng, at, to) {
                let message = mail.message.clone();
                self.input(to, mail.after + delay, Input::Message { from, message });
            }
        }
    }

    fn restart(&mut self, at: usize, memory: Memory) {
        let torn = self.rng.gen_range(0..400);
        let endurance = self.endurance(self.is_honest(at));
        let effects = self.nodes[at].restart(torn, memory, endurance);
        if self.is_honest(at) {
            self.invariants.restarted(at, &self.nodes[at]);
            let votes = self.nodes[at].recovered.iter().cloned();
            let known: Vec<_> = votes.map(|vote| Effect::Persist(Record::Vote(vote))).collect();
            self.saboteurs[at].sees(&known);
        }
        self.apply(at, effects);
        if self.nodes[at].up {
            self.do_duties(at);
        }
    }

    /// The lowest height of an honest member; nothing if one is down.
    pub fn reached(&self) -> Option<u64> {
        let honest = (0..self.nodes.len()).filter(|at| self.is_honest(*at));
        let heights = honest.map(|at| self.nodes[at].up.then(|| self.nodes[at].core.tip().height.get()));
        heights.min().flatten()
    }

    /// Where the honest members are, for a report of a failure.
    pub fn places(&self) -> Vec<String> {
        let honest = (0..self.nodes.len()).filter(|at| self.is_honest(*at));
        let place = |node: &Node| {
            format!(
                "{}: height {} view {} up {}",
                node.index,
                node.core.tip().height,
                node.core.turn(),
                node.up
            )
        };
        honest.map(|at| place(&self.nodes[at])).collect()
    }
}

/// A word for the trace.
fn name(input: &Input) -> &'static str {
    match input {
        Input::Message { message, .. } => match message {
            Message::Propose(_) => "propose",
            Message::Vote(_) | Message::Bundle(_) => "vote",
            Message::Certificate(_) => "certificate",
            Message::Status(_) => "status",
            Message::Fetch(_) => "fetch",
            Message::Block(_) => "block",
            Message::Tx(_) => "tx",
            Message::FetchBlob(_) | Message::BlobChunk(_) | Message::NoBlob(_) => "blob",
            Message::FetchSnapshot(_) | Message::Snapshot(..) => "snapshot",
            Message::Upkeep { .. } => "upkeep",
            Message::Compact(_) | Message::MiniBlock(_) | Message::FetchMinis(_) | Message::Receipts(_) => {
                "lanes"
            }
        },
        Input::Timer(_) => "timer",
        Input::Built(_) => "built",
        Input::Executed { .. } => "executed",
        Input::Work(_) => "work",
    }
}

/// Whether an effect begins a cycle.
fn begins(effect: &Effect) -> bool {
    matches!(effect, Effect::Began(_))
}
