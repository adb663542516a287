//! What must hold after every step, whatever the seed.

use std::{collections::BTreeMap, sync::Arc};

use galen_ledger::{
    Height, MemberIndex,
    chain::{Certificate, Committee, Vote},
    consensus::{Committed, Proposal, core::CATCH_UP_BLOCKS},
    types::{BlockHash, OutcomeHash},
};

use super::{node::Node, wire::Wire};

/// Something that must not happen, in words.
pub type Violation = String;

/// How much is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// Only what the members make final: how soon a bug becomes a fork.
    Forks,
    /// What can be seen on the wire as well, but not whether it was durable.
    Wire,
    /// Everything.
    #[default]
    All,
}

/// What honest members have said and made final so far.
#[derive(Default)]
pub struct Invariants {
    watch: Watch,
    /// What was final first at a height, and what executing it gave.
    chain: BTreeMap<Height, (BlockHash, OutcomeHash)>,
    wire: Wire,
    /// Most blocks, and most views, that a core held.
    pub most_held: (usize, usize),
    violation: Option<Violation>,
}

impl Invariants {
    /// Nothing has happened yet; so many members are bad.
    pub fn new(watch: Watch, bad: usize) -> Self {
        Self { watch, wire: Wire::new(bad), ..Self::default() }
    }

    /// The first violation.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Remembers a violation, if it is the first.
    pub fn violate(&mut self, what: impl Into<Violation>) {
        self.violation.get_or_insert_with(|| what.into());
    }

    /// Remembers one that is looked for from this watch on.
    pub fn note(&mut self, watch: Watch, violation: Option<Violation>) {
        if let Some(violation) = violation.filter(|_| self.watch >= watch) {
            self.violate(violation);
        }
    }

    /// A cycle began with this committee.
    pub fn began(&mut self, committee: &Arc<Committee>) {
        self.wire.began(committee);
    }

    /// A block was proposed, by whomever.
    pub fn proposed(&mut self, proposal: &Proposal) {
        self.wire.proposed(proposal);
    }

    /// A machine made this vote durable.
    pub fn persisted(&mut self, machine: usize, vote: &Vote) {
        self.wire.persisted(machine, vote);
    }

    /// An honest member puts a vote of its own on the wire.
    pub fn votes(&mut self, machine: usize, vote: &Vote) {
        let durable = self.wire.is_durable(machine, vote);
        self.note(Watch::All, durable);
        let broken = self.wire.votes(vote);
        self.note(Watch::Wire, broken);
    }

    /// An honest member shows a certificate.
    pub fn certifies(&mut self, certificate: &Certificate) {
        let broken = self.wire.certifies(certificate);
        self.note(Watch::Wire, broken);
    }

    /// The machine of an honest member started again.
    pub fn restarted(&mut self, machine: usize, node: &Node) {
        let forgotten = self.wire.restarted(machine, node);
        self.note(Watch::All, forgotten);
    }

    /// Blocks are final at an honest member: agreement, and one outcome.
    pub fn finalized(&mut self, by: MemberIndex, blocks: &[Committed]) {
        for committed in blocks {
            let height = committed.block.header.height;
            let this = (committed.block.hash(), committed.outcome.hash());
            let before = height.get().checked_sub(1).filter(|before| *before > 0).map(Height::new);
            let parent = before.map(|before| self.chain.get(&before).map(|(block, _)| *block));
            let follows = parent.is_none_or(|parent| parent == Some(committed.block.header.parent));
            let first = *self.chain.entry(height).or_insert(this);
            if first != this || !follows {
                self.violate(format!("fork at height {height}: {first:?}, and {this:?} at {by}"));
            }
        }
    }

    /// After a step of an honest member: its memory is bounded by what is not final.
    pub fn stepped(&mut self, node: &Node) {
        let core = &node.core;
        let (held, views) = (core.held(), core.open_views());
        self.most_held = (self.most_held.0.max(held), self.most_held.1.max(views));
        // Votes of the next ten views are kept, and certificates of later ones.
        let open = core.view().get().saturating_sub(core.tip().view.get()) as usize;
        let catching_up = 2 * CATCH_UP_BLOCKS as usize;
        let bounded = views <= open + 20 && held <= catching_up + 2 * views;
        let too_much = (!bounded).then(|| format!("{} holds {views} views, {held} blocks", node.index));
        self.note(Watch::All, too_much);
    }

    /// The height that somebody honest has reached.
    pub fn height(&self) -> u64 {
        self.chain.last_key_value().map_or(0, |(height, _)| height.get())
    }
}
