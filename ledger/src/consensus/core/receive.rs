//! Messages from other members. Whatever is wrong with them is dropped here, and changes nothing.

use std::sync::Arc;

use super::{Core, Entry, Progress, VIEWS_AHEAD, ViewState};
use crate::{
    chain::{Block, Certificate, Statement, StatementKind, Vote},
    consensus::{Effect, Evidence, Message, Proposal, Record},
    crypto::Purpose,
    types::{BlockHash, MemberIndex, View},
};

impl Core {
    pub(super) fn receive(&mut self, from: MemberIndex, message: Message) {
        match message {
            Message::Propose(proposal) => self.receive_proposal(proposal),
            Message::Vote(vote) => self.receive_vote(vote),
            Message::Certificate(certificate) => self.receive_certificate(certificate),
            Message::Status { view, finalized, missing_from } => {
                self.answer_status(from, view, finalized, missing_from);
            }
            Message::Fetch(block) => self.serve(from, block),
            Message::Block(block) => self.receive_block(block),
            // Transactions go to the pool, which is not the core's.
            Message::Tx(_) => {}
        }
    }

    fn is_near(&self, view: View) -> bool {
        view > self.tip.view && view.get() <= self.view.get().saturating_add(VIEWS_AHEAD)
    }

    fn receive_proposal(&mut self, proposal: Proposal) {
        let header = &proposal.block.header;
        let view = header.view;
        if !self.is_near(view) || header.proposer != self.setup.genesis.leader(view) {
            return;
        }
        let known = self.views.get(&view).and_then(|state| state.proposal.as_ref());
        if known == Some(&proposal) {
            return;
        }
        let hash = proposal.block.hash();
        let Some(key) = self.setup.genesis.key(header.proposer) else { return };
        if key.verify(&self.scope, Purpose::Propose, hash.as_bytes(), &proposal.signature).is_err() {
            return;
        }
        if let Some(first) = known {
            if first.block.hash() != hash {
                let evidence = Evidence::Proposals(first.clone(), proposal);
                self.accuse(evidence);
            }
            return;
        }
        if proposal.block.validate(&self.setup.genesis).is_err() {
            return;
        }
        self.hold(hash, &proposal.block);
        self.views.entry(view).or_default().proposal = Some(proposal);
    }

    fn receive_vote(&mut self, vote: Vote) {
        let view = vote.statement.view();
        if !self.is_near(view) {
            return;
        }
        let known = self.views.get(&view).and_then(|state| state.vote(vote.statement.kind(), vote.voter));
        if known.is_some_and(|known| known.statement == vote.statement) {
            return;
        }
        if vote.verify(&self.setup.genesis, &self.scope).is_ok() {
            self.count(vote);
        }
    }

    /// Counts a verified vote, and makes a certificate of a quorum (R7).
    pub(super) fn count(&mut self, vote: Vote) {
        let statement = vote.statement;
        let state = self.views.entry(statement.view()).or_default();
        if let Some(evidence) = state.add(vote) {
            return self.accuse(evidence);
        }
        let quorum = self.setup.genesis.quorum();
        if let Some(certificate) = state.certify(&statement, quorum)
            && self.lacks(&certificate)
        {
            self.adopt(certificate);
        }
    }

    fn receive_certificate(&mut self, certificate: Certificate) {
        if self.lacks(&certificate) && certificate.verify(&self.setup.genesis, &self.scope).is_ok() {
            self.adopt(certificate);
        }
    }

    /// Whether a certificate would tell anything new.
    fn lacks(&self, certificate: &Certificate) -> bool {
        let view = certificate.statement().view();
        if view <= self.tip.view {
            return false;
        }
        let state = self.views.get(&view);
        match certificate.statement().kind() {
            StatementKind::Notarize => state.is_none_or(|state| state.notarization.is_none()),
            StatementKind::Nullify => state.is_none_or(|state| state.nullification.is_none()),
            StatementKind::Finalize => {
                self.pending_finality.as_ref().is_none_or(|pending| pending.statement().view() < view)
            }
        }
    }

    /// Keeps a verified certificate, and tells the others.
    fn adopt(&mut self, certificate: Certificate) {
        self.persist(Record::Certificate(certificate.clone()));
        self.broadcast(Message::Certificate(certificate.clone()));
        self.keep(certificate);
    }

    /// Keeps a verified certificate.
    pub(super) fn keep(&mut self, certificate: Certificate) {
        let state: &mut ViewState = self.views.entry(certificate.statement().view()).or_default();
        match certificate.statement() {
            Statement::Notarize { .. } => state.notarization = Some(certificate),
            Statement::Nullify { .. } => state.nullification = Some(certificate),
            Statement::Finalize { .. } => self.pending_finality = Some(certificate),
        }
    }

    /// A block in answer to a fetch. It is as good as the certificate or the child that named it.
    fn receive_block(&mut self, block: Arc<Block>) {
        let hash = block.hash();
        if self.fetching.contains_key(&hash) && block.validate(&self.setup.genesis).is_ok() {
            self.fetching.remove(&hash);
            self.hold(hash, &block);
        }
    }

    pub(super) fn hold(&mut self, hash: BlockHash, block: &Arc<Block>) -> &mut Entry {
        self.fetching.remove(&hash);
        self.blocks.entry(hash).or_insert_with(|| Entry {
            block: Arc::clone(block),
            progress: Progress::Held,
            checked: false,
            certified: false,
            durable: false,
        })
    }

    /// Sends a block that was asked for.
    fn serve(&mut self, to: MemberIndex, block: BlockHash) {
        match self.blocks.get(&block) {
            Some(entry) => {
                let message = Message::Block(Arc::clone(&entry.block));
                self.effects.push(Effect::Send(to, message));
            }
            None => self.effects.push(Effect::Serve(to, block)),
        }
    }
}
