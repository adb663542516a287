//! The state of one member, and its reaction to inputs.

mod cycle;
mod propose;
mod receive;
mod recover;
mod settle;
mod sync;
mod vote;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    Effect, Executed, Input, Message, Record, Rejection, SignState, Timer, Timing,
    view::{ViewState, Views},
};
use crate::{
    chain::{Block, Certificate, Committee, Evidence, Genesis, Outcome, StatementKind},
    crypto::SecretKey,
    types::{BlockHash, Height, MemberIndex, Turn, View},
};

pub use recover::Recovered;

/// Votes for views further ahead than this are dropped before their signature is checked.
pub(crate) const VIEWS_AHEAD: u64 = 10;
/// A member that is further behind than so many blocks catches up in steps of so many: it holds no more in memory.
pub const CATCH_UP_BLOCKS: u64 = 64;

/// Who a member is.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The chain.
    pub genesis: Arc<Genesis>,
    /// The committee of the cycle of the block after the newest final one.
    pub committee: Arc<Committee>,
    /// Which member this is. Without a seat in the committee it follows, and says nothing of its own.
    pub me: MemberIndex,
    /// Its voting keys: more than one while they change. In each cycle it uses the one that the committee knows.
    pub keys: Vec<SecretKey>,
    /// How long it waits.
    pub timing: Timing,
}

impl Setup {
    /// The key with which this member votes in a committee, if it has a seat.
    fn key_in(&self, committee: &Committee) -> Option<SecretKey> {
        let seated = committee.key(self.me)?;
        self.keys.iter().find(|key| key.public() == *seated).cloned()
    }
}

/// The newest final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: Height,
    /// The view in which it was first proposed.
    pub view: View,
    /// Its name.
    pub block: BlockHash,
    /// What executing it gave.
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    Held,
    /// With or without checking the transactions.
    Executing {
        check: bool,
    },
    Executed(Executed),
    Rejected(Rejection),
}

#[derive(Clone, Debug)]
struct Entry {
    block: Arc<Block>,
    progress: Progress,
    /// Its transactions were checked here, or came from here.
    checked: bool,
    /// A quorum vouches for it.
    certified: bool,
    durable: bool,
}

/// One member's part of the protocol.
#[derive(Debug)]
pub struct Core {
    setup: Setup,
    committee: Arc<Committee>,
    /// The key for this cycle; none without a seat.
    key: Option<SecretKey>,
    sign_state: SignState,
    view: View,
    tip: Tip,
    /// The newest certificate of finality that was applied.
    finality: Option<Certificate>,
    /// The newest certificate of finality, if its block or its ancestors are still on the way.
    pending_finality: Option<Certificate>,
    /// An older one on the way there, which can be reached without holding all blocks at once.
    step: Option<Certificate>,
    /// Whom the last certificate of finality came from.
    source: Option<MemberIndex>,
    views: Views,
    blocks: BTreeMap<BlockHash, Entry>,
    /// Blocks asked for, and how often.
    fetching: BTreeMap<BlockHash, usize>,
    /// Messages of the next cycle that came before it began here; a few of each sender.
    early: BTreeMap<MemberIndex, VecDeque<Message>>,
    /// Nodes without a seat that asked, and how high the chain was then.
    followers: BTreeMap<MemberIndex, Height>,
    /// How far others say they are.
    heard: BTreeMap<MemberIndex, Height>,
    work: bool,
    /// Something notarized has waited for finality too long: make a block on top of it.
    unfinished: bool,
    /// Whether the current view has lasted long enough for finality of what came before it.
    waited: bool,
    /// Whether the timers of the current view run.
    active: bool,
    /// The view a block was ordered for.
    ordered: View,
    delta: Duration,
    nullified_in_a_row: u32,
    halted: bool,
    effects: Vec<Effect>,
}

impl Core {
    /// The current view.
    pub fn view(&self) -> View {
        self.view
    }

