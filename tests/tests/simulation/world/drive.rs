//! Carrying out what a core wants: the part of a node's driver, with crashes in the middle.

use std::sync::Arc;

use galen_ledger::{
    Height,
    chain::{Upkeep, Vote},
    consensus::{BuildOrder, Committed, Effect, Input, Message, Record, core::CATCH_UP_BLOCKS},
    execution::executor::{Candidates, Clock},
    types::Turn,
};
use rand::Rng;

use super::{Event, World, begins};
use crate::{
    bugs::{Bug, Extra},
    invariants::Watch,
    network::chance,
    node::{DELTA, DiskFailed, Refused},
};

impl World {
    /// Makes durable, then does, what a core wants; or crashes on the way.
    pub(super) fn apply(&mut self, at: usize, effects: Vec<Effect>) {
        let first_sent = self.bug == Some(Bug::SentBeforeDurable) && self.is_honest(at);
        let crash = self.crashes(at, effects.iter().any(begins));
        if self.nodes[at].write(&effects).is_err() {
            return self.loses_disk(at);
        }
        if crash && chance(&mut self.rng, 0.5) && !first_sent {
            return self.crash(at);
        }
        if !first_sent && self.sync(at, &effects).is_err() {
            return self.loses_disk(at);
        }
        let until = if crash { self.rng.gen_range(0..=effects.len()) } else { effects.len() };
        let (life, written) = (self.nodes[at].life, effects.clone());
        for effect in effects.into_iter().take(until) {
            self.carry_out(at, effect);
            if self.nodes[at].life != life {
                return;
            }
        }
        if crash {
            return self.crash(at);
        }
        if first_sent && self.sync(at, &written).is_err() {
            return self.loses_disk(at);
        }
        self.sabotage(at, &written);
        self.offer_work(at);
    }

