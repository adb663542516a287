//! What names bodies that are not here is held back until they are (R5): transactions from the blocks, mini-blocks from
//! being checked, proposals from the core. The core's own timer gives up a view whose proposal does not become whole in
//! time.

use std::{collections::BTreeSet, sync::Arc};

use super::{Driver, Fatal, proposals::Compact};
use crate::{
    application::Refusal,
    consensus::{Effect, Input, Message, Proposal},
    lanes::{MiniBlock, route},
    node::{
        awaiting::Need,
        mempool::{Check, Part},
        pull::{Order, Urgency},
    },
    types::{MemberIndex, MiniHash, Turn, TxHash},
};

/// Most transactions that wait for what they name.
pub(in crate::node) const HELD_TRANSACTIONS: usize = 4096;
/// Most mini-blocks that do. Beyond, they are tried again later.
pub(in crate::node) const HELD_MINIS: usize = 1024;
/// Most proposals that do. Honest leaders propose in their own view, so that there are one or two.
pub(in crate::node) const HELD_PROPOSALS: usize = 8;
/// Proposals of views further ahead are not held back.
const VIEWS_AHEAD: u64 = 4;
/// Most blobs that a transaction from another member may lack.
const NEEDS_OF_A_TRANSACTION: usize = 16;

/// A proposal that waits.
pub(in crate::node) enum HeldProposal {
    /// For mini-blocks that it names.
    Compact(Compact),
    /// For what its transactions name; and who sent it.
    Whole(MemberIndex, Proposal),
}

