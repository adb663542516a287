//! What honest members may put on the wire: R1 to R4, R6 and R7, seen from outside by somebody who sees everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use galen_ledger::{
    MemberIndex, View,
    chain::{Certificate, Committee, Header, Statement, StatementKind, Vote},
    consensus::Proposal,
    types::{BlockHash, Cycle, Turn},
};

use super::{invariants::Violation, node::Node};

/// What was said so far.
#[derive(Default)]
pub struct Wire {
    /// Bad members: they may have said anything.
    bad: usize,
    /// Votes of honest members.
    sent: BTreeMap<(MemberIndex, Turn, StatementKind), Statement>,
    /// Which honest members have said something, or made it durable: a leader counts its own vote before others hear it.
    said: BTreeMap<(Turn, Statement), BTreeSet<MemberIndex>>,
    /// In which order honest members have cast their votes. A leader may pass on its own after one that it cast later.
    cast: BTreeMap<(MemberIndex, Turn, StatementKind), usize>,
    /// The committee of each cycle.
    committees: BTreeMap<Cycle, Arc<Committee>>,
    /// Blocks that were proposed.
    blocks: BTreeMap<BlockHash, Header>,
    /// Votes that a crash would leave, of each machine.
    durable: BTreeMap<usize, BTreeSet<(Turn, Statement)>>,
}

impl Wire {
    /// Nothing was said; so many members are bad.
    pub fn new(bad: usize) -> Self {
        Self { bad, ..Self::default() }
    }

    /// A cycle began with this committee.
    pub fn began(&mut self, committee: &Arc<Committee>) {
        self.committees.entry(committee.cycle()).or_insert_with(|| Arc::clone(committee));
    }

    /// A block was proposed, by whomever.
    pub fn proposed(&mut self, proposal: &Proposal) {
        self.blocks.entry(proposal.block.hash()).or_insert_with(|| proposal.block.header.clone());
    }

    /// A machine made this vote durable.
    pub fn persisted(&mut self, machine: usize, vote: &Vote) {
        let said = (vote.turn(), vote.statement);
        self.durable.entry(machine).or_default().insert(said);
        self.said.entry(said).or_default().insert(vote.voter);
        self.casts(vote);
    }

    fn casts(&mut self, vote: &Vote) -> usize {
        let next = self.cast.len();
        *self.cast.entry((vote.voter, vote.turn(), vote.statement.kind())).or_insert(next)
    }

    /// R6: whether a vote that is sent would outlive a crash.
    pub fn is_durable(&self, machine: usize, vote: &Vote) -> Option<Violation> {
        let said = (vote.turn(), vote.statement);
        let durable = self.durable.get(&machine).is_some_and(|votes| votes.contains(&said));
        (!durable).then(|| format!("R6: {} sends a vote that is not durable: {:?}", vote.voter, said.1))
    }

    /// A machine started again, and should know what it has said of views that are not final. It may also find votes
    /// that it had written and not yet synchronised, and says them now.
    pub fn restarted(&mut self, machine: usize, node: &Node) -> Option<Violation> {
        let known: BTreeSet<_> = node.recovered.iter().map(|vote| (vote.turn(), vote.statement)).collect();
        self.durable.entry(machine).or_default().extend(known.iter().copied());
        for vote in &node.recovered {
            self.said.entry((vote.turn(), vote.statement)).or_default().insert(node.index);
            self.casts(vote);
        }
        let tip = Turn { cycle: node.core.committee().cycle(), view: node.core.tip().view };
        let mine = self.sent.iter().filter(|((voter, turn, _), _)| *voter == node.index && *turn > tip);
        let forgotten = mine.map(|((_, turn, _), said)| (*turn, *said)).find(|said| !known.contains(said))?;
        Some(format!("R6: {} has forgotten {forgotten:?}", node.index))
    }

    /// An honest member votes: R1 to R4.
    pub fn votes(&mut self, vote: &Vote) -> Option<Violation> {
        use StatementKind::{Finalize, Notarize, Nullify};
        let (turn, said, kind) = (vote.turn(), vote.statement, vote.statement.kind());
        let cast = self.casts(vote);
        let earlier = |kind| self.cast.get(&(vote.voter, turn, kind)).is_some_and(|other| *other <= cast);
        let before = |kind| self.sent.get(&(vote.voter, turn, kind)).copied();
        let (first, (rule, excluded)) = match kind {
            Notarize => (before(kind), ("R3", before(Nullify).filter(|_| earlier(Nullify)))),
            Finalize => (before(kind), ("R4", before(Nullify))),
            Nullify => (before(kind), ("R4", before(Finalize))),
        };
        if let Some(first) = first {
            let again = first == said;
            return (!again)
                .then(|| format!("R1: {} votes twice in {turn}: {first:?}, {said:?}", vote.voter));
        }
        self.sent.insert((vote.voter, turn, kind), said);
        self.said.entry((turn, said)).or_default().insert(vote.voter);
        if let Some(excluded) = excluded {
            return Some(format!("{rule}: {} says {excluded:?}, then {said:?}", vote.voter));
        }
        let follows = match said {
            Statement::Notarize { block, .. } => self.follows(turn, &block),
            Statement::Finalize { view, block, .. } => {
                self.is_possible(vote.cycle, Statement::Notarize { view, block })
            }
            Statement::Nullify { .. } => true,
        };
        (!follows).then(|| format!("R2: {} says {said:?} on nothing", vote.voter))
    }

    /// R2, for a block that was proposed; for others nothing is known.
    fn follows(&self, Turn { cycle, view }: Turn, block: &BlockHash) -> bool {
        let Some(header) = self.blocks.get(block) else { return true };
        let Some(committee) = self.committees.get(&cycle) else { return true };
        let nullified = |after: View| {
            let mut between = (after.get() + 1..view.get()).map(View::new);
            between.all(|view| self.is_possible(cycle, Statement::Nullify { view }))
        };
        let notarized = |view, block| self.is_possible(cycle, Statement::Notarize { view, block });
        if view > header.view {
            let mut earlier = (header.view.get()..view.get()).map(View::new);
            return earlier.any(|earlier| notarized(earlier, *block) && nullified(earlier));
        }
        let parent = header.parent_view;
        (parent == committee.base() || notarized(parent, header.parent)) && nullified(parent)
    }

    /// Whether there can be a certificate for a statement: if all who are bad have signed it.
    fn is_possible(&self, cycle: Cycle, statement: Statement) -> bool {
        let Some(committee) = self.committees.get(&cycle) else { return true };
        let turn = Turn { cycle, view: statement.view() };
        let honest = self.said.get(&(turn, statement)).map_or(0, BTreeSet::len);
        honest + self.bad >= committee.quorum()
    }

    /// R7: an honest member shows a certificate.
    pub fn certifies(&self, certificate: &Certificate) -> Option<Violation> {
        let statement = *certificate.statement();
        let possible = self.is_possible(certificate.turn().cycle, statement);
        (!possible).then(|| format!("R7: a certificate that nobody can have: {statement:?}"))
    }
}
