//! What a member has said, and never may contradict, whatever others do and however often it crashes.

use std::collections::{BTreeMap, BTreeSet};

use galen_ledger::{
    chain::{Committee, Statement, StatementKind, Vote},
    consensus::{Effect, Message, Record},
    types::{BlockHash, Turn},
};

use super::play::ME;

/// What was said and what is durable.
#[derive(Default)]
pub struct Oath {
    votes: BTreeMap<(Turn, StatementKind), Statement>,
    proposals: BTreeMap<Turn, BlockHash>,
    durable_votes: BTreeSet<(Turn, StatementKind)>,
    durable_blocks: BTreeSet<BlockHash>,
}

impl Oath {
    /// Something is durable.
    pub fn persisted(&mut self, record: &Record) {
        match record {
            Record::Block(block) => drop(self.durable_blocks.insert(block.hash())),
            Record::Vote(vote) => drop(self.durable_votes.insert((vote.turn(), vote.statement.kind()))),
            Record::Certificate(_) => {}
        }
    }

    /// Something is sent.
    pub fn sent(&mut self, effect: &Effect, committee: &Committee) {
        match effect {
            Effect::Send(_, message) | Effect::Broadcast(message) => match message {
                Message::Vote(vote) if vote.voter == ME => self.voted(vote, committee),
                Message::Propose(proposal) if committee.leader(proposal.view) == Some(ME) => {
                    let (turn, hash) = (proposal.turn(), proposal.block.hash());
                    assert_eq!(
                        *self.proposals.entry(turn).or_insert(hash),
                        hash,
                        "two proposals in {turn:?}"
                    );
                    assert!(self.durable_blocks.contains(&hash), "a proposal is sent that is not durable");
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn voted(&mut self, vote: &Vote, committee: &Committee) {
        let (turn, kind) = (vote.turn(), vote.statement.kind());
        assert!(self.durable_votes.contains(&(turn, kind)), "R6: a vote is sent that is not durable");
        let first = self.votes.get(&(turn, kind)).copied();
        if let Some(first) = first {
            assert_eq!(first, vote.statement, "two votes of a kind in {turn:?}");
            return;
        }
        let nullified = self.votes.contains_key(&(turn, StatementKind::Nullify));
        match kind {
            StatementKind::Notarize => {
                assert!(!nullified, "R3: notarized {turn:?} after nullifying it");
                let block = vote.statement.block().expect("of a block");
                assert!(self.durable_blocks.contains(&block), "R6: the block of a vote is not durable");
            }
            StatementKind::Finalize => assert!(!nullified, "R4: finalized {turn:?}, which was nullified"),
            StatementKind::Nullify => {
                let finalized = self.votes.contains_key(&(turn, StatementKind::Finalize));
                assert!(!finalized, "R4: nullified {turn:?}, which was finalized");
            }
        }
        if vote.cycle == committee.cycle() {
            vote.verify(committee).expect("an own vote holds");
        }
        self.votes.insert((turn, kind), vote.statement);
    }

    /// How much was said, roughly.
    pub fn way(&self) -> String {
        let count = |kind| self.votes.keys().filter(|(_, of)| *of == kind).count().min(4);
        let kinds = [StatementKind::Notarize, StatementKind::Nullify, StatementKind::Finalize];
        format!("votes {:?} proposals {}", kinds.map(count), self.proposals.len().min(3))
    }
}
