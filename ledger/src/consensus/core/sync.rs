//! Catching up: saying where one is, answering with certificates, fetching blocks.
//!
//! A member that was away walks the chain back from the newest certificate of finality, block by block, and holds
//! what it has fetched in memory until the walk meets its own tip. Snapshots for long absences can replace the walk.

use super::Core;
use crate::{
    chain::Statement,
    consensus::{Effect, Message, Timer},
    types::{BlockHash, MemberIndex, View},
};

/// Most views whose certificates go into one answer.
const VIEWS_PER_ANSWER: usize = 64;

impl Core {
    fn status(&self) -> Message {
        let mut missing_from = self.tip.view.next();
        while missing_from < self.view && self.views.get(&missing_from).is_some_and(|state| state.is_over()) {
            missing_from = missing_from.next();
        }
        Message::Status { view: self.view, finalized: self.tip.view, missing_from }
    }

    pub(super) fn report_status(&mut self) {
        self.broadcast(self.status());
        self.arm(Timer::Status, 8);
    }

    /// Tells a member what it does not know, and asks it for what this one does not.
    pub(super) fn answer_status(&mut self, to: MemberIndex, view: View, finalized: View, missing_from: View) {
        let newest = self.pending_finality.as_ref().or(self.finality.as_ref());
        let finality = newest.filter(|certificate| certificate.statement().view() > finalized);
        let from = missing_from.max(finalized.next());
        let views = self.views.range(from..).take(VIEWS_PER_ANSWER);
        let certificates = views.flat_map(|(_, state)| state.certificates());
        let mut answers: Vec<_> =
            finality.into_iter().chain(certificates).cloned().map(Message::Certificate).collect();
        answers.extend(self.own_votes(finalized.next()));
        if finalized > self.tip.view || view > self.view {
            answers.push(self.status());
        }
        self.effects.extend(answers.into_iter().map(|message| Effect::Send(to, message)));
    }

    /// This member's votes from a view on; a few views at most.
    pub(super) fn own_votes(&self, from: View) -> Vec<Message> {
        let views = self.views.range(from..).take(VIEWS_PER_ANSWER);
        views.flat_map(|(_, state)| state.votes_of(self.setup.me)).cloned().map(Message::Vote).collect()
    }

    /// Says again what may have been lost.
    pub(super) fn resend(&mut self) {
        self.broadcast(self.status());
        let state = self.views.get(&self.view);
        if let Some(proposal) = state.and_then(|state| state.proposal.clone())
            && proposal.block.header.proposer == self.setup.me
        {
            self.broadcast(Message::Propose(proposal));
        }
        for vote in self.own_votes(self.tip.view.next()) {
            self.broadcast(vote);
        }
        self.arm(Timer::Resend(self.view), 2);
    }

    /// Asks for a block, unless it was asked for already.
    pub(super) fn fetch(&mut self, block: BlockHash) {
        let asked = self.fetching.contains_key(&block);
        self.fetching.entry(block).or_insert(0);
        if !asked {
            self.fetch_again(block);
        }
    }

    /// Asks for a block: first those who vouch for it, then everybody in turn.
    pub(super) fn fetch_again(&mut self, block: BlockHash) {
        let Some(attempt) = self.fetching.get_mut(&block) else { return };
        let turn = *attempt;
        *attempt += 1;
        let vouches = |statement: &Statement| statement.block() == Some(block);
        let notarizations = self.views.values().filter_map(|state| state.notarization.as_ref());
        let mut certificates = notarizations.chain(&self.pending_finality);
        let vouching = certificates.find(|certificate| vouches(certificate.statement()));
        let me = self.setup.me;
        let signers = vouching.into_iter().flat_map(|certificate| certificate.signers());
        let everybody = (0..).map(MemberIndex::new).take(self.setup.genesis.members.len());
        let order: Vec<_> = signers.chain(everybody).filter(|member| *member != me).collect();
        if let Some(member) = order.get(turn % order.len().max(1)) {
            self.effects.push(Effect::Send(*member, Message::Fetch(block)));
            self.arm(Timer::Fetch(block), 1);
        }
    }
}
