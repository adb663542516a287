//! The protocol as a model: which votes may follow which.

use stateright::{Model, Property};

use super::{
    blocks::{Block, Place, has, tree},
    properties,
    rules::{Rule, Rules},
    state::{HONEST, Member, State, Votes},
};

/// The protocol through some views, with all rules but perhaps one.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// All blocks that there can be.
    pub tree: Vec<Place>,
    /// How many views.
    pub views: usize,
    /// The rules.
    pub rules: Rules,
    /// Whether states tell in which order a member gave up a view and notarized in it. No rule but R3 asks.
    pub ordered: bool,
}

/// What an honest member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Votes for a block.
    Notarize(usize, Block),
    /// Gives up a view.
    Nullify(usize, usize),
    /// Finalizes a block.
    Finalize(usize, Block),
    /// Makes durable what it has said. Needed only when it was not durable before.
    Persist(usize),
    /// Crashes, and remembers what is durable.
    Crash(usize),
}

impl Protocol {
    /// A model of so many views.
    pub fn new(views: usize, dropped: Option<Rule>) -> Self {
        Self { tree: tree(views), views, rules: Rules { dropped }, ordered: true }
    }

    /// Of two blocks that differ in nothing but their names, the first to be voted for is called the first.
    fn is_named(&self, state: &State, block: Block) -> bool {
        let sibling = self.tree[block].sibling;
        sibling > block || state.members.iter().any(|member| has(member.sent.notarized, sibling))
    }

    fn votes_of(&self, state: &State, at: usize, steps: &mut Vec<Step>) {
        let member = &state.members[at];
        for block in 0..self.tree.len() {
            let named = self.is_named(state, block);
            if named && self.rules.may_notarize(&self.tree, state, member, block) {
                steps.push(Step::Notarize(at, block));
            }
            if self.rules.may_finalize(&self.tree, state, member, block) {
                steps.push(Step::Finalize(at, block));
            }
        }
        let views = (0..self.views).filter(|view| self.rules.may_nullify(&self.tree, member, *view));
        steps.extend(views.map(|view| Step::Nullify(at, view)));
    }

    /// R6: what is sent is durable.
    fn say(&self, member: &mut Member, say: impl Fn(&mut Votes)) {
        say(&mut member.memory);
        if self.rules.keep(Rule::R6) {
            member.durable = member.memory;
        }
        say(&mut member.sent);
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for at in 0..HONEST {
            let member = &state.members[at];
            // Of members that have said the same, one is as good as another.
            if at > 0 && state.members[at - 1] == *member {
                continue;
            }
            self.votes_of(state, at, steps);
            if member.durable != member.memory {
                steps.push(Step::Persist(at));
            }
            steps.push(Step::Crash(at));
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        let (Step::Notarize(at, _)
        | Step::Nullify(at, _)
        | Step::Finalize(at, _)
        | Step::Persist(at)
        | Step::Crash(at)) = step;
        let member = &mut next.members[at];
        match step {
            Step::Notarize(_, block) => {
                if self.ordered && member.sent.gave_up(self.tree[block].view) {
                    member.late |= 1 << block;
                }
                self.say(member, |votes| votes.notarized |= 1 << block);
            }
            Step::Nullify(_, view) => self.say(member, |votes| votes.nullified |= 1 << view),
            Step::Finalize(_, block) => self.say(member, |votes| votes.finalized |= 1 << block),
            Step::Persist(_) => member.durable = member.memory,
            Step::Crash(_) => member.memory = member.durable,
        }
        Some(next.arranged())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self.rules.dropped, self.ordered)
    }
}
