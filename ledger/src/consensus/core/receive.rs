//! Messages from other members. Whatever is wrong with them is dropped here, and changes nothing.

use std::sync::Arc;

use super::{Core, Entry, Progress, VIEWS_AHEAD, ViewState};
use crate::{
    chain::{Block, Certificate, Evidence, Statement, StatementKind, Vote, vote::verify_votes},
    consensus::{Effect, Message, Proposal, Record},
    types::{BlockHash, MemberIndex, View},
};

impl Core {
    pub(super) fn receive(&mut self, from: MemberIndex, message: Message) {
        if !self.is_current(from, &message) {
            return;
        }
        match message {
            Message::Propose(proposal) => self.receive_proposal(proposal),
            Message::Vote(vote) => self.receive_vote(vote),
            Message::Certificate(certificate) => self.receive_certificate(from, certificate),
            Message::Status(status) => self.answer_status(from, &status),
            Message::Fetch(block) => self.serve(from, block),
            Message::Block(block) => self.receive_block(block),
            Message::Upkeep { item, .. } => self.effects.push(Effect::Upkeep(from, item)),
            // Transactions, lanes, blobs, snapshots and bundles of votes are not the core's: it sees whole blocks.
            Message::Tx(_)
            | Message::Compact(_)
            | Message::MiniBlock(_)
            | Message::FetchMinis(_)
            | Message::Receipts(_)
            | Message::Bundle(_)
            | Message::FetchBlob(_)
            | Message::BlobChunk(_)
            | Message::NoBlob(_)
            | Message::FetchSnapshot(_)
            | Message::Snapshot(..) => {}
        }
    }

    fn is_near(&self, view: View) -> bool {
        view > self.tip.view && view.get() <= self.view.get().saturating_add(VIEWS_AHEAD)
    }

    fn receive_proposal(&mut self, proposal: Proposal) {
        let view = proposal.view;
        let Some(leader) = self.committee.leader(view).filter(|_| self.is_near(view)) else { return };
        let known = self.views.get(&view).and_then(|state| state.proposal.as_ref());
        if known == Some(&proposal) {
            return;
        }
        let has_one = known.is_some();
        if !proposal.is_signed(&self.committee) {
            return;
        }
        // The first counts, good or not: a leader that signs more is caught before anybody looks at what is in them.
        let hash = proposal.block.hash();
        let signed = (hash, proposal.signature);
        let first = *self.views.entry(view).or_default().signed.get_or_insert(signed);
        if first.0 != hash {
            let (cycle, blocks) = (self.committee.cycle(), [first, signed]);
            return self.accuse(Evidence::Proposals { cycle, view, proposer: leader, blocks });
        }
        if has_one {
            return;
        }
        let may_be_again = view > proposal.block.header.view && self.is_last(&proposal.block);
        if proposal.is_again() && !may_be_again {
            return;
        }
        if proposal.block.validate(&self.setup.genesis, &self.committee).is_err() {
            return;
        }
        self.hold(hash, &proposal.block);
        self.views.entry(view).or_default().proposal = Some(proposal);
    }

    fn receive_vote(&mut self, vote: Vote) {
        let view = vote.statement.view();
        if !self.is_near(view) || !self.committee.contains(vote.voter) {
            return;
        }
        let (statement, state) = (vote.statement, self.views.entry(view).or_default());
        if state.knows(&vote) {
            return;
        }
        if state.is_contested(&vote) {
            return self.settle_contest(vote);
        }
        state.defer(vote);
        self.verify_quorum(&statement);
    }

    /// Counts what a member has really said, of two votes that do not go together. Without this, whoever is first to
    /// send a forged vote would keep the genuine one out.
    fn settle_contest(&mut self, vote: Vote) {
        if vote.verify(&self.committee).is_err() {
            return;
        }
        let state = self.views.entry(vote.statement.view()).or_default();
        let earlier = state.take_unverified_of(vote.voter);
        let genuine: Vec<_> =
            earlier.into_iter().filter(|vote| vote.verify(&self.committee).is_ok()).collect();
        for vote in genuine.into_iter().chain([vote]) {
            let statement = vote.statement;
            self.count(vote);
            self.verify_quorum(&statement);
        }
    }

    /// Checks the signatures for a statement once they may complete what matters, and only as many: a quorum, or the
    /// f + 1 that give up a view.
    pub(super) fn verify_quorum(&mut self, statement: &Statement) {
        if statement.kind() == StatementKind::Nullify {
            self.verify_up_to(statement, self.committee.faults() + 1);
        }
        self.verify_up_to(statement, self.committee.quorum());
    }

    /// Signatures that are wrong make way for others.
    fn verify_up_to(&mut self, statement: &Statement, enough: usize) {
        loop {
            let Some(state) = self.views.get_mut(&statement.view()) else { return };
            if state.certificate_of(statement.kind()) {
                return;
            }
            let votes = state.take_unverified_for(statement, enough);
            if votes.is_empty() {
                return;
            }
            let all_good = verify_votes(&votes, &self.committee).is_ok();
            for vote in votes {
                if all_good || vote.verify(&self.committee).is_ok() {
                    self.count(vote);
                }
            }
        }
    }

    /// Counts a verified vote, and makes a certificate of a quorum (R7).
    pub(super) fn count(&mut self, vote: Vote) {
        let statement = vote.statement;
        let state = self.views.entry(statement.view()).or_default();
        let evidence = state.add(vote);
        let certificate = state.certify(self.committee.cycle(), &statement, self.committee.quorum());
        if let Some(evidence) = evidence {
            self.accuse(evidence);
        }
        if let Some(certificate) = certificate
            && self.lacks(&certificate)
        {
            self.adopt(certificate);
        }
    }

    fn receive_certificate(&mut self, from: MemberIndex, certificate: Certificate) {
        if self.lacks(&certificate) && certificate.verify(&self.committee).is_ok() {
            if certificate.statement().kind() == StatementKind::Finalize {
                self.source = Some(from);
            }
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
            StatementKind::Finalize => self.is_newer_finality(view) || self.is_step(view),
        }
    }

    fn is_newer_finality(&self, view: View) -> bool {
        self.pending_finality.as_ref().is_none_or(|pending| pending.statement().view() < view)
    }

    /// Whether finality of a view is nearer than what is on the way already.
    fn is_step(&self, view: View) -> bool {
        self.step.as_ref().is_none_or(|step| view < step.statement().view()) && self.is_catching_up()
    }

    /// Keeps a verified certificate, and tells the others.
    fn adopt(&mut self, certificate: Certificate) {
        self.persist(Record::Certificate(certificate.clone()));
        self.broadcast(Message::Certificate(certificate.clone()));
        self.keep(certificate);
    }

    /// Keeps a verified certificate.
    pub(super) fn keep(&mut self, certificate: Certificate) {
        let view = certificate.statement().view();
        let newer = self.is_newer_finality(view);
        let state: &mut ViewState = self.views.entry(view).or_default();
        state.finality |= certificate.statement().kind() == StatementKind::Finalize;
        match certificate.statement() {
            Statement::Notarize { .. } => state.notarization = Some(certificate),
            Statement::Nullify { .. } => state.nullification = Some(certificate),
            Statement::Finalize { .. } if newer => self.pending_finality = Some(certificate),
            Statement::Finalize { .. } => self.step = Some(certificate),
        }
    }

    /// A block in answer to a fetch. It is as good as the certificate or the child that named it.
    fn receive_block(&mut self, block: Arc<Block>) {
        let hash = block.hash();
        if self.fetching.contains_key(&hash) && block.validate(&self.setup.genesis, &self.committee).is_ok() {
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