impl Driver {
    /// Gives the thread that gets blobs an order. It takes them faster than they come, or they are repeated.
    pub(super) fn instruct(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!(member = %self.me, "too much is asked for at once: a message about blobs is dropped");
        }
    }

    /// Takes a transaction from another member into the pool.
    pub(super) fn receive_tx(&mut self, from: MemberIndex, tx: Arc<[u8]>) {
        let hash = TxHash::of(&tx);
        if self.executor.locate(&hash).is_ok_and(|place| place.is_some()) {
            return;
        }
        let whole = self.mempool.contains(&hash) && !self.held_txs.contains(&hash);
        if self.mempool.insert(hash, Arc::clone(&tx), from, Part::Mine(Check::New)).is_err() {
            tracing::debug!(%from, "pool is full: transaction dropped");
        } else if !whole {
            self.hold_incomplete(hash, &tx, from);
        }
    }

    /// Keeps a transaction of the pool from the blocks while it names something that is not here.
    pub(super) fn hold_incomplete(&mut self, hash: TxHash, tx: &[u8], from: MemberIndex) {
        let needs = self.lacking(tx);
        let complete = needs.is_empty();
        if complete {
            self.held_txs.remove(&hash);
        } else if needs.len() > NEEDS_OF_A_TRANSACTION || !self.held_txs.hold(hash, (), needs.clone()) {
            tracing::debug!(%from, "a transaction that lacks too much is dropped");
            return self.drop_tx(hash);
        }
        self.mempool.set_complete(hash, complete);
        self.ask(needs, Urgency::Transaction, from);
    }

    /// Keeps a mini-block from being checked, and from the blocks, while its transactions name something that is not here.
    pub(super) fn hold_incomplete_mini(&mut self, name: MiniHash, mini: &MiniBlock) {
        let needs: BTreeSet<_> = mini.txs.iter().flat_map(|tx| self.lacking(tx)).collect();
        self.lanes.pool.set_complete(&name, needs.is_empty());
        if needs.is_empty() {
            if self.is_to_vouch(mini.header.group) {
                self.lanes.checks.add(mini.header.author, name);
            }
        } else if self.held_minis.hold(name, (), needs.clone()) {
            self.ask(needs, Urgency::Transaction, mini.header.author);
        } else {
            self.lanes.unheld.insert(name);
        }
    }

    /// Whether this member checks the mini-blocks of a group before a block brings them. One that believes receipts leaves
    /// that to the group for a while, if it is large enough.
    fn is_to_vouch(&self, group: u16) -> bool {
        !self.lanes.trusting
            || route::group_of_member(&self.committee, self.me) == Some(group)
            || !route::vouches(&self.committee, group)
    }

    /// Looks again at mini-blocks that could not be held back, for want of room.
    pub(super) fn hold_again(&mut self) {
        for name in std::mem::take(&mut self.lanes.unheld) {
            if let Some(mini) = self.lanes.pool.get(&name).cloned() {
                self.hold_incomplete_mini(name, &mini);
            }
        }
    }

    /// Gives a proposal to the core, or holds it back while its transactions name something that is not here.
    pub(super) fn receive_proposal(
        &mut self,
        from: MemberIndex,
        proposal: Proposal,
        effects: &mut Vec<Effect>,
    ) {
        let needs = if self.may_wait(&proposal) { self.lacking_of(&proposal) } else { BTreeSet::new() };
        // Whoever sent it: another than the leader might send a true proposal early, to have it found wanting.
        if needs.is_empty() || !proposal.is_signed(&self.committee) {
            return self.propose_to_core(from, proposal, effects);
        }
        let name = (proposal.turn(), proposal.block.hash());
        let leader = self.committee.leader(proposal.view).unwrap_or(from);
        if self.held_proposals.contains(&name) || !self.has_room_for(name.0) {
            return;
        }
        tracing::debug!(view = %proposal.view, needs = needs.len(), "a proposal waits for what it names");
        if self.held_proposals.hold(name, HeldProposal::Whole(from, proposal), needs.clone()) {
            self.ask(needs, Urgency::Proposal, leader);
        }
    }

    pub(super) fn propose_to_core(
        &mut self,
        from: MemberIndex,
        proposal: Proposal,
        effects: &mut Vec<Effect>,
    ) {
        let message = Message::Propose(proposal);
        effects.extend(self.core.step(Input::Message { from, message }));
    }

    /// Only a proposal that this member may have to vote for waits. One that is proposed again was checked by those who
    /// notarized it.
    fn may_wait(&self, proposal: &Proposal) -> bool {
        self.is_ahead(proposal.turn()) && !proposal.is_again()
    }

    /// Whether a view is the current one, or one of the next few.
    pub(super) fn is_ahead(&self, turn: Turn) -> bool {
        let now = self.core.turn();
        let near = now.view.get()..=now.view.get().saturating_add(VIEWS_AHEAD);
        turn.cycle == now.cycle && near.contains(&turn.view.get())
    }

    /// Two proposals of one view wait at most: they are evidence; a third says nothing more. Of too many, the furthest ahead
    /// gives way.
    pub(super) fn has_room_for(&mut self, turn: Turn) -> bool {
        if self.held_proposals.names().filter(|(of, _)| *of == turn).count() >= 2 {
            return false;
        }
        let full = self.held_proposals.names().count() >= HELD_PROPOSALS;
        let last = self.held_proposals.names().next_back().copied();
        match last {
            Some(last) if full && last.0 > turn => self.held_proposals.remove(&last).is_some(),
            _ => !full,
        }
    }

    /// Whether the proposal of this view waits: there is something to do in the view, or it would last.
    pub(super) fn is_held_up(&self) -> bool {
        let now = self.core.turn();
        self.held_proposals.names().any(|(turn, _)| *turn == now)
    }

    /// Something has come: whatever waited for it and needs nothing more is looked at again.
    pub(super) fn arrived(&mut self, need: &Need, effects: &mut Vec<Effect>) {
        for (hash, ()) in self.held_txs.arrived(need) {
            if let Some(tx) = self.mempool.get(&hash) {
                self.hold_incomplete(hash, &tx, self.me);
            }
        }
        for (name, ()) in self.held_minis.arrived(need) {
            if let Some(mini) = self.lanes.pool.get(&name).cloned() {
                self.hold_incomplete_mini(name, &mini);
            }
        }
        for (_, held) in self.held_proposals.arrived(need) {
            match held {
                HeldProposal::Whole(from, proposal) => self.receive_proposal(from, proposal, effects),
                HeldProposal::Compact(compact) => self.complete(compact, effects),
            }
        }
    }

    /// Something does not come. A proposal that needs it waits for the end of its view.
    pub(super) fn gave_up(&mut self, need: &Need) {
        for (hash, ()) in self.held_txs.abandon(need) {
            tracing::warn!(%hash, ?need, "nobody has what a transaction names: it is dropped");
            self.drop_tx(hash);
        }
        // What else is in the mini-block need not wait for it. Should a block take it, it is asked for.
        for (name, ()) in self.held_minis.abandon(need) {
            tracing::debug!(?need, "nobody has what a mini-block names: it is dropped");
            self.lanes.pool.drop_mini(&name);
        }
    }

    fn drop_tx(&mut self, hash: TxHash) {
        let refusal = Refusal::new("ledger.unavailable", "the node has not got what this transaction names");
        self.refuse(vec![(hash, refusal)]);
    }

    /// Proposals of views that are over go to the core as they are: it needs them if others have notarized them. Those that
    /// lack mini-blocks are of no use to it: it asks for the block.
    pub(super) fn release_past(&mut self, turn: Turn) -> Result<(), Fatal> {
        let first = (turn, crate::types::BlockHash::from_bytes([0; 32]));
        let mut effects = Vec::new();
        for (_, held) in self.held_proposals.take_before(first) {
            if let HeldProposal::Whole(from, proposal) = held {
                self.propose_to_core(from, proposal, &mut effects);
            }
        }
        if effects.is_empty() { Ok(()) } else { self.apply(effects) }
    }

    fn ask(&self, needs: BTreeSet<Need>, urgency: Urgency, from: MemberIndex) {
        for need in needs {
            // Mini-blocks are asked for when they have had time to come.
            if let Need::Blob(blob) = need {
                self.instruct(Order::Want { blob, urgency, from });
            }
        }
    }

    /// Of a transaction that waits in the pool all is here, unless it is held.
    fn lacking_of(&self, proposal: &Proposal) -> BTreeSet<Need> {
        let whole = |hash: &TxHash| self.mempool.contains(hash) && !self.held_txs.contains(hash);
        let txs = proposal.block.tx_hashes().into_iter().zip(&proposal.block.txs);
        txs.filter(|(hash, _)| !whole(hash)).flat_map(|(_, tx)| self.lacking(tx)).collect()
    }

    /// What a transaction names and is not here.
    fn lacking(&self, tx: &[u8]) -> BTreeSet<Need> {
        let named = self.executor.attachments(tx).into_iter();
        let here = |blob: &crate::types::BlobHash| {
            self.blobs.has(blob).unwrap_or_else(|error| {
                tracing::warn!(%blob, %error, "the blob store cannot be read");
                false
            })
        };
        named.filter(|blob| !here(blob)).map(Need::Blob).collect()
    }
}