    /// The current view, and its cycle.
    pub fn turn(&self) -> Turn {
        Turn { cycle: self.committee.cycle(), view: self.view }
    }

    /// The committee of the current cycle.
    pub fn committee(&self) -> &Arc<Committee> {
        &self.committee
    }

    /// Whether this member has a vote in the current cycle.
    pub fn has_seat(&self) -> bool {
        self.key.is_some()
    }

    /// The newest final block.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// What was signed last, to be kept in a file before anything is sent.
    pub fn sign_state(&self) -> &SignState {
        &self.sign_state
    }

    /// Whether it knows that blocks are final which it has not got, or not executed, yet.
    pub fn is_behind(&self) -> bool {
        self.pending_finality.is_some()
    }

    /// Blocks held that are not final: bounded by what honest members notarize, and by pending fetches.
    pub fn held(&self) -> usize {
        self.blocks.len()
    }

    /// Whether votes of a kind in a view have come to something: the view is over, or for finality, something at least as
    /// new is final or on the way.
    pub fn is_settled(&self, turn: Turn, kind: StatementKind) -> bool {
        let view = turn.view;
        if turn.cycle != self.committee.cycle() || view <= self.tip.view {
            return true;
        }
        match kind {
            StatementKind::Finalize => {
                self.pending_finality.as_ref().is_some_and(|pending| pending.turn().view >= view)
            }
            StatementKind::Notarize | StatementKind::Nullify => {
                self.views.get(&view).is_some_and(|state| state.is_over())
            }
        }
    }

    /// A block that is held and not final.
    pub fn block(&self, hash: &BlockHash) -> Option<&Arc<Block>> {
        self.blocks.get(hash).map(|entry| &entry.block)
    }

    /// Whether a block is known to be notarized in a view that is not final.
    pub fn is_notarized(&self, view: View) -> bool {
        self.views.get(&view).is_some_and(|state| state.notarized().is_some())
    }

    /// Views of which anything is known: those that are not final, and what is near or certified after them.
    pub fn open_views(&self) -> usize {
        self.views.len()
    }

