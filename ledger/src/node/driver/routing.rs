//! Who authors what: transactions go to the members whose part they are, and to the next when those do nothing.

use super::Driver;
use crate::{
    codec::Encode,
    consensus::Message,
    lanes::route,
    node::{
        event::Job,
        mempool::{Check, Part},
    },
    types::{MemberIndex, TxHash},
};

/// So many members are asked to author a transaction, each for Δ, before the one that submitted it does so itself: a
/// group that is captured delays, and cannot censor.
const ASKED: usize = 2;

impl Driver {
    /// Whose part a submitted transaction is, when so many were asked in vain; and whom to send it to.
    pub(super) fn assign(&self, hash: &TxHash, tx: &[u8], attempt: usize) -> (Part, Option<MemberIndex>) {
        let authors = route::authors(&self.committee, &self.executor.conflict_key(tx), hash);
        let seated = self.seat_key().is_some();
        // What was submitted here was checked; what another sent may have been refused by all who were asked.
        let known = attempt == 0 || self.waiters.contains_key(hash);
        let mine = (Part::Mine(if known { Check::Good } else { Check::New }), None);
        let asked = |member| (Part::Asked { attempt, due: self.lanes.now() + self.lanes.patience }, member);
        if seated && (attempt >= ASKED || authors.get(attempt) == Some(&self.me)) {
            return mine;
        }
        if let Some(author) = authors.get(attempt).filter(|_| attempt < ASKED) {
            return asked(Some(*author));
        }
        if seated {
            return mine;
        }
        // Without a seat all that can be done is to ask everybody in turn.
        asked(self.committee.members().nth(attempt % self.committee.size().max(1)))
    }

    /// Asks the next for what is in no mini-block after Δ.
    pub(super) fn ask_others(&mut self) {
        let now = self.lanes.now();
        if now < self.lanes.asking_due {
            return;
        }
        self.lanes.asking_due = now + self.lanes.patience / 4;
        self.hold_again();
        for (hash, attempt) in self.mempool.overdue(now, |tx| self.lanes.is_busy(tx)) {
            let Some(tx) = self.mempool.get(&hash) else { continue };
            let (part, author) = self.assign(&hash, &tx, attempt.saturating_add(1));
            self.mempool.assign(&hash, part);
            if let Some(author) = author {
                self.transport.send(author, &Message::Tx(tx).to_bytes().into());
            }
        }
    }

    /// Has checked what others want this member to author.
    pub(super) fn check_new(&mut self) {
        let new = self.mempool.unchecked(|tx| self.lanes.is_busy(tx));
        if !new.is_empty() {
            self.give(Job::Recheck(new));
        }
    }
}
