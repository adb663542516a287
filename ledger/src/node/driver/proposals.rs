//! Proposals on the wire: without the bodies of mini-blocks, which are put back before the core sees them.

use std::{collections::BTreeMap, sync::Arc};

use super::{Driver, Fatal};
use crate::{
    chain::vote::proposal_body,
    consensus::{CompactProposal, Input, Message, Proposal, core::VIEWS_AHEAD},
    crypto::Purpose,
    lanes::Lane,
    types::MemberIndex,
};

/// How long mini-blocks that were sent before the proposal may come after it before they are asked for, in parts of Δ.
const GRACE: u32 = 20;
/// How long an answer may take before the next is asked, in parts of Δ.
const ANSWER: u32 = 4;

/// A message as it travels.
pub(super) fn on_wire(message: Message) -> Message {
    match message {
        Message::Propose(proposal) => Message::Compact(CompactProposal::of(&proposal)),
        message => message,
    }
}

impl Driver {
    /// Holds a proposal back until all its mini-blocks are here.
    pub(super) fn hear_proposal(&mut self, from: MemberIndex, proposal: CompactProposal) -> Result<(), Fatal> {
        let (cycle, current) = (proposal.header.cycle, self.committee.cycle());
        if cycle == current.next() {
            self.lanes.held.keep_early(from, proposal);
            return Ok(());
        }
        let (view, hash) = (proposal.view, proposal.header.hash());
        let near = view > self.core.tip().view && view.get() <= self.core.view().get().saturating_add(VIEWS_AHEAD);
        if cycle != current || !near || self.lanes.held.refuses(view, hash) || !self.is_leaders(&proposal) {
            return Ok(());
        }
        if let Some(block) = self.core.block(&hash).cloned() {
            return self.deliver(from, Proposal { view, block, signature: proposal.signature });
        }
        let in_lanes: usize = proposal.lanes.iter().map(Lane::included).sum();
        if in_lanes + proposal.own.len() > self.genesis.parameters.block_txs as usize {
            return Ok(());
        }
        let chain_id = self.committee.scope().chain_id;
        let names: Vec<_> = proposal.lanes.iter().map(|lane| lane.hash(&chain_id)).collect();
        let here = names.iter().filter_map(|name| Some((*name, Arc::clone(self.lanes.pool.get(name)?))));
        let bodies: BTreeMap<_, _> = here.collect();
        let due = self.lanes.now() + self.lanes.patience / GRACE;
        match self.lanes.held.hold(from, proposal, names, bodies, due) {
            Some(whole) => self.deliver(from, whole),
            None => Ok(()),
        }
    }

    fn is_leaders(&self, proposal: &CompactProposal) -> bool {
        let key = self.committee.leader(proposal.view).and_then(|leader| self.committee.key(leader));
        let body = proposal_body(proposal.view, &proposal.header.hash());
        key.is_some_and(|key| {
            key.verify(&self.committee.scope(), Purpose::Propose, &body, &proposal.signature).is_ok()
        })
    }

    /// Gives a whole proposal to the core.
    pub(super) fn deliver(&mut self, from: MemberIndex, proposal: Proposal) -> Result<(), Fatal> {
        let message = Message::Propose(proposal);
        self.reactions.extend(self.core.step(Input::Message { from, message }));
        Ok(())
    }

    /// Asks for mini-blocks that proposals wait for.
    pub(super) fn ask_for_minis(&mut self) {
        let (now, patience) = (self.lanes.now(), self.lanes.patience / ANSWER);
        for (to, names) in self.lanes.held.ask(now, patience, &self.committee, self.me) {
            self.send_durable(vec![to], &Message::FetchMinis(names));
        }
    }
}
