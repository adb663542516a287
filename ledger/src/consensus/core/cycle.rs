//! The end of a cycle and the beginning of the next. The argument is in [`crate::consensus`].

use std::{collections::VecDeque, sync::Arc};

use super::Core;
use crate::{
    chain::{Block, Committee},
    consensus::{Effect, Message, Timer},
    types::{BlockHash, MemberIndex, View},
};

/// Messages of the next cycle kept of one sender: enough for a view.
const EARLY_MESSAGES: usize = 8;
/// Proposals, which are large, kept of all senders together.
const EARLY_PROPOSALS: usize = 8;
/// Of those who are in a later cycle so many are asked for what has been missed.
const ASKED_WHEN_EARLY: usize = 3;

impl Core {
    /// Whether this is the last block of the current cycle.
    pub(super) fn is_last(&self, block: &Block) -> bool {
        let header = &block.header;
        header.cycle == self.committee.cycle() && self.setup.genesis.schedule().is_last(header.height)
    }

    /// The last block of the cycle, if it is notarized and held, and what R2 allows to propose on is nothing else.
    pub(super) fn last_block(&self) -> Option<Arc<Block>> {
        let (hash, _) = self.base_for(self.view)?;
        let block = &self.blocks.get(&hash)?.block;
        self.is_last(block).then(|| Arc::clone(block))
    }

    /// Whether nothing is left to do in this cycle but to make its last block final.
    pub(super) fn is_ending(&self) -> bool {
        self.last_block().is_some()
    }

    /// R2 for a block that is proposed again: it is notarized in an earlier view, and every view between was nullified.
    pub(super) fn continues_notarized(&self, hash: &BlockHash, block: &Block, view: View) -> bool {
        if !self.is_last(block) || view <= block.header.view {
            return false;
        }
        let earlier = self.views.range(block.header.view..view);
        let notarized = earlier.rev().find(|(_, state)| state.notarized() == Some(*hash));
        notarized.is_some_and(|(of, _)| self.all_nullified_between(*of, view))
    }

    /// Begins the next cycle, its predecessor's last block being final. What was said in the old one is of no use any
    /// more: whoever still needs it gets the certificate of the last block.
    pub(super) fn begin_cycle(&mut self, committee: Arc<Committee>) {
        self.key = self.setup.key_in(&committee);
        self.view = committee.base().next();
        self.ordered = committee.base();
        self.committee = committee;
        self.pending_finality = None;
        self.step = None;
        self.source = None;
        self.views.clear();
        self.blocks.clear();
        self.fetching.clear();
        self.active = false;
        self.waited = false;
        self.nullified_in_a_row = 0;
        self.effects.push(Effect::Began(Arc::clone(&self.committee)));
        let turn = self.turn();
        self.effects.push(Effect::Entered { turn, nullified: false });
        self.arm(Timer::Idle(turn), 1);
        for (from, messages) in std::mem::take(&mut self.early) {
            for message in messages {
                self.receive(from, message);
            }
        }
    }

    /// Sorts out what is not of the current cycle, before any signature is checked. What is of the next is kept, and a
    /// few of its senders are asked for what this member has missed.
    pub(super) fn is_current(&mut self, from: MemberIndex, message: &Message) -> bool {
        let Some(cycle) = message.cycle() else { return true };
        let current = self.committee.cycle();
        if cycle > current && !self.early.contains_key(&from) && self.early.len() < ASKED_WHEN_EARLY {
            let status = self.status();
            self.effects.push(Effect::Send(from, Message::Status(status)));
        }
        if cycle > current {
            let proposals = self.early.values().flatten().filter(|kept| is_proposal(kept)).count();
            let early = self.early.entry(from).or_default();
            let room = !is_proposal(message) || proposals < EARLY_PROPOSALS;
            if cycle == current.next() && room && !matches!(message, Message::Upkeep { .. }) {
                keep_early(early, message);
            }
        }
        cycle == current
    }
}

fn is_proposal(message: &Message) -> bool {
    matches!(message, Message::Propose(_))
}

/// Keeps the newest few.
fn keep_early(early: &mut VecDeque<Message>, message: &Message) {
    if early.contains(message) {
        return;
    }
    if early.len() >= EARLY_MESSAGES {
        early.pop_front();
    }
    early.push_back(message.clone());
}
