//! What follows when blocks are final, and when views and cycles begin.

use std::{sync::Arc, time::Instant};

use super::{Driver, Fatal, needs::HELD_MINIS};
use crate::{
    chain::Committee,
    codec::Encode,
    consensus::{Committed, Message, Timer, core::CATCH_UP_BLOCKS},
    execution::FinalBlock,
    node::{NodeStatus, Submitted, awaiting::Awaiting, event::Job, pull::Order},
    storage::JournalError,
    types::{BlockHash, Height, MemberIndex, Turn},
};

impl Driver {
    /// Tells those who wait for a transaction, and those who follow the chain.
    pub(super) fn publish(&mut self, block: &Arc<FinalBlock>) {
        for (index, (tx, receipt)) in (0u32..).zip(block.receipts()) {
            for reply in self.waiters.remove(&tx).unwrap_or_default() {
                let submitted = Submitted { tx, height: block.height(), index, receipt: receipt.clone() };
                let _ = reply.send(Ok(submitted));
            }
        }
        let status = NodeStatus::Running { height: block.height(), view: self.core.view() };
        self.status.send_replace(status);
        let _ = self.blocks.send(Arc::clone(block));
    }

    pub(super) fn finalize(&mut self, blocks: Vec<Committed>) -> Result<(), Fatal> {
        let mut doubtful = Vec::new();
        for committed in &blocks {
            self.journal.finalize(committed)?;
            for tx in committed.block.tx_hashes() {
                self.held_txs.remove(&tx);
            }
            self.lanes.flight.land(committed.block.header.view);
            let (ripening, flight) = (self.lanes.ripening(self.me), &self.lanes.flight);
            doubtful = self.lanes.pool.settle(&committed.block, flight, ripening);
            doubtful.extend(self.mempool.settle(&committed.block, |tx| flight.contains(tx)));
            self.upkeep.settle(&committed.block);
        }
        let schedule = self.genesis.schedule();
        if blocks.iter().any(|committed| schedule.is_last(committed.block.header.height)) {
            // A snapshot of it will be written, and must not be there without it.
            self.journal.sync()?;
        }
        self.give(Job::Commit(blocks));
        if !doubtful.is_empty() {
            self.give(Job::Recheck(doubtful));
        }
        Ok(())
    }

    pub(super) fn send_final(&mut self, to: MemberIndex, block: &BlockHash) -> Result<(), Fatal> {
        let Some(height) = self.journal.height_of(block) else { return Ok(()) };
        let block = match self.journal.block(height) {
            // Of the base there is the header only: others are asked.
            Err(JournalError::BeforeBase { .. }) => return Ok(()),
            read => read?,
        };
        if let Some((block, _)) = block {
            self.transport.send(to, &Message::Block(Arc::new(block)).to_bytes().into());
        }
        Ok(())
    }

    /// Gives a member that is behind a step towards the newest block, and not beyond its cycle.
    pub(super) fn send_finality(&mut self, to: MemberIndex, after: Height) -> Result<(), Fatal> {
        let schedule = self.genesis.schedule();
        let last = schedule.last(schedule.cycle(after.next()));
        let step = Height::new(after.get().saturating_add(CATCH_UP_BLOCKS)).min(last);
        if let Some(certificate) = self.journal.finality(step, last)? {
            self.transport.send(to, &Message::Certificate(certificate).to_bytes().into());
        }
        Ok(())
    }

    pub(super) fn began(&mut self, committee: Arc<Committee>) -> Result<(), Fatal> {
        tracing::info!(member = %self.me, cycle = %committee.cycle(), members = committee.size(), "a cycle begins");
        let seated =
            committee.key(self.me).is_some_and(|key| self.keys.iter().any(|own| own.public() == *key));
        self.mempool.begin(committee.size(), seated);
        self.upkeep.begin(Arc::clone(&committee));
        self.instruct(Order::Members(committee.members().collect()));
        self.lanes.begin(Arc::clone(&committee));
        self.held_minis = Awaiting::new(HELD_MINIS);
        self.committee = committee;
        let mut effects = Vec::new();
        for (from, proposal) in self.lanes.early.take() {
            self.receive_compact(from, proposal, &mut effects);
        }
        self.apply(effects)
    }

    pub(super) fn entered(&mut self, turn: Turn, nullified: bool) -> Result<(), Fatal> {
        self.timers.retain(|timer, _| !is_past(timer, turn));
        let core = &self.core;
        self.lanes.flight.give_up_before(turn.view, |view| core.is_notarized(view));
        if nullified {
            self.meters.nullified();
        } else {
            // The block that was due is on its way.
            self.idle_due = self.next_idle();
        }
        self.release_past(turn)
    }

    /// When an empty block is due, counted from now.
    pub(super) fn next_idle(&self) -> Option<Instant> {
        let after = if self.waits { Some(self.idle_interval) } else { self.heartbeat };
        after.map(|after| Instant::now() + after)
    }
}

fn is_past(timer: &Timer, turn: Turn) -> bool {
    match timer {
        Timer::Proposal(of) | Timer::View(of) | Timer::Idle(of) | Timer::Resend(of) => *of < turn,
        Timer::Fetch(_) | Timer::Status | Timer::Relay(_) => false,
    }
}
