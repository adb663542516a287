//! Catching up: saying where one is, answering with certificates, fetching blocks.
//!
//! A member that was away is given the certificate of finality of a block a little ahead of its own, walks the chain
//! back from there, and holds what it has fetched in memory until the walk meets its own tip; then it asks again. At the
//! end of a cycle it is given the certificate of the cycle's last block, which shows it the next committee. After a
//! long absence a snapshot replaces the walk ([`crate::snapshot`]).

use super::{CATCH_UP_BLOCKS, Core};
use crate::{
    chain::Statement,
    consensus::{Effect, Message, Timer, message::Status},
    types::{BlockHash, MemberIndex, View},
};

/// Most views whose certificates go into one answer.
pub(super) const VIEWS_PER_ANSWER: usize = 64;
/// Of those who say that they are ahead, so many are asked at a time.
const ASKED_AT_ONCE: usize = 3;
/// Nodes without a seat that are told of final blocks, and for how many blocks after they asked.
const FOLLOWERS: usize = 64;
const FOLLOWED_BLOCKS: u64 = 512;
/// Being so many blocks behind is usual.
const USUAL_LAG: u64 = 4;

impl Core {
    /// Where this member is, as it tells others.
    pub fn status(&self) -> Status {
        let mut missing_from = self.tip.view.next();
        while missing_from < self.view && self.views.get(&missing_from).is_some_and(|state| state.is_over()) {
            missing_from = missing_from.next();
        }
        Status { turn: self.turn(), height: self.tip.height, finalized: self.tip.view, missing_from }
    }

    pub(super) fn report_status(&mut self) {
        self.broadcast(Message::Status(self.status()));
        // Without a seat nobody tells it anything unasked.
        self.arm(Timer::Status, if self.has_seat() { 8 } else { 2 });
    }

    /// Tells a member what it does not know, and asks it for what this one does not.
    pub(super) fn answer_status(&mut self, to: MemberIndex, status: &Status) {
        if status.height > self.tip.height {
            self.heard.insert(to, status.height);
        }
        let known = self.followers.contains_key(&to) || self.followers.len() < FOLLOWERS;
        if known && !self.committee.contains(to) {
            self.followers.insert(to, self.tip.height);
        }
        let (cycle, own) = (self.committee.cycle(), self.status());
        let far = status.height.get().saturating_add(CATCH_UP_BLOCKS) < self.tip.height.get();
        if status.turn.cycle < cycle || far {
            self.effects.push(Effect::ServeFinality(to, status.height));
        } else if status.turn.cycle == cycle {
            self.answer_in_cycle(to, status);
        }
        let (theirs, mine) = (status.turn, own.turn);
        if status.height > self.tip.height || theirs > mine {
            self.effects.push(Effect::Send(to, Message::Status(own)));
        }
    }

    fn answer_in_cycle(&mut self, to: MemberIndex, status: &Status) {
        let newest = self.pending_finality.as_ref().or(self.finality.as_ref());
        let cycle = self.committee.cycle();
        let is_news = |turn: crate::types::Turn| turn.cycle == cycle && turn.view > status.finalized;
        let finality = newest.filter(|certificate| is_news(certificate.turn()));
        let from = status.missing_from.max(status.finalized.next());
        let views = self.views.range(from..).take(VIEWS_PER_ANSWER);
        let certificates = views.flat_map(|(_, state)| state.certificates());
        let mut answers: Vec<_> =
            finality.into_iter().chain(certificates).cloned().map(Message::Certificate).collect();
        answers.extend(self.own_votes(status.finalized.next()));
        self.effects.extend(answers.into_iter().map(|message| Effect::Send(to, message)));
    }

    /// Tells nodes without a seat of the newest final block, so that they need not ask: f + 1 members do, in turn.
    pub(super) fn tell_followers(&mut self) {
        let height = self.tip.height.get();
        self.followers.retain(|_, asked| asked.get().saturating_add(FOLLOWED_BLOCKS) > height);
        let place = self.committee.members().position(|member| member == self.setup.me);
        let size = self.committee.size() as u64;
        let on_turn =
            place.is_some_and(|place| (height + place as u64) % size <= self.committee.faults() as u64);
        let Some(finality) = self.finality.clone().filter(|_| on_turn && self.has_seat()) else { return };
        for follower in self.followers.keys() {
            self.effects.push(Effect::Send(*follower, Message::Certificate(finality.clone())));
        }
    }

    /// Having made a step, asks for the next those who said that they are far ahead.
    pub(super) fn ask_those_ahead(&mut self) {
        let height = self.tip.height;
        self.heard.retain(|_, heard| *heard > height);
        let far = |heard: &u64| *heard > height.get().saturating_add(USUAL_LAG);
        let ahead: Vec<_> =
            self.heard.iter().filter(|(_, heard)| far(&heard.get())).map(|(member, _)| *member).collect();
        let skip = usize::try_from(height.get()).unwrap_or(0) % ahead.len().max(1);
        let status = Message::Status(self.status());
        for member in ahead.iter().cycle().skip(skip).take(ASKED_AT_ONCE.min(ahead.len())) {
            self.effects.push(Effect::Send(*member, status.clone()));
        }
    }

    /// This member's votes from a view on; a few views at most.
    pub(super) fn own_votes(&self, from: View) -> Vec<Message> {
        let views = self.views.range(from..).take(VIEWS_PER_ANSWER);
        views.flat_map(|(_, state)| state.votes_of(self.setup.me)).cloned().map(Message::Vote).collect()
    }

    /// Says again what may have been lost.
    pub(super) fn resend(&mut self) {
        self.broadcast(Message::Status(self.status()));
        let state = self.views.get(&self.view);
        if let Some(proposal) = state.and_then(|state| state.proposal.clone())
            && self.has_seat()
            && self.committee.leader(proposal.view) == Some(self.setup.me)
        {
            self.broadcast(Message::Propose(proposal));
        }
        for vote in self.own_votes(self.tip.view.next()) {
            self.broadcast(vote);
        }
        self.arm(Timer::Resend(self.turn()), 2);
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
        // Whoever sent a certificate of finality has the chain; its signers may have left since.
        let source = self.source.filter(|_| self.pending_finality.is_some());
        let everybody = source.into_iter().chain(signers).chain(self.committee.members());
        let order: Vec<_> = everybody.filter(|member| *member != me).collect();
        if let Some(member) = order.get(turn % order.len().max(1)) {
            self.effects.push(Effect::Send(*member, Message::Fetch(block)));
            self.arm(Timer::Fetch(block), 1);
        }
    }
}
