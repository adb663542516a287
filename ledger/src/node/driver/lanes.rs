//! Mini-blocks and receipts: making them, hearing of them, spreading them.

use std::{collections::BTreeSet, sync::Arc};

use super::{Driver, Fatal};
use crate::{
    application::Refusal,
    codec::Encode,
    consensus::{Effect, Message, Receipts},
    crypto::SecretKey,
    lanes::{MiniBlock, Receipt, Taken, route},
    node::{event::Job, lanes::GATHERING},
    types::{MemberIndex, MiniHash, TxHash},
};

/// Mini-blocks that are sent to all again at a time, and bytes of them.
const MINIS_AGAIN: usize = 32;
const BYTES_AGAIN: usize = 1024 * 1024;

impl Driver {
    /// The key with which this member signs in the current cycle, if it has a seat.
    pub(super) fn seat_key(&self) -> Option<SecretKey> {
        let seated = self.committee.key(self.me)?;
        self.keys.iter().find(|key| key.public() == *seated).cloned()
    }

    fn name(&self, mini: &MiniBlock) -> MiniHash {
        mini.header.hash(&self.committee.scope().chain_id)
    }

    /// Sends when everything written so far is durable.
    pub(super) fn send_durable(&mut self, to: Vec<MemberIndex>, message: &Message) {
        self.lanes.outgoing.push((to, message.to_bytes().into()));
    }

    pub(super) fn send_outgoing(&mut self) {
        for (to, frame) in std::mem::take(&mut self.lanes.outgoing) {
            to.into_iter().filter(|to| *to != self.me).for_each(|to| self.transport.send(to, &frame));
        }
    }

    /// Makes a mini-block of what this member is to author: at once if none of its own is on its way, otherwise when it
    /// has gathered for a moment, or enough.
    pub(super) fn cut_mini(&mut self) -> Result<(), Fatal> {
        let Some(key) = self.seat_key() else { return Ok(()) };
        let Some(group) = route::group_of_member(&self.committee, self.me) else { return Ok(()) };
        let (limits, now) = (self.lanes.limits, self.lanes.now());
        // As large as there is room for: a number is used for what is kept only.
        let room = self.lanes.pool.room_for(self.me);
        let most = (limits.txs.min(room.0), limits.bytes.min(room.1));
        let txs = self.mempool.uncut(most.0, most.1, |tx| self.lanes.is_busy(tx));
        if txs.is_empty() {
            self.lanes.gathering = None;
            return Ok(());
        }
        let since = *self.lanes.gathering.get_or_insert(now);
        let bytes: usize = txs.iter().map(|tx| tx.len()).sum();
        let enough = txs.len() >= most.0 || 2 * bytes >= most.1;
        if self.lanes.pool.has_open(self.me) && !enough && now < since + GATHERING {
            return Ok(());
        }
        self.lanes.gathering = None;
        let number = self.lanes.number(self.committee.cycle()).map_err(Fatal::SignState)?;
        let Some(number) = number else { return Ok(()) };
        let mini = MiniBlock::sign(&self.committee.scope(), (group, self.me), number, txs, &key);
        self.keep_own(Arc::new(mini), &key)
    }

    /// One's own mini-block is in the log before anybody hears of it.
    fn keep_own(&mut self, mini: Arc<MiniBlock>, key: &SecretKey) -> Result<(), Fatal> {
        let (name, hashes) = (self.name(&mini), mini.tx_hashes());
        if self.lanes.pool.take(Arc::clone(&mini), &hashes, self.lanes.now()) != Taken::New {
            // The number was used in a life that was forgotten: there will be another.
            self.lanes.gathering = Some(self.lanes.now());
            return Ok(());
        }
        self.mempool.cut(&hashes);
        self.journal.persist_mini(&mini)?;
        let receipt = Receipt::sign(&name, self.me, &self.committee.scope(), key);
        self.lanes.pool.add(&name, &receipt);
        let audience = route::audience(&self.committee, self.me);
        self.send_durable(audience, &Message::MiniBlock(mini));
        Ok(())
    }

    /// A mini-block from its author, passed on, or asked for.
    pub(super) fn receive_mini(
        &mut self,
        from: MemberIndex,
        mini: Arc<MiniBlock>,
        effects: &mut Vec<Effect>,
    ) {
        let name = self.name(&mini);
        if self.lanes.pool.knows(&mini.header) && !self.is_missed(&name) {
            return;
        }
        let hashes = match mini.verify(self.lanes.limits, &self.committee) {
            Ok(hashes) => hashes,
            Err(fault) => {
                return tracing::debug!(%from, %fault, "mini-block dropped");
            }
        };
        self.supply(name, &mini, effects);
        match self.lanes.pool.take(Arc::clone(&mini), &hashes, self.lanes.now()) {
            Taken::New => self.welcome(name, &mini),
            Taken::Broken(evidence) => self.caught(*evidence),
            Taken::Known => {}
            Taken::Full => tracing::debug!(%from, "no room: mini-block dropped"),
        }
    }

