//! What is known of one view.

use std::collections::BTreeMap;

use super::Proposal;
use crate::{
    chain::{Certificate, Evidence, Statement, StatementKind, Vote, evidence::exclude_each_other},
    types::{BlockHash, Cycle, MemberIndex, View},
};

/// What is known of one view. At most one vote of a kind is kept of each member, so its size is bounded.
#[derive(Debug, Default)]
pub(super) struct ViewState {
    /// The first proposal seen from the leader.
    pub proposal: Option<Proposal>,
    /// The certificate that a block was notarized; two for different blocks cannot be.
    pub notarization: Option<Certificate>,
    /// The certificate that the view was given up; there may be both.
    pub nullification: Option<Certificate>,
    votes: BTreeMap<(StatementKind, MemberIndex), Vote>,
}

impl ViewState {
    /// The notarized block.
    pub fn notarized(&self) -> Option<BlockHash> {
        self.notarization.as_ref().and_then(|certificate| certificate.statement().block())
    }

    /// Certificates of the view.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.notarization.iter().chain(&self.nullification)
    }

    /// Whether the view can be left.
    pub fn is_over(&self) -> bool {
        self.notarization.is_some() || self.nullification.is_some()
    }

    /// The vote of a member, if it is known.
    pub fn vote(&self, kind: StatementKind, member: MemberIndex) -> Option<&Vote> {
        self.votes.get(&(kind, member))
    }

    /// The votes of a member.
    pub fn votes_of(&self, member: MemberIndex) -> impl Iterator<Item = &Vote> {
        self.votes.values().filter(move |vote| vote.voter == member)
    }

    /// How many members have given the view up, as far as is known.
    pub fn given_up(&self) -> usize {
        self.votes.keys().filter(|(kind, _)| *kind == StatementKind::Nullify).count()
    }

    /// Keeps a verified vote, if it is the first of its kind; proof of a broken rule if the member has said something
    /// that excludes it.
    pub fn add(&mut self, vote: Vote) -> Option<Evidence> {
        let key = (vote.statement.kind(), vote.voter);
        let broken =
            self.votes_of(vote.voter).find(|said| exclude_each_other(&said.statement, &vote.statement));
        let evidence = broken.map(|said| Evidence::Votes(said.clone(), vote.clone()));
        self.votes.entry(key).or_insert(vote);
        evidence
    }

    /// The certificate for a statement, once a quorum has signed it.
    pub fn certify(&self, cycle: Cycle, statement: &Statement, quorum: usize) -> Option<Certificate> {
        let same = self.votes.values().filter(|vote| vote.statement == *statement);
        let signed: Vec<_> = same.map(|vote| (vote.voter, vote.signature)).collect();
        (signed.len() >= quorum).then(|| Certificate::new(cycle, *statement, signed))
    }
}

/// The views not final yet.
pub(super) type Views = BTreeMap<View, ViewState>;