    /// Reacts to an input.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        if self.halted {
            return Vec::new();
        }
        match input {
            Input::Message { from, message } => self.receive(from, message),
            Input::Timer(timer) => self.fire(timer),
            Input::Built(block) => self.propose(block),
            Input::Executed { block, result } => self.executed(block, result),
            Input::Work(work) => self.work = work,
        }
        self.settle();
        std::mem::take(&mut self.effects)
    }

    /// Applies the rules until none has anything more to do.
    fn settle(&mut self) {
        while self.finalize() || (!self.halted && self.enter_view()) {}
        if self.halted {
            return;
        }
        self.execute_certified();
        self.execute_proposal();
        self.vote_finalize();
        self.vote_notarize();
        self.nullify_rejected();
        // Own votes may have completed certificates (a consortium of one decides alone).
        if self.finalize() || (!self.halted && self.enter_view()) {
            return self.settle();
        }
        self.activate();
        self.order_block();
    }

    fn executed(&mut self, block: BlockHash, result: Result<Executed, Rejection>) {
        let Some(entry) = self.blocks.get_mut(&block) else { return };
        let checking = entry.progress == Progress::Executing { check: true };
        match result {
            Ok(executed) => {
                entry.checked |= checking;
                entry.progress = Progress::Executed(executed);
            }
            // What a quorum vouches for must execute; only the checks may depend on this member's clock.
            Err(rejection) if entry.certified && !checking => {
                self.halt(format!("block {block} is notarized, but cannot be executed: {rejection}"));
            }
            Err(rejection) => entry.progress = Progress::Rejected(rejection),
        }
    }

    fn fire(&mut self, timer: Timer) {
        let now = self.turn();
        match timer {
            Timer::Proposal(turn) if turn == now && !self.is_proposed() => self.give_up(),
            Timer::View(turn) if turn == now => self.give_up(),
            Timer::Idle(turn) if turn == now => self.waited = true,
            Timer::Resend(turn) if turn == now && self.active => self.resend(),
            Timer::Fetch(block) => self.fetch_again(block),
            Timer::Status => self.report_status(),
            Timer::Proposal(_) | Timer::View(_) | Timer::Idle(_) | Timer::Resend(_) | Timer::Relay(_) => {}
        }
    }

    /// Whether there is something to make a block for. The last block of a cycle has no successor in it: all that
    /// can be done is to propose it again, when it has waited for finality too long.
    fn has_work(&self) -> bool {
        self.unfinished || (self.work && !self.is_ending())
    }

    fn is_proposed(&self) -> bool {
        self.views.get(&self.view).is_some_and(|state| state.proposal.is_some())
    }

    /// Whether f + 1 members have given up the view: one of them is honest, and has something to make a block for that
    /// this member may never hear of. Without its help a quorum might never leave the view.
    fn is_left_by_others(&self) -> bool {
        self.views.get(&self.view).is_some_and(|state| state.given_up() > self.committee.faults())
    }

    /// Whether there is a reason not to let the view last.
    fn has_cause(&self) -> bool {
        self.has_work() || self.is_proposed() || self.is_left_by_others()
    }

    /// The time is over; but a view in which there is nothing to do may last.
    fn give_up(&mut self) {
        if self.has_cause() {
            self.nullify();
        } else {
            self.active = false;
        }
    }

    /// Starts the timers of the view when there is something to do in it. What was notarized may be known only after
    /// the view has lasted a while.
    fn activate(&mut self) {
        self.unfinished |= self.waited && self.views.values().any(|state| state.notarization.is_some());
        if self.active || !self.has_cause() {
            return;
        }
        self.active = true;
        let turn = self.turn();
        self.arm(Timer::Proposal(turn), 2);
        self.arm(Timer::View(turn), 3);
        self.arm(Timer::Resend(turn), 4);
    }

    fn enter_view(&mut self) -> bool {
        let over = self.views.range(self.view..).rev().find(|(_, state)| state.is_over());
        let finality = self.pending_finality.as_ref().map_or(self.tip.view, |c| c.statement().view());
        let next = over.map_or(self.view, |(view, _)| view.next()).max(finality.next());
        if next <= self.view {
            return false;
        }
        let nullified = over.is_some_and(|(_, state)| state.notarization.is_none());
        self.view = next;
        self.active = false;
        self.waited = false;
        self.pace(nullified);
        let turn = self.turn();
        self.effects.push(Effect::Entered { turn, nullified });
        self.arm(Timer::Idle(turn), 1);
        true
    }

    /// Doubles Δ after two nullified views.
    fn pace(&mut self, nullified: bool) {
        self.nullified_in_a_row = if nullified { self.nullified_in_a_row + 1 } else { 0 };
        if self.nullified_in_a_row >= 2 {
            self.nullified_in_a_row = 0;
            self.delta = (self.delta * 2).min(self.setup.timing.max_delta);
        }
    }

    fn arm(&mut self, timer: Timer, deltas: u32) {
        self.effects.push(Effect::Arm(timer, self.delta * deltas));
    }

    fn broadcast(&mut self, message: Message) {
        self.effects.push(Effect::Broadcast(message));
    }

    fn persist(&mut self, record: Record) {
        self.effects.push(Effect::Persist(record));
    }

    fn accuse(&mut self, evidence: Evidence) {
        self.effects.push(Effect::Evidence(evidence));
    }

    fn halt(&mut self, reason: String) {
        self.halted = true;
        self.effects.push(Effect::Halt(reason));
    }

    /// Outcome of the tip or of an executed block.
    fn outcome_of(&self, block: &BlockHash) -> Option<Outcome> {
        if *block == self.tip.block {
            return Some(self.tip.outcome);
        }
        match &self.blocks.get(block)?.progress {
            Progress::Executed(executed) => Some(executed.outcome),
            _ => None,
        }
    }
}
