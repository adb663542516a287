//! Proposals on the wire: without the bodies of mini-blocks, which are put back before the core sees them.
//!
//! A proposal of which mini-blocks are missing is held back while they are asked for: from its leader, then from their
//! authors and those who have signed receipts, then from all in turn. If they never come, the core's own timer gives the
//! view up (R5).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{Driver, Fatal, needs::HeldProposal};
use crate::{
    chain::Committee,
    consensus::{CompactProposal, Effect, Message, Proposal, message::MAX_MINIS_ASKED},
    lanes::MiniBlock,
    node::awaiting::Need,
    types::{MemberIndex, MiniHash},
};

/// How long mini-blocks that were sent before the proposal may come after it before they are asked for, in parts of Δ.
const GRACE: u32 = 20;
/// How long an answer may take before the next is asked, in parts of Δ.
const ANSWER: u32 = 4;

/// A proposal that waits for mini-blocks.
pub(in crate::node) struct Compact {
    from: MemberIndex,
    proposal: CompactProposal,
    /// Of the mini-blocks, in the order of lanes.
    names: Vec<MiniHash>,
    bodies: BTreeMap<MiniHash, Arc<MiniBlock>>,
    /// How often was asked.
    asked: usize,
    due: Duration,
}

/// A message as it travels.
pub(super) fn on_wire(message: Message) -> Message {
    match message {
        Message::Propose(proposal) => Message::Compact(CompactProposal::of(&proposal)),
        message => message,
    }
}

impl Driver {
    /// Holds a proposal back until all its mini-blocks are here.
    pub(super) fn receive_compact(
        &mut self,
        from: MemberIndex,
        proposal: CompactProposal,
        effects: &mut Vec<Effect>,
    ) {
        let turn = proposal.turn();
        let current = self.committee.cycle();
        if turn.cycle == current.next() {
            return self.lanes.early.keep(from, proposal);
        }
        let name = (turn, proposal.header.hash());
        // A leader sends its proposals itself. What others pass off as its proposal is not looked at.
        let is_leader = self.committee.leader(turn.view) == Some(from);
        let most = self.genesis.parameters.block_txs as usize;
        if turn.cycle != current || !is_leader || self.held_proposals.contains(&name) {
            return;
        }
        if proposal.txs() > most || !proposal.is_signed(&self.committee) {
            return;
        }
        if let Some(block) = self.core.block(&name.1).cloned() {
            let whole = Proposal { view: turn.view, block, signature: proposal.signature };
            return self.receive_proposal(from, whole, effects);
        }
        let compact = self.gather(from, proposal);
        let needs = compact.missing();
        if needs.is_empty() {
            return self.complete(compact, effects);
        }
        if self.is_ahead(turn) && self.has_room_for(turn) {
            tracing::debug!(view = %turn.view, needs = needs.len(), "a proposal waits for mini-blocks");
            self.held_proposals.hold(name, HeldProposal::Compact(compact), needs);
        }
    }

    /// Finds those of its mini-blocks that are here.
    fn gather(&self, from: MemberIndex, proposal: CompactProposal) -> Compact {
        let chain_id = self.committee.scope().chain_id;
        let names: Vec<_> = proposal.lanes.iter().map(|lane| lane.hash(&chain_id)).collect();
        let here = names.iter().filter_map(|name| Some((*name, Arc::clone(self.lanes.pool.get(name)?))));
        let bodies = here.collect();
        let due = self.lanes.now() + self.lanes.patience / GRACE;
        Compact { from, proposal, names, bodies, asked: 0, due }
    }

    /// All mini-blocks are here: what their transactions name may not be.
    pub(super) fn complete(&mut self, compact: Compact, effects: &mut Vec<Effect>) {
        let from = compact.from;
        if let Some(proposal) = compact.whole() {
            self.receive_proposal(from, proposal, effects);
        }
    }

