//! Being the leader of a view.

use std::sync::Arc;

use super::{Core, ViewState, sync::VIEWS_PER_ANSWER};
use crate::{
    chain::{Block, Certificate},
    consensus::{BuildOrder, Effect, Message, Proposal},
    types::{BlockHash, Height, Turn, View},
};

impl Core {
    /// Orders a block when it is this member's turn, there is something to do, and a parent to build on; or proposes
    /// the last block of the cycle again.
    pub(super) fn order_block(&mut self) {
        let view = self.view;
        let my_turn = self.has_seat() && self.committee.leader(view) == Some(self.setup.me);
        if !my_turn || self.is_proposed() || self.ordered >= view || !self.has_work() {
            return;
        }
        if let Some(last) = self.last_block() {
            self.ordered = view;
            self.propose_in(view, last);
        } else if let Some((parent, height)) = self.parent_for(view) {
            self.ordered = view;
            self.effects.push(Effect::Build(BuildOrder { view, parent, height }));
        }
    }

    /// The block to build on in a view, once it is executed, and its height.
    fn parent_for(&self, view: View) -> Option<(BlockHash, Height)> {
        let (parent, _) = self.base_for(view)?;
        self.outcome_of(&parent)?;
        let held = self.blocks.get(&parent).map(|entry| entry.block.header.height);
        Some((parent, held.unwrap_or(self.tip.height)))
    }

    /// The newest notarized block that R2 allows to build on in a view, and the view of its notarization.
    pub(super) fn base_for(&self, view: View) -> Option<(BlockHash, View)> {
        let notarized =
            self.views.range(..view).rev().filter_map(|(of, state)| Some((state.notarized()?, *of)));
        let mut candidates = notarized.chain([(self.tip.block, self.tip.view)]);
        candidates.find(|(_, of)| self.all_nullified_between(*of, view))
    }

    /// What R2 asks of whoever is to vote for this member's proposal, if others may lack it: the notarization that it builds
    /// on, or that it is final, and the nullifications of the views between. Nothing where all went well: then every member
    /// has seen the votes.
    pub fn grounds(&self, proposal: &Proposal) -> Vec<Certificate> {
        let base = if proposal.is_again() {
            let hash = proposal.block.hash();
            let notarized = |(_, state): &(&View, &ViewState)| state.notarized() == Some(hash);
            self.views.range(..proposal.view).rev().find(notarized).map(|(of, _)| *of)
        } else {
            Some(proposal.block.header.parent_view)
        };
        let Some(base) = base.filter(|base| *base < proposal.view) else { return Vec::new() };
        let since: Vec<_> = self.views.range(base..proposal.view).collect();
        if since.iter().all(|(_, state)| state.nullification.is_none()) {
            return Vec::new();
        }
        let shown = since.into_iter().take(VIEWS_PER_ANSWER);
        let certificate = |(of, state): (&View, &ViewState)| {
            let shown = if *of == base { &state.notarization } else { &state.nullification };
            shown.clone()
        };
        let final_base = self.finality.iter().filter(|_| base == self.tip.view).cloned();
        final_base.chain(shown.filter_map(certificate)).collect()
    }

    /// Proposes the block that was ordered, if its time has not passed. One that is not valid costs this view only: what
    /// others sent may be behind it, and would stop one leader after the other.
    pub(super) fn propose(&mut self, block: Arc<Block>) {
        let view = block.header.view;
        if view != self.view || !self.extends_notarized(&block) {
            return;
        }
        if let Err(fault) = block.validate(&self.setup.genesis, &self.committee) {
            tracing::error!(%view, %fault, "this member's own block is not valid: the view is given up");
            return self.nullify();
        }
        let hash = block.hash();
        if self.propose_in(view, block)
            && let Some(entry) = self.blocks.get_mut(&hash)
        {
            entry.checked = true;
        }
    }

    /// Signs, makes durable, sends. Does nothing when [`crate::consensus::SignState`] refuses.
    fn propose_in(&mut self, view: View, block: Arc<Block>) -> bool {
        let hash = block.hash();
        let Some(key) = self.key.clone() else { return false };
        if !self.sign_state.propose(Turn { cycle: self.committee.cycle(), view }, hash) {
            return false;
        }
        self.hold(hash, &block);
        self.make_durable(&hash);
        let proposal = Proposal::sign(view, block, &self.committee.scope(), &key);
        self.broadcast(Message::Propose(proposal.clone()));
        let state = self.views.entry(view).or_default();
        (state.signed, state.proposal) = (Some((hash, proposal.signature)), Some(proposal));
        true
    }
}
