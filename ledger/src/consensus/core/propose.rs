//! Being the leader of a view.

use std::sync::Arc;

use super::Core;
use crate::{
    chain::Block,
    consensus::{BuildOrder, Effect, Message, Proposal},
    types::{BlockHash, Turn, View},
};

impl Core {
    /// Orders a block when it is this member's turn, there is something to do, and a parent to build on.
    pub(super) fn order_block(&mut self) {
        let view = self.view;
        let my_turn = self.setup.genesis.leader(view) == self.setup.me;
        let proposed = self.views.get(&view).is_some_and(|state| state.proposal.is_some());
        if !my_turn || proposed || self.ordered >= view || !self.has_work() {
            return;
        }
        if let Some((parent, _)) = self.parent_for(view) {
            self.ordered = view;
            let order = BuildOrder { view, parent, anchor: self.finality.clone() };
            self.effects.push(Effect::Build(order));
        }
    }

    /// The newest executed block that R2 allows to build on in a view.
    fn parent_for(&self, view: View) -> Option<(BlockHash, View)> {
        let notarized =
            self.views.range(..view).rev().filter_map(|(of, state)| Some((state.notarized()?, *of)));
        let mut candidates = notarized.chain([(self.tip.block, self.tip.view)]);
        candidates
            .find(|(_, of)| self.all_nullified_between(*of, view))
            .filter(|(block, _)| self.outcome_of(block).is_some())
    }

    /// Proposes the block that was ordered, if its time has not passed.
    pub(super) fn propose(&mut self, block: Arc<Block>) {
        let view = block.header.view;
        if view != self.view || !self.extends_notarized(&block) {
            return;
        }
        let hash = block.hash();
        if let Err(fault) = block.validate(&self.setup.genesis) {
            return self.halt(format!("own block is not valid: {fault}"));
        }
        if !self.sign_state.propose(Turn { cycle: self.scope.cycle, view }, hash) {
            return;
        }
        self.hold(hash, &block).checked = true;
        self.make_durable(&hash);
        let proposal = Proposal::sign(block, &self.scope, &self.setup.key);
        self.broadcast(Message::Propose(proposal.clone()));
        self.views.entry(view).or_default().proposal = Some(proposal);
    }
}
