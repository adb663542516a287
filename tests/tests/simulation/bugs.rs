//! Bugs on purpose, to see that the simulation finds them.
//!
//! The core has no switches for this. A saboteur stands beside the core of every honest member and makes it say or
//! believe what a core without the rule would: it adds the vote that the rule forbids, or completes the certificate that
//! is one signature short. That a vote is sent before it is durable is a matter of the driver, which does it.

use std::collections::{BTreeMap, BTreeSet};

use galen_ledger::{
    MemberIndex,
    chain::{Block, Certificate, Genesis, Statement, StatementKind, Vote},
    consensus::{Effect, Input, Message, Proposal, Record},
    crypto::Signature,
    execution::executor::Clock,
    types::{BlockHash, Turn, View},
};

use super::node::{DELTA, Node, key_of};

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Notarizes a second block in a view.
    TwoNotarizations,
    /// Notarizes a block whatever it follows.
    AnyParent,
    /// Notarizes in a view that it has given up.
    NotarizesAfterGivingUp,
    /// Finalizes in a view that it has given up.
    FinalizesAfterGivingUp,
    /// Sends a vote before it is durable.
    SentBeforeDurable,
    /// A certificate needs one vote fewer.
    ShortQuorum,
}

impl Bug {
    /// All of them, with the rule that each breaks.
    pub const ALL: [(Self, &str); 6] = [
        (Self::TwoNotarizations, "R1"),
        (Self::AnyParent, "R2"),
        (Self::NotarizesAfterGivingUp, "R3"),
        (Self::FinalizesAfterGivingUp, "R4"),
        (Self::SentBeforeDurable, "R6"),
        (Self::ShortQuorum, "R7"),
    ];
}

/// What a broken core would have done besides.
pub enum Extra {
    /// Cast this vote.
    Vote(Statement),
    /// Taken this for a certificate.
    Certificate(Certificate),
}

/// What the saboteur of a member knows.
#[derive(Default)]
pub struct Saboteur {
    said: BTreeSet<(Turn, StatementKind)>,
    notarized: BTreeMap<Turn, BlockHash>,
    nullified: BTreeSet<Turn>,
    proposals: Vec<Proposal>,
    votes: BTreeMap<(Turn, Statement), BTreeMap<MemberIndex, Signature>>,
    completed: BTreeSet<(Turn, Statement)>,
}

impl Saboteur {
    /// What a core with this bug would have done besides, at this step.
    pub fn extra(&mut self, bug: Bug, node: &Node, genesis: &Genesis, now: u64) -> Vec<Extra> {
        match bug {
            Bug::SentBeforeDurable => Vec::new(),
            Bug::ShortQuorum => self.completed(node).into_iter().map(Extra::Certificate).collect(),
            Bug::FinalizesAfterGivingUp => self.finalizations(node).into_iter().map(Extra::Vote).collect(),
            _ => self.notarizations(bug, node, genesis, now).into_iter().map(Extra::Vote).collect(),
        }
    }

    /// Takes notice of an input.
    pub fn hears(&mut self, input: &Input) {
        match input {
            Input::Message { message: Message::Propose(proposal), .. } => {
                self.proposals.push(proposal.clone())
            }
            Input::Message { message: Message::Vote(vote), .. } => self.counts(vote),
            _ => {}
        }
    }