    /// Whether a proposal waits for a mini-block.
    pub(super) fn is_missed(&self, name: &MiniHash) -> bool {
        self.held_proposals.is_needed(&Need::Mini(*name))
    }

    /// Gives a verified mini-block to the proposals that wait for it.
    pub(super) fn supply(&mut self, name: MiniHash, mini: &Arc<MiniBlock>, effects: &mut Vec<Effect>) {
        let need = Need::Mini(name);
        for (_, held, needs) in self.held_proposals.things_mut() {
            if let HeldProposal::Compact(compact) = held
                && needs.contains(&need)
            {
                compact.bodies.insert(name, Arc::clone(mini));
            }
        }
        self.arrived(&need, effects);
    }

    /// Asks for mini-blocks that proposals wait for. A block that has come whole meanwhile needs none.
    pub(super) fn ask_for_minis(&mut self) -> Result<(), Fatal> {
        let (now, me) = (self.lanes.now(), self.me);
        let (mut asks, mut whole) = (Vec::new(), Vec::new());
        for (name, held, _) in self.held_proposals.things_mut() {
            let HeldProposal::Compact(compact) = held else { continue };
            if compact.due > now {
                continue;
            }
            if let Some(block) = self.core.block(&name.1) {
                whole.push((*name, Arc::clone(block)));
                continue;
            }
            asks.extend(compact.ask(&self.committee, me));
            compact.due = now + self.lanes.patience / ANSWER;
        }
        for (to, names) in asks {
            self.send_durable(vec![to], &Message::FetchMinis(names));
        }
        let mut effects = Vec::new();
        for (name, block) in whole {
            let Some(HeldProposal::Compact(compact)) = self.held_proposals.remove(&name) else { continue };
            let CompactProposal { view, signature, .. } = compact.proposal;
            self.receive_proposal(compact.from, Proposal { view, block, signature }, &mut effects);
        }
        if effects.is_empty() { Ok(()) } else { self.apply(effects) }
    }

    /// How long until mini-blocks are to be asked for.
    pub(super) fn until_asking(&self) -> Option<Duration> {
        let due = self.held_proposals.things().filter_map(|held| match held {
            HeldProposal::Compact(compact) => Some(compact.due),
            HeldProposal::Whole(..) => None,
        });
        due.min().map(|due| due.saturating_sub(self.lanes.now()))
    }
}

impl Compact {
    fn missing(&self) -> BTreeSet<Need> {
        self.names
            .iter()
            .filter(|name| !self.bodies.contains_key(name))
            .map(|name| Need::Mini(*name))
            .collect()
    }

    /// Whom to ask for what.
    fn ask(&mut self, committee: &Committee, me: MemberIndex) -> Option<(MemberIndex, Vec<MiniHash>)> {
        let missing: Vec<_> =
            self.names.iter().filter(|name| !self.bodies.contains_key(name)).copied().collect();
        let lanes = self.proposal.lanes.iter().zip(&self.names);
        let needed = lanes.filter(|(_, name)| missing.contains(name)).map(|(lane, _)| lane);
        let vouching = needed.flat_map(|lane| {
            let signers = lane.receipts.iter().map(|(signer, _)| *signer);
            std::iter::once(lane.header.author).chain(signers)
        });
        let mut order = vec![self.from];
        for member in vouching.chain(committee.members()) {
            if committee.contains(member) && !order.contains(&member) {
                order.push(member);
            }
        }
        order.retain(|member| *member != me);
        let whom = order.get(self.asked % order.len().max(1)).copied();
        self.asked += 1;
        whom.map(|whom| (whom, missing.into_iter().take(MAX_MINIS_ASKED).collect()))
    }

    fn whole(self) -> Option<Proposal> {
        let minis: Option<Vec<_>> = self.names.iter().map(|name| self.bodies.get(name)).collect();
        Some(self.proposal.whole(minis?.into_iter().map(AsRef::as_ref)))
    }
}
