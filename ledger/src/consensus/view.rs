//! What is known of one view.

use std::collections::BTreeMap;

use super::Proposal;
use crate::{
    chain::{Certificate, Evidence, Statement, StatementKind, Vote, evidence::exclude_each_other},
    crypto::Signature,
    types::{BlockHash, Cycle, MemberIndex, View},
};

const KINDS: [StatementKind; 3] = [StatementKind::Notarize, StatementKind::Nullify, StatementKind::Finalize];

/// What is known of one view. At most one verified vote of a kind is kept of each member, and one whose signature has
/// not been looked at, so its size is bounded.
#[derive(Debug, Default)]
pub(super) struct ViewState {
    /// The first good proposal seen from the leader.
    pub proposal: Option<Proposal>,
    /// The first block that the leader has signed for the view, good or not, with the signature.
    pub signed: Option<(BlockHash, Signature)>,
    /// The certificate that a block was notarized; two for different blocks cannot be.
    pub notarization: Option<Certificate>,
    /// The certificate that the view was given up; there may be both.
    pub nullification: Option<Certificate>,
    /// There is a certificate of finality.
    pub finality: bool,
    votes: BTreeMap<(StatementKind, MemberIndex), Vote>,
    /// Signatures are checked when a quorum may be complete, all at once; what comes after it never needs to be.
    unverified: BTreeMap<(StatementKind, MemberIndex), Vote>,
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

    /// Whether there is a certificate already for which votes of a kind could be collected.
    pub fn certificate_of(&self, kind: StatementKind) -> bool {
        match kind {
            StatementKind::Notarize => self.notarization.is_some(),
            StatementKind::Nullify => self.nullification.is_some(),
            StatementKind::Finalize => self.finality,
        }
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
        KINDS.iter().filter_map(move |kind| self.votes.get(&(*kind, member)))
    }

    /// Whether a vote adds nothing to what is known.
    pub fn knows(&self, vote: &Vote) -> bool {
        let key = (vote.statement.kind(), vote.voter);
        self.votes.get(&key).is_some_and(|known| known.statement == vote.statement)
            || self.unverified.get(&key) == Some(vote)
    }

    /// Whether the voter is said to have said something that does not go with a vote: then it matters now which of them
    /// are genuine.
    pub fn is_contested(&self, vote: &Vote) -> bool {
        let excluded = |said: &Vote| exclude_each_other(&said.statement, &vote.statement);
        let unverified = KINDS.iter().filter_map(|kind| self.unverified.get(&(*kind, vote.voter)));
        self.unverified.contains_key(&(vote.statement.kind(), vote.voter))
            || self.votes_of(vote.voter).chain(unverified).any(excluded)
    }

    /// Keeps a vote whose signature nobody has looked at.
    pub fn defer(&mut self, vote: Vote) {
        self.unverified.insert((vote.statement.kind(), vote.voter), vote);
    }

    /// Takes out the unverified votes of a member.
    pub fn take_unverified_of(&mut self, member: MemberIndex) -> Vec<Vote> {
        KINDS.iter().filter_map(|kind| self.unverified.remove(&(*kind, member))).collect()
    }

    /// Takes out so many unverified votes for a statement as complete a quorum with the verified ones; none if there
    /// are not so many.
    pub fn take_unverified_for(&mut self, statement: &Statement, quorum: usize) -> Vec<Vote> {
        let missing = quorum.saturating_sub(self.support(statement));
        let same = self.unverified.iter().filter(|(_, vote)| vote.statement == *statement);
        let keys: Vec<_> = same.map(|(key, _)| *key).take(missing).collect();
        if keys.len() < missing {
            return Vec::new();
        }
        keys.iter().filter_map(|key| self.unverified.remove(key)).collect()
    }

    /// How many verified votes there are for a statement.
    fn support(&self, statement: &Statement) -> usize {
        self.votes.values().filter(|vote| vote.statement == *statement).count()
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
        if self.support(statement) < quorum {
            return None;
        }
        let same = self.votes.values().filter(|vote| vote.statement == *statement);
        Some(Certificate::new(cycle, *statement, same.map(|vote| (vote.voter, vote.signature))))
    }
}

/// The views not final yet.
pub(super) type Views = BTreeMap<View, ViewState>;
