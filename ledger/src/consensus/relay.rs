//! How votes and certificates travel: a state machine around [`Core`], as pure as it is, that decides to whom the
//! core's broadcasts go.
//!
//! **Direct**, up to 31 members: votes go to all. A certificate of nullification too. Of a notarization everybody has the
//! votes already, and shows that it holds the certificate by its vote for finality; it is sent, a little later, to those
//! who do not show it. A certificate of finality is sent by the leaders of its view and the next.
//!
//! **Relayed**, above: the committee is cut into parts of about √n (`Parts`). A member sends its vote to the leader of
//! its part; the leader passes the votes of its part on to the other leaders in a [`Bundle`], when all are there or
//! soon after the first (Δ/16); leaders come to hold the certificate, and hand it to their parts. A member sends two
//! messages a block however many members there are, a leader about √n a vote. A phase takes three hops instead of one.
//!
//! **Falling back.** A leader is trusted with nothing but time: votes carry their signatures, and the core verifies them.
//! A member whose vote has come to nothing after Δ sends it to all, says to f + 1 members where it is, so that an honest
//! one answers with what it lacks, and votes directly for the next views, of which there are more each time. Leaders who hear a member of another part
//! directly hand it certificates meanwhile. What the core says again (its own resending) always goes to all.
//!
//! Nothing here matters for safety: it drops, delays and repeats messages, as a network may.

mod bundle;
mod certificates;
mod gather;
mod parts;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

pub use bundle::Bundle;
use parts::Parts;
use serde::{Deserialize, Serialize};

use super::{Core, Effect, Input, Message, Recovered, RelayTimer, Setup, Timer};
use crate::{
    chain::{Certificate, Committee, StatementKind, Vote, genesis::MAX_MEMBERS},
    types::{MemberIndex, Turn, View},
};

/// Up to so many members, votes go directly to all.
pub const DIRECT_MEMBERS: usize = 31;
/// After its leader has failed it, a member votes directly for so many views, and for twice as many each time that it
/// fails again …
const FIRST_DIRECT_VIEWS: u64 = 4;
/// … up to so many.
const MOST_DIRECT_VIEWS: u64 = 32;
/// Messages of the next cycle kept of one sender.
const EARLY_MESSAGES: usize = 4;
/// Votes for views further ahead are not passed on, as the core would drop them.
const VIEWS_AHEAD: u64 = 10;
/// Ticks of Δ/4 after which a vote should have come to something: Δ at least.
const TICKS_OF_A_VOTE: u8 = 5;

/// How votes travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoteRelay {
    /// Directly up to [`DIRECT_MEMBERS`], through leaders above.
    #[default]
    Auto,
    /// Directly to all: the fewest hops, and messages a block that grow with the square of the members.
    Direct,
    /// Through leaders however few members there are.
    Leaders,
}

impl VoteRelay {
    fn relays_among(self, members: usize) -> bool {
        match self {
            Self::Auto => members > DIRECT_MEMBERS,
            Self::Direct => false,
            Self::Leaders => true,
        }
    }
}

/// A vote of this member on its way.
#[derive(Debug)]
struct Handed {
    vote: Vote,
    /// It went to all, not to the leader.
    direct: bool,
    ticks: u8,
}

/// One member's part of the protocol, with the way its messages take. Used in place of the [`Core`].
#[derive(Debug)]
pub struct Relay {
    core: Core,
    me: MemberIndex,
    delta: Duration,
    setting: VoteRelay,
    committee: Arc<Committee>,
    /// While votes are relayed in this cycle.
    parts: Option<Parts>,
    handed: BTreeMap<(Turn, StatementKind), Handed>,
    /// Up to this view this member votes directly.
    direct_until: View,
    /// For so many views when its leader fails it the next time.
    direct_views: u64,
    gathered: BTreeMap<(Turn, StatementKind), gather::Gathering>,
    /// Members of one's part that were waited for in vain, and not heard of since.
    absent: BTreeSet<MemberIndex>,
    /// Whose votes have come in bundles: of each one of a kind in a view is passed to the core.
    unbundled: BTreeMap<(Turn, StatementKind), BTreeSet<MemberIndex>>,
    /// Members of other parts that are handed certificates, up to this view.
    orphans: BTreeMap<MemberIndex, View>,
    /// Who has shown that it holds the certificate of notarization of a view.
    shown: BTreeMap<View, BTreeSet<MemberIndex>>,
    to_show: BTreeMap<View, (Certificate, u8)>,
    finality: Option<Certificate>,
    early: BTreeMap<MemberIndex, VecDeque<Message>>,
    /// The same, of a cycle that has just begun.
    begun: BTreeMap<MemberIndex, VecDeque<Message>>,
    ticking: bool,
    out: Vec<Effect>,
}

