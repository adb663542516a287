//! This member's votes: where R1 to R6 are kept.

use super::{Core, Progress};
use crate::{
    chain::{Block, Statement, StatementKind, Vote},
    consensus::{Message, Proposal, Record},
    types::{BlockHash, View},
};

impl Core {
    /// Whether this member has voted for this kind in a view.
    fn has_voted(&self, kind: StatementKind, view: View) -> bool {
        self.views.get(&view).is_some_and(|state| state.vote(kind, self.setup.me).is_some())
    }

    /// Signs, makes durable, sends, counts. Does nothing without a seat, or when [`crate::consensus::SignState`] refuses.
    fn cast(&mut self, statement: Statement) {
        let Some(key) = self.key.clone() else { return };
        if !self.sign_state.vote(self.committee.cycle(), &statement) {
            return;
        }
        let vote = Vote::sign(statement, self.setup.me, &self.committee.scope(), &key);
        // R6: the order of these two is the order in which they take effect.
        self.persist(Record::Vote(vote.clone()));
        self.broadcast(Message::Vote(vote.clone()));
        self.count(vote);
        self.verify_quorum(&statement);
    }

    /// R2: the parent is notarized (or final), and every view between was nullified.
    pub(super) fn extends_notarized(&self, block: &Block) -> bool {
        let header = &block.header;
        let on_tip = header.parent == self.tip.block && header.parent_view == self.tip.view;
        let on_notarized =
            self.views.get(&header.parent_view).is_some_and(|state| state.notarized() == Some(header.parent));
        (on_tip || on_notarized) && self.all_nullified_between(header.parent_view, header.view)
    }

    pub(super) fn all_nullified_between(&self, after: View, before: View) -> bool {
        let between = after.get().saturating_add(1)..before.get();
        let needed = between.end.saturating_sub(between.start);
        let nullified = self.views.range(View::new(between.start)..View::new(between.start.max(between.end)));
        nullified.filter(|(_, state)| state.nullification.is_some()).count() as u64 == needed
    }

    /// The current view's proposal, if R2 holds for it.
    pub(super) fn eligible_proposal(&self) -> Option<&Proposal> {
        let proposal = self.views.get(&self.view)?.proposal.as_ref()?;
        let follows = if proposal.is_again() {
            self.continues_notarized(&proposal.block.hash(), &proposal.block, proposal.view)
        } else {
            self.extends_notarized(&proposal.block)
        };
        follows.then_some(proposal)
    }

    /// Notarizes the current view's proposal (R1, R2, R3, R5).
    pub(super) fn vote_notarize(&mut self) {
        let view = self.view;
        if self.has_voted(StatementKind::Notarize, view) || self.has_voted(StatementKind::Nullify, view) {
            return;
        }
        let Some(proposal) = self.eligible_proposal() else { return };
        let (hash, again) = (proposal.block.hash(), proposal.is_again());
        // R5: executed on the parent's state, and the transactions checked: here, or, if it is proposed again, by those
        // who notarized it before.
        let Some(entry) = self.blocks.get(&hash) else { return };
        if !matches!(entry.progress, Progress::Executed(_)) || !(entry.checked || again) {
            return;
        }
        self.make_durable(&hash);
        self.cast(Statement::Notarize { view, block: hash });
    }

    /// Finalizes what is notarized, where this member has not given up the view (R4).
    pub(super) fn vote_finalize(&mut self) {
        let me = self.setup.me;
        let mut statements = Vec::new();
        for (view, state) in &self.views {
            let voted = state.vote(StatementKind::Nullify, me).or(state.vote(StatementKind::Finalize, me));
            let notarized = state.notarized().filter(|_| voted.is_none());
            if let Some(block) = notarized
                && let Some(outcome) = self.outcome_of(&block)
            {
                statements.push(Statement::Finalize { view: *view, block, outcome: outcome.hash() });
            }
        }
        for statement in statements {
            if let Some(block) = statement.block() {
                self.make_durable(&block);
            }
            self.cast(statement);
        }
    }

    /// Gives up the current view (R4).
    pub(super) fn nullify(&mut self) {
        let view = self.view;
        if !self.has_voted(StatementKind::Nullify, view) && !self.has_voted(StatementKind::Finalize, view) {
            self.cast(Statement::Nullify { view });
        }
    }

    /// Gives up the current view when its proposal is no good.
    pub(super) fn nullify_rejected(&mut self) {
        let Some(proposal) = self.views.get(&self.view).and_then(|state| state.proposal.as_ref()) else {
            return;
        };
        let rejected = self.blocks.get(&proposal.block.hash()).map(|entry| &entry.progress);
        if let Some(Progress::Rejected(reason)) = rejected {
            // Said once by whoever executed it; here it may come up with every message of the view.
            tracing::debug!(view = %self.view, %reason, "proposal rejected");
            self.nullify();
        }
    }

    /// A vote vouches that the body is at hand, also after a crash of all members at once.
    pub(super) fn make_durable(&mut self, block: &BlockHash) {
        if let Some(entry) = self.blocks.get_mut(block)
            && !entry.durable
        {
            entry.durable = true;
            let record = Record::Block(std::sync::Arc::clone(&entry.block));
            self.persist(record);
        }
    }
}
