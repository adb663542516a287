//! The rules, each of which can be dropped.

use super::{
    blocks::{Block, Place, has, of_view},
    state::{Member, State},
};

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At most one Notarize in a view.
    R1,
    /// Notarize only on a notarized parent, every view between nullified.
    R2,
    /// No Notarize after Nullify.
    R3,
    /// Finalize and Nullify exclude each other.
    R4,
    /// A vote is durable before it is sent.
    R6,
    /// A certificate has n − f signers. Dropped: one fewer.
    R7,
}

/// The rules that are kept.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The one that is not.
    pub dropped: Option<Rule>,
}

impl Rules {
    /// Whether a rule is kept.
    pub fn keep(&self, rule: Rule) -> bool {
        self.dropped != Some(rule)
    }

    /// Signers of a certificate: of four, three.
    pub fn quorum(&self) -> usize {
        if self.keep(Rule::R7) { 3 } else { 2 }
    }

    /// Whether a member may notarize a block. It knows its own votes by memory alone.
    pub fn may_notarize(&self, tree: &[Place], state: &State, member: &Member, block: Block) -> bool {
        let Place { view, .. } = tree[block];
        let once = member.memory.notarized & of_view(tree, view) == 0;
        let again = has(member.memory.notarized, block);
        let gave_up = member.memory.gave_up(view);
        !again
            && (once || !self.keep(Rule::R1))
            && (!gave_up || !self.keep(Rule::R3))
            && (self.follows(tree, state, block) || !self.keep(Rule::R2))
    }

    /// R2.
    fn follows(&self, tree: &[Place], state: &State, block: Block) -> bool {
        let Place { view, parent, .. } = tree[block];
        let first = parent.map_or(0, |parent| tree[parent].view + 1);
        parent.is_none_or(|parent| state.is_notarized(self, parent))
            && (first..view).all(|between| state.is_nullified(self, between))
    }

    /// Whether a member may give up a view.
    pub fn may_nullify(&self, tree: &[Place], member: &Member, view: usize) -> bool {
        let finalized = member.memory.finalized & of_view(tree, view) != 0;
        !member.memory.gave_up(view) && (!finalized || !self.keep(Rule::R4))
    }

    /// Whether a member may finalize a block: one in a view, and notarized.
    pub fn may_finalize(&self, tree: &[Place], state: &State, member: &Member, block: Block) -> bool {
        let view = tree[block].view;
        member.memory.finalized & of_view(tree, view) == 0
            && (!member.memory.gave_up(view) || !self.keep(Rule::R4))
            && state.is_notarized(self, block)
    }
}