/// What the core shows of itself.
impl Deref for Relay {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Relay {
    /// Takes up where the log ends, as [`Core::start`] does.
    pub fn start(setup: Setup, recovered: Recovered, setting: VoteRelay) -> (Self, Vec<Effect>) {
        let (me, delta, committee) = (setup.me, setup.timing.delta, Arc::clone(&setup.committee));
        let (core, effects) = Core::start(setup, recovered);
        let mut relay = Self {
            core,
            me,
            delta,
            setting,
            committee,
            parts: None,
            handed: BTreeMap::new(),
            direct_until: View::new(0),
            direct_views: FIRST_DIRECT_VIEWS,
            gathered: BTreeMap::new(),
            absent: BTreeSet::new(),
            unbundled: BTreeMap::new(),
            orphans: BTreeMap::new(),
            shown: BTreeMap::new(),
            to_show: BTreeMap::new(),
            finality: None,
            early: BTreeMap::new(),
            begun: BTreeMap::new(),
            ticking: false,
            out: Vec::new(),
        };
        relay.divide();
        effects.into_iter().for_each(|effect| relay.pass(effect));
        let out = std::mem::take(&mut relay.out);
        (relay, out)
    }

    /// Begins anew from what is known by other means, with the same setting, and gives the first effects.
    pub fn restart(&mut self, setup: Setup, recovered: Recovered) -> Vec<Effect> {
        let (relay, effects) = Self::start(setup, recovered, self.setting);
        *self = relay;
        effects
    }