    fn sync(&mut self, at: usize, effects: &[Effect]) -> Result<(), DiskFailed> {
        self.nodes[at].sync()?;
        if !self.is_honest(at) {
            return Ok(());
        }
        for effect in effects {
            if let Effect::Persist(Record::Vote(vote)) = effect {
                self.invariants.persisted(at, vote);
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, at: usize, effect: Effect) {
        match effect {
            Effect::Persist(_) => {}
            Effect::Entered { turn, .. } => self.entered(at, turn),
            Effect::Send(to, message) => self.say(at, vec![to], message),
            Effect::Broadcast(message) => self.tell_all(at, message),
            Effect::Arm(timer, after) => {
                let after = u64::try_from(after.as_millis()).expect("short");
                self.input(at, after, Input::Timer(timer));
            }
            Effect::Build(order) => self.build(at, &order),
            Effect::Execute { block, check } => {
                let clock = check.then_some(Clock { latest_ms: self.now + DELTA });
                let node = &mut self.nodes[at];
                let result = node.executor.execute(&block, clock).expect("the state is there");
                if let Ok(executed) = &result {
                    node.outcomes.insert(block.hash(), executed.outcome.hash());
                }
                let delay = self.rng.gen_range(1..20);
                self.input(at, delay, Input::Executed { block: block.hash(), result });
            }
            Effect::Finalize(blocks) => self.finalize(at, blocks),
            Effect::Began(committee) => {
                let node = &mut self.nodes[at];
                let same = node.executor.committee() == committee;
                node.pool.begin(Arc::clone(&committee));
                node.committee = committee;
                if self.is_honest(at) {
                    self.invariants.began(&self.nodes[at].committee);
                }
                if !same && self.is_honest(at) {
                    self.invariants.violate("a cycle begins with another committee than was elected");
                }
            }
            Effect::ServeFinality(to, after) => {
                let schedule = self.genesis.schedule();
                let last = schedule.last(schedule.cycle(after.next()));
                let step = Height::new(after.get() + CATCH_UP_BLOCKS).min(last);
                let found = self.nodes[at].journal.finality(step, last).expect("the log reads");
                if let Some(certificate) = found {
                    self.say(at, vec![to], Message::Certificate(certificate));
                }
            }
            Effect::Serve(to, block) => {
                let journal = &self.nodes[at].journal;
                let found =
                    journal.height_of(&block).map(|height| journal.block(height).expect("the log reads"));
                if let Some((block, _)) = found.flatten() {
                    self.say(at, vec![to], Message::Block(Arc::new(block)));
                }
            }
            Effect::Upkeep(from, item) => drop(self.nodes[at].pool.offer(from, item)),
            Effect::Evidence(evidence) => {
                self.counts.evidence += 1;
                if self.scenario.bad.iter().all(|(bad, _)| *bad != evidence.accused()) {
                    let accused = format!("an honest member is accused: {evidence:?}");
                    self.invariants.note(Watch::Wire, Some(accused));
                }
                if self.nodes[at].pool.keep_evidence(evidence.clone()) {
                    self.tell_upkeep(at, Upkeep::Evidence(evidence));
                }
            }
            Effect::Halt(reason) if self.is_honest(at) => {
                self.invariants.violate(format!("{} halts: {reason}", self.nodes[at].index));
            }
            Effect::Halt(_) => self.nodes[at].stop(),
        }
    }

    fn build(&mut self, at: usize, order: &BuildOrder) {
        let node = &mut self.nodes[at];
        let tx = format!("nonce {} {} {at}", order.view, self.events);
        let candidates = Candidates {
            proposer: node.index,
            now_ms: self.now,
            upkeep: node.pool.candidates(order.height),
            lanes: Vec::new(),
            txs: vec![tx.into_bytes().into()],
        };
        if let Some(built) = node.executor.build(order, candidates).expect("the state is there") {
            node.pool.refuse(&built.refused_upkeep);
            self.input(at, 5, Input::Built(built.block));
        }
    }

    fn finalize(&mut self, at: usize, blocks: Vec<Committed>) {
        for committed in &blocks {
            self.trace.note(self.now, at, committed.block.hash().as_bytes());
        }
        let honest = self.is_honest(at);
        if honest {
            self.invariants.finalized(self.nodes[at].index, &blocks);
            self.is_patient(at);
        }
        match self.nodes[at].commit(blocks) {
            Ok(()) => {
                let life = self.nodes[at].life;
                self.schedule(1, Event::Duties(at, life));
            }
            Err(Refused::Disk) => self.loses_disk(at),
            Err(Refused::State(error)) if honest => {
                self.invariants.violate(format!("the state refuses a final block: {error}"))
            }
            Err(Refused::State(_)) => self.nodes[at].stop(),
        }
    }

    /// Something is final: the next has 2(f + 1) views.
    fn is_patient(&mut self, at: usize) {
        if let Some(patience) = &mut self.patience {
            *patience = (*patience).max(self.nodes[at].core.view().get());
        }
    }

    fn entered(&mut self, at: usize, turn: Turn) {
        let members = self.nodes[at].core.committee().size() as u64;
        let most = 2 * ((members - 1) / 3 + 1);
        let Some(patience) = self.patience.filter(|_| self.is_honest(at)) else { return };
        // A view is entered before the one that it follows can be final.
        let late = turn.view.get() > patience + most + 1;
        let late = late.then(|| format!("no block is final from view {patience} to {}", turn.view));
        self.invariants.note(Watch::All, late);
    }

    pub(super) fn do_duties(&mut self, at: usize) {
        for item in self.nodes[at].do_duties() {
            self.tell_upkeep(at, item);
        }
    }

    pub(super) fn tell_upkeep(&mut self, at: usize, item: Upkeep) {
        let cycle = self.nodes[at].committee.cycle();
        self.tell_all(at, Message::Upkeep { cycle, item });
    }

    pub(super) fn offer_work(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let work = node.core.tip().height.get() < self.wanted;
        let effects = node.core.step(Input::Work(work));
        if !effects.is_empty() {
            self.apply(at, effects);
        }
    }

    /// Does what a broken core would have done besides.
    fn sabotage(&mut self, at: usize, effects: &[Effect]) {
        let Some(bug) = self.bug.filter(|_| self.is_honest(at)) else { return };
        self.saboteurs[at].sees(effects);
        let extra = self.saboteurs[at].extra(bug, &self.nodes[at], &self.genesis, self.now);
        for extra in extra {
            let from = self.nodes[at].index;
            let message = match extra {
                Extra::Certificate(certificate) => Message::Certificate(certificate),
                Extra::Vote(statement) => {
                    let node = &self.nodes[at];
                    let Some(key) = node.key() else { continue };
                    let vote = Vote::sign(statement, from, &node.core.committee().scope(), &key);
                    let record = Effect::Persist(Record::Vote(vote.clone()));
                    let record = std::slice::from_ref(&record);
                    let written = self.nodes[at].write(record).and_then(|()| self.sync(at, record));
                    if written.is_err() {
                        return self.loses_disk(at);
                    }
                    self.saboteurs[at].sees(record);
                    self.tell_all(at, Message::Vote(vote.clone()));
                    Message::Vote(vote)
                }
            };
            self.input(at, 0, Input::Message { from, message });
        }
    }
}
