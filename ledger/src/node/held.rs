//! Proposals that wait outside of the core until everything they need is here.
//!
//! The core sees whole blocks. A proposal travels without the bodies of mini-blocks; one of which some are missing is held
//! back here while they are asked for: from whoever sent it, then from those who have signed receipts, then from all in
//! turn. If they never come, the core's own timer gives the view up (R5).
//!
//! Bounded: two proposals a view, signed by its leader, of the few views that the core would look at; two of the next
//! cycle from each sender, eight in all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    chain::Committee,
    consensus::{CompactProposal, Proposal, message::MAX_MINIS_ASKED},
    lanes::MiniBlock,
    types::{BlockHash, Cycle, MemberIndex, MiniHash, View},
};

/// Proposals of one view: two prove that their leader broke a rule.
const PROPOSALS_OF_VIEW: usize = 2;
const EARLY_OF_SENDER: usize = 2;
const EARLY: usize = 8;

struct Waiting {
    from: MemberIndex,
    proposal: CompactProposal,
    names: Vec<MiniHash>,
    bodies: BTreeMap<MiniHash, Arc<MiniBlock>>,
    asked: usize,
    due: Duration,
}

/// Proposals that wait for mini-blocks.
#[derive(Default)]
pub struct HeldProposals {
    waiting: BTreeMap<(View, BlockHash), Waiting>,
    early: VecDeque<(MemberIndex, CompactProposal)>,
}

impl HeldProposals {
    /// Holds a proposal of the next cycle back until that begins.
    pub fn keep_early(&mut self, from: MemberIndex, proposal: CompactProposal) {
        let of_sender = self.early.iter().filter(|(sender, _)| *sender == from).count();
        let known = self.early.iter().any(|(_, kept)| *kept == proposal);
        if !known && of_sender < EARLY_OF_SENDER && self.early.len() < EARLY {
            self.early.push_back((from, proposal));
        }
    }

    /// A cycle begins: what was of the one before is over, and what came early is to be looked at.
    pub fn begin(&mut self, cycle: Cycle) -> Vec<(MemberIndex, CompactProposal)> {
        self.waiting.clear();
        let early = std::mem::take(&mut self.early);
        early.into_iter().filter(|(_, proposal)| proposal.header.cycle == cycle).collect()
    }

    /// Whether a proposal is held already, or as many of its view as may be.
    pub fn refuses(&self, view: View, block: BlockHash) -> bool {
        let of_view = self.waiting.keys().filter(|(of, _)| *of == view).count();
        self.waiting.contains_key(&(view, block)) || of_view >= PROPOSALS_OF_VIEW
    }

    /// Takes a proposal whose leader's signature was verified; gives it back whole if nothing is missing.
    pub fn hold(
        &mut self,
        from: MemberIndex,
        proposal: CompactProposal,
        names: Vec<MiniHash>,
        bodies: BTreeMap<MiniHash, Arc<MiniBlock>>,
        due: Duration,
    ) -> Option<Proposal> {
        let key = (proposal.view, proposal.header.hash());
        let waiting = Waiting { from, proposal, names, bodies, asked: 0, due };
        if waiting.missing().next().is_none() {
            return waiting.whole();
        }
        self.waiting.insert(key, waiting);
        None
    }

    /// Whether a held proposal needs this mini-block.
    pub fn wants(&self, name: &MiniHash) -> bool {
        self.waiting.values().any(|waiting| waiting.missing().any(|missing| missing == name))
    }

    /// A verified mini-block is here. The proposals that are whole now.
    pub fn supply(&mut self, name: MiniHash, mini: &Arc<MiniBlock>) -> Vec<(MemberIndex, Proposal)> {
        let mut ready = Vec::new();
        for (key, waiting) in &mut self.waiting {
            if waiting.names.contains(&name) {
                waiting.bodies.insert(name, Arc::clone(mini));
                if waiting.missing().next().is_none() {
                    ready.push(*key);
                }
            }
        }
        let whole = ready.iter().filter_map(|key| self.waiting.remove(key));
        whole.filter_map(|waiting| Some((waiting.from, waiting.whole()?))).collect()
    }

    /// What is to be asked of whom by now; asked again after `patience`.
    pub fn ask(
        &mut self,
        now: Duration,
        patience: Duration,
        committee: &Committee,
        me: MemberIndex,
    ) -> Vec<(MemberIndex, Vec<MiniHash>)> {
        let mut asks = Vec::new();
        for waiting in self.waiting.values_mut().filter(|waiting| waiting.due <= now) {
            let missing: Vec<_> = waiting.missing().copied().take(MAX_MINIS_ASKED).collect();
            asks.extend(waiting.whom(committee, me).map(|whom| (whom, missing)));
            waiting.asked += 1;
            waiting.due = now + patience;
        }
        asks
    }

    /// When something is to be asked next.
    pub fn next_due(&self) -> Option<Duration> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// Drops what is of earlier views.
    pub fn forget(&mut self, view: View) {
        self.waiting.retain(|(of, _), _| *of >= view);
    }

    /// Whether a proposal of this view is held back.
    pub fn holds(&self, view: View) -> bool {
        self.waiting.keys().any(|(of, _)| *of == view)
    }
}

impl Waiting {
    fn missing(&self) -> impl Iterator<Item = &MiniHash> {
        self.names.iter().filter(|name| !self.bodies.contains_key(name))
    }

    /// Whom to ask next.
    fn whom(&self, committee: &Committee, me: MemberIndex) -> Option<MemberIndex> {
        let lanes = self.proposal.lanes.iter().zip(&self.names);
        let needed = lanes.filter(|(_, name)| !self.bodies.contains_key(name)).map(|(lane, _)| lane);
        let vouching = needed.flat_map(|lane| {
            let signers = lane.receipts.iter().map(|(signer, _)| *signer);
            std::iter::once(lane.header.author).chain(signers)
        });
        let mut order = vec![self.from];
        for member in vouching.chain(committee.members()) {
            if committee.contains(member) && !order.contains(&member) {
                order.push(member);
            }
        }
        order.retain(|member| *member != me);
        order.get(self.asked % order.len().max(1)).copied()
    }

    fn whole(self) -> Option<Proposal> {
        let minis: Option<Vec<_>> = self.names.iter().map(|name| self.bodies.get(name)).collect();
        Some(self.proposal.whole(minis?.into_iter().map(AsRef::as_ref)))
    }
}