    /// Reacts to an input, as [`Core::step`] does.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Timer(Timer::Relay(RelayTimer::Tick)) => self.tick(),
            Input::Timer(Timer::Relay(RelayTimer::Flush(turn, kind))) => self.flush_incomplete(turn, kind),
            Input::Timer(Timer::Status) => self.report(),
            Input::Message { from, message } => self.receive(from, message),
            other => self.feed(other),
        }
        // What came early for a cycle that has begun, after everything that its beginning brought.
        for (from, messages) in std::mem::take(&mut self.begun) {
            messages.into_iter().for_each(|message| self.receive(from, message));
        }
        std::mem::take(&mut self.out)
    }

    fn feed(&mut self, input: Input) {
        for effect in self.core.step(input) {
            self.pass(effect);
        }
    }

    fn receive(&mut self, from: MemberIndex, message: Message) {
        self.keep_early(from, &message);
        self.note_shown(from, &message);
        match message {
            Message::Bundle(bundle) => self.unbundle(from, bundle),
            // Members send their own votes; those of others come in bundles. Nobody has forgeries checked in bulk.
            Message::Vote(vote) if vote.voter != from => {}
            Message::Vote(vote) => {
                self.overhear(from, &vote);
                self.feed(Input::Message { from, message: Message::Vote(vote) });
            }
            message => self.feed(Input::Message { from, message }),
        }
    }

    /// Decides what becomes of an effect of the core.
    fn pass(&mut self, effect: Effect) {
        match effect {
            Effect::Broadcast(Message::Vote(vote)) if vote.voter == self.me => self.send_vote(vote),
            Effect::Broadcast(Message::Certificate(certificate)) => self.send_certificate(certificate),
            Effect::Broadcast(Message::Propose(proposal)) => self.send_proposal(proposal),
            Effect::Finalize(blocks) => {
                self.out.push(Effect::Finalize(blocks));
                self.forget();
            }
            Effect::Began(committee) => self.begin(committee),
            other => self.out.push(other),
        }
    }

    fn send(&mut self, to: MemberIndex, message: Message) {
        self.out.push(Effect::Send(to, message));
    }

    /// Whether this is a view that the core takes votes for.
    fn is_near(&self, turn: Turn) -> bool {
        let furthest = self.core.view().get().saturating_add(VIEWS_AHEAD);
        turn.cycle == self.committee.cycle()
            && turn.view > self.core.tip().view
            && turn.view.get() <= furthest
    }

    /// First to the leader of one's part; directly when that has not helped, or when it is said again.
    fn send_vote(&mut self, vote: Vote) {
        let key = (vote.turn(), vote.statement.kind());
        let leader = self.parts.as_ref().and_then(|parts| parts.leader_of(self.me));
        let Some(leader) = leader else { return self.out.push(Effect::Broadcast(Message::Vote(vote))) };
        let again = self.handed.contains_key(&key);
        let direct = again || vote.turn().view <= self.direct_until;
        self.handed.insert(key, Handed { vote: vote.clone(), direct, ticks: 0 });
        self.start_ticking();
        if direct {
            self.out.push(Effect::Broadcast(Message::Vote(vote.clone())));
        }
        if leader == self.me {
            self.gather(vote);
        } else if !direct {
            self.send(leader, Message::Vote(vote));
        }
    }

    fn start_ticking(&mut self) {
        if !self.ticking {
            self.ticking = true;
            self.out.push(Effect::Arm(Timer::Relay(RelayTimer::Tick), self.delta / 4));
        }
    }

    fn tick(&mut self) {
        self.ticking = false;
        self.show_certificates();
        self.fall_back();
        if !self.handed.is_empty() || !self.to_show.is_empty() {
            self.start_ticking();
        }
    }

    /// Sends to all what the leader has not brought to anything, and asks f + 1 members, in turn, for what is missing.
    fn fall_back(&mut self) {
        let core = &self.core;
        let mut relayed = false;
        self.handed.retain(|(turn, kind), handed| {
            let settled = core.is_settled(*turn, *kind);
            relayed |= settled && !handed.direct;
            !settled
        });
        if relayed {
            self.direct_views = FIRST_DIRECT_VIEWS;
        }
        let mut overdue = Vec::new();
        for handed in self.handed.values_mut() {
            handed.ticks = handed.ticks.saturating_add(1);
            if handed.ticks == TICKS_OF_A_VOTE {
                overdue.push((!handed.direct).then(|| handed.vote.clone()));
                handed.direct = true;
            }
        }
        if overdue.is_empty() {
            return;
        }
        self.direct_until = View::new(self.core.view().get().saturating_add(self.direct_views));
        self.direct_views = (2 * self.direct_views).min(MOST_DIRECT_VIEWS);
        for vote in overdue.into_iter().flatten() {
            self.out.push(Effect::Broadcast(Message::Vote(vote)));
        }
        self.tell(self.committee.faults() + 1);
    }

    /// Says to so many members, not always the same ones, where this one is; whoever knows more answers.
    fn tell(&mut self, count: usize) {
        let status = Message::Status(self.core.status());
        let turn = self.core.view().get().wrapping_add(u64::from(self.me.get()));
        let first = usize::try_from(turn % self.committee.size().max(1) as u64).unwrap_or(0);
        let mut others: Vec<_> = self.committee.members().collect();
        let first = first.min(others.len());
        others.rotate_left(first);
        let told: Vec<_> = others.into_iter().filter(|to| *to != self.me).take(count).collect();
        told.into_iter().for_each(|to| self.send(to, status.clone()));
    }

    /// What is said from time to time goes to as many members as there are leaders: to all, with their answers, it would
    /// be more than all votes.
    fn report(&mut self) {
        let few = self.parts.as_ref().map(|parts| parts.leaders().count());
        for effect in self.core.step(Input::Timer(Timer::Status)) {
            match (effect, few) {
                (Effect::Broadcast(Message::Status(_)), Some(few)) => self.tell(few),
                (effect, _) => self.pass(effect),
            }
        }
    }

    /// Who relays in the committee of the cycle.
    fn divide(&mut self) {
        let relays = self.setting.relays_among(self.committee.size()) && self.committee.contains(self.me);
        self.parts = relays.then(|| Parts::of(&self.committee));
    }

    /// The next cycle: whoever still needs the last block's certificate of finality gets it once more from everybody, as
    /// nobody can begin without it.
    fn begin(&mut self, committee: Arc<Committee>) {
        if let Some(finality) = self.finality.take().filter(|_| self.committee.contains(self.me)) {
            self.out.push(Effect::Broadcast(Message::Certificate(finality)));
        }
        self.committee = Arc::clone(&committee);
        self.out.push(Effect::Began(committee));
        self.handed.clear();
        self.direct_until = View::new(0);
        self.direct_views = FIRST_DIRECT_VIEWS;
        self.gathered.clear();
        self.absent.clear();
        self.unbundled.clear();
        self.orphans.clear();
        self.shown.clear();
        self.to_show.clear();
        self.divide();
        self.begun = std::mem::take(&mut self.early);
    }

    /// Keeps what the leader of a part is sent before it has begun the cycle. The core keeps its own share of it.
    fn keep_early(&mut self, from: MemberIndex, message: &Message) {
        let relayed = matches!(message, Message::Vote(_) | Message::Bundle(_));
        let next = message.cycle() == Some(self.committee.cycle().next());
        let room = self.early.contains_key(&from) || self.early.len() < MAX_MEMBERS;
        if self.parts.is_none() || !relayed || !next || !room {
            return;
        }
        let early = self.early.entry(from).or_default();
        if early.len() >= EARLY_MESSAGES {
            early.pop_front();
        }
        early.push_back(message.clone());
    }

    /// Drops what the newest final block has decided.
    fn forget(&mut self) {
        let (cycle, tip) = (self.committee.cycle(), self.core.tip().view);
        let alive = |turn: &Turn| turn.cycle == cycle && turn.view > tip;
        self.gathered.retain(|(turn, _), _| alive(turn));
        self.unbundled.retain(|(turn, _), _| alive(turn));
        self.orphans.retain(|_, until| *until > tip);
        self.shown = self.shown.split_off(&tip.next());
    }
}