    fn welcome(&mut self, name: MiniHash, mini: &Arc<MiniBlock>) {
        let next = route::relayed(&self.committee, self.me, mini.header.author);
        self.send_durable(next, &Message::MiniBlock(Arc::clone(mini)));
        self.forget_in_chain(mini);
        if self.lanes.pool.get(&name).is_some() {
            self.hold_incomplete_mini(name, mini);
        }
    }

    /// What is in the chain already is nothing to wait for.
    fn forget_in_chain(&mut self, mini: &MiniBlock) {
        for hash in mini.tx_hashes() {
            if self.executor.locate(&hash).is_ok_and(|place| place.is_some()) {
                self.lanes.pool.close(&hash);
            }
        }
    }

    /// A mini-block was checked. If all of it is good, it goes into the log, and its author gets a receipt.
    pub(super) fn checked_mini(
        &mut self,
        name: MiniHash,
        refused: &[(TxHash, Refusal)],
        known: &[TxHash],
    ) -> Result<(), Fatal> {
        self.lanes.checks.done(&name);
        known.iter().for_each(|hash| self.lanes.pool.close(hash));
        let Some(mini) = self.lanes.pool.get(&name).cloned() else {
            self.lanes.checks.forget(&name);
            return Ok(());
        };
        if let Some((tx, refusal)) = refused.first() {
            tracing::debug!(author = %mini.header.author, %tx, %refusal, "no receipt for a mini-block");
            self.lanes.checks.refused(mini.header.author, name);
            return Ok(());
        }
        self.lanes.checks.forget(&name);
        let Some(key) = self.seat_key() else { return Ok(()) };
        self.journal.persist_mini(&mini)?;
        let (cycle, receipt) =
            (self.committee.cycle(), Receipt::sign(&name, self.me, &self.committee.scope(), &key));
        self.lanes.pool.add(&name, &receipt);
        let signed = vec![(receipt.signer, receipt.signature)];
        let message = Message::Receipts(Receipts { cycle, mini: name, signed });
        self.send_durable(vec![mini.header.author], &message);
        Ok(())
    }

    /// Has the next mini-block checked, if none is.
    pub(super) fn check_minis(&mut self) {
        while let Some(name) = self.lanes.checks.next() {
            match self.lanes.pool.get(&name).filter(|_| self.seat_key().is_some()) {
                Some(mini) => {
                    let txs = mini.txs.clone();
                    return self.give(Job::CheckMini { name, txs });
                }
                None => {
                    self.lanes.checks.done(&name);
                    self.lanes.checks.forget(&name);
                }
            }
        }
    }

    /// Receipts: the author gathers them, and tells all when f + 1 members have signed, and again when its whole group has.
    pub(super) fn receive_receipts(&mut self, receipts: Receipts) {
        let Receipts { cycle, mini, signed } = receipts;
        let Some(author) = self.lanes.pool.get(&mini).map(|mini| mini.header.author) else { return };
        if cycle != self.committee.cycle() {
            return;
        }
        let mut grown = 0;
        for (signer, signature) in signed {
            let receipt = Receipt { signer, signature };
            if !self.lanes.pool.has_receipt(&mini, signer) && receipt.verify(&mini, &self.committee).is_ok() {
                grown = self.lanes.pool.add(&mini, &receipt).unwrap_or(grown);
            }
        }
        let group = self.committee.election().groups.iter().find(|group| group.contains(&self.me));
        let sizes = [self.committee.faults() + 1, group.map_or(0, Vec::len)];
        if author == self.me && sizes.contains(&grown) {
            self.tell_receipts(mini);
        }
    }

    fn tell_receipts(&mut self, mini: MiniHash) {
        let enough = self.committee.faults() + 1;
        let mut signed = self.lanes.pool.receipts(&mini);
        signed.truncate(enough);
        self.broadcast(&Message::Receipts(Receipts { cycle: self.committee.cycle(), mini, signed }));
    }

    /// Sends mini-blocks that were asked for, each once, as far as they are here, and no more than is fair.
    pub(super) fn serve_minis(&mut self, to: MemberIndex, names: &[MiniHash]) {
        let names: BTreeSet<_> = names.iter().collect();
        let here = names.into_iter().filter_map(|name| self.lanes.pool.get(name).cloned());
        let here: Vec<_> = here.map(|mini| (Arc::clone(&mini), mini.bytes())).collect();
        let times = (self.lanes.now(), self.lanes.patience);
        for mini in self.lanes.serving.grant(to, times, self.lanes.limits.bytes, here) {
            // A mini-block of one's own may not be durable yet.
            self.send_durable(vec![to], &Message::MiniBlock(mini));
        }
    }

    /// Sends to all what has waited for long and is in no block: members that know of no work do not help to leave the
    /// views before the turn of one that does, and its author may be gone.
    pub(super) fn spread_again(&mut self) {
        let (now, patience) = (self.lanes.now(), self.lanes.patience);
        let late = self.lanes.pool.overdue(&self.lanes.flight, now, patience);
        let mut bytes = 0;
        for (name, mini) in late.into_iter().take(MINIS_AGAIN) {
            bytes += mini.bytes();
            if bytes > BYTES_AGAIN {
                break;
            }
            let own = mini.header.author == self.me;
            self.broadcast(&Message::MiniBlock(mini));
            if own {
                self.tell_receipts(name);
            }
        }
    }
}