    /// Takes notice of what the core does.
    pub fn sees(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Persist(Record::Vote(vote)) => {
                    self.said.insert((vote.turn(), vote.statement.kind()));
                    self.counts(vote);
                }
                Effect::Persist(Record::Certificate(certificate)) => self.certified(certificate),
                Effect::Broadcast(Message::Propose(proposal)) => self.proposals.push(proposal.clone()),
                _ => {}
            }
        }
    }

    fn certified(&mut self, certificate: &Certificate) {
        match *certificate.statement() {
            Statement::Notarize { block, .. } => drop(self.notarized.insert(certificate.turn(), block)),
            Statement::Nullify { .. } => drop(self.nullified.insert(certificate.turn())),
            Statement::Finalize { .. } => {}
        }
    }

    fn counts(&mut self, vote: &Vote) {
        let votes = self.votes.entry((vote.turn(), vote.statement)).or_default();
        votes.insert(vote.voter, vote.signature);
    }

    fn has_said(&self, turn: Turn, kind: StatementKind) -> bool {
        self.said.contains(&(turn, kind))
    }

    /// Votes for the proposals of the current view that the bug allows, and R5 does.
    fn notarizations(&mut self, bug: Bug, node: &Node, genesis: &Genesis, now: u64) -> Vec<Statement> {
        let turn = node.core.turn();
        self.proposals.retain(|proposal| proposal.turn() >= turn);
        let current =
            self.proposals.iter().filter(|proposal| proposal.turn() == turn && !proposal.is_again());
        let wanted = current.filter(|proposal| {
            let block = &proposal.block;
            let voted = self.has_said(turn, StatementKind::Notarize);
            let gave_up = self.has_said(turn, StatementKind::Nullify);
            let allowed = match bug {
                Bug::TwoNotarizations => voted && !gave_up && self.follows(node, block),
                Bug::AnyParent => !voted && !gave_up,
                _ => !voted && gave_up && self.follows(node, block),
            };
            allowed && block.validate(genesis, node.core.committee()).is_ok() && is_good(node, block, now)
        });
        let votes: Vec<_> =
            wanted.map(|p| Statement::Notarize { view: turn.view, block: p.block.hash() }).collect();
        votes.into_iter().filter(|said| self.completed.insert((turn, *said))).collect()
    }

    /// R2.
    fn follows(&self, node: &Node, block: &Block) -> bool {
        let (cycle, parent) = (node.core.committee().cycle(), block.header.parent_view);
        let at = |view: u64| Turn { cycle, view: View::new(view) };
        let known = self.notarized.get(&at(parent.get())) == Some(&block.header.parent)
            || node.core.tip().block == block.header.parent;
        known && (parent.get() + 1..block.header.view.get()).all(|view| self.nullified.contains(&at(view)))
    }

    fn finalizations(&mut self, node: &Node) -> Vec<Statement> {
        let open = Turn { cycle: node.core.committee().cycle(), view: node.core.tip().view };
        let given_up = self.notarized.iter().filter(|(turn, _)| {
            **turn > open
                && turn.cycle == open.cycle
                && self.has_said(**turn, StatementKind::Nullify)
                && !self.has_said(**turn, StatementKind::Finalize)
        });
        let said = given_up.filter_map(|(turn, block)| {
            let outcome = *node.outcomes.get(block)?;
            Some((*turn, Statement::Finalize { view: turn.view, block: *block, outcome }))
        });
        let said: Vec<_> = said.collect();
        said.into_iter().filter(|said| self.completed.insert(*said)).map(|(_, said)| said).collect()
    }

    /// Certificates that are one signature short: somebody's is put in, who did not sign.
    fn completed(&mut self, node: &Node) -> Vec<Certificate> {
        let committee = node.core.committee();
        let short: Vec<_> = self
            .votes
            .iter()
            .filter(|((turn, _), _)| turn.cycle == committee.cycle() && turn.view > node.core.tip().view)
            .filter(|(_, votes)| votes.len() + 1 == committee.quorum())
            .map(|(said, votes)| (*said, votes.clone()))
            .collect();
        let mut certificates = Vec::new();
        for ((turn, statement), mut votes) in short {
            let silent = committee.members().find(|member| !votes.contains_key(member));
            let Some(silent) = silent.filter(|_| self.completed.insert((turn, statement))) else { continue };
            let vote = Vote::sign(statement, silent, &committee.scope(), &key_of(silent));
            votes.insert(silent, vote.signature);
            certificates.push(Certificate::new(turn.cycle, statement, votes));
        }
        certificates
    }
}

/// R5.
fn is_good(node: &Node, block: &std::sync::Arc<Block>, now: u64) -> bool {
    let clock = Clock { latest_ms: now + DELTA };
    node.executor.execute(block, Some(clock)).is_ok_and(|executed| executed.is_ok())
}
