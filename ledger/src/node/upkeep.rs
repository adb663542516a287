//! The ledger's own affairs that wait for a block: what members say for the beacon, evidence, changes of the membership.
//!
//! Bounded: of the beacon, a member's own messages for the running round and the next, one of each; evidence, one piece a
//! member; changes, a few of each sender, and only approved ones.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    beacon::{BeaconMessage, Schedule, Window},
    chain::{Block, Committee, Evidence, SignedChange, Upkeep},
    execution::upkeep::Duty,
    types::{ChangeHash, Height, MemberIndex, Round},
};

/// Changes of the membership that may wait, of each sender.
const CHANGES_OF_ONE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Commit,
    Disclose,
    Share(MemberIndex),
}

/// One message of the beacon: whose, for which round, and which.
type Slot = (MemberIndex, Round, Kind);

fn slot(message: &BeaconMessage) -> Slot {
    let kind = match message {
        BeaconMessage::Commit(_) => Kind::Commit,
        BeaconMessage::Disclose { .. } => Kind::Disclose,
        BeaconMessage::Share { dealer, .. } => Kind::Share(*dealer),
    };
    (message.author(), message.round(), kind)
}

fn slot_of(duty: Duty, me: MemberIndex) -> Slot {
    match duty {
        Duty::Commit(_, round) => (me, round, Kind::Commit),
        Duty::Disclose(_, round) => (me, round, Kind::Disclose),
        Duty::Share(_, round, dealer) => (me, round, Kind::Share(dealer)),
    }
}

struct Waiting {
    message: BeaconMessage,
    /// When it was sent last, if it is one's own.
    sent: Height,
}

/// The ledger's own affairs that wait for a block.
pub struct UpkeepPool {
    schedule: Schedule,
    me: MemberIndex,
    committee: Arc<Committee>,
    /// Height of the newest final block.
    height: Height,
    beacon: BTreeMap<Slot, Waiting>,
    evidence: BTreeMap<MemberIndex, Evidence>,
    changes: BTreeMap<ChangeHash, (MemberIndex, SignedChange)>,
}

impl UpkeepPool {
    /// Nothing waits yet.
    pub fn new(schedule: Schedule, me: MemberIndex, committee: Arc<Committee>, height: Height) -> Self {
        Self {
            schedule,
            me,
            committee,
            height,
            beacon: BTreeMap::new(),
            evidence: BTreeMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// A cycle begins: rounds begin afresh, and evidence from before the last cycle is of no use any more.
    pub fn begin(&mut self, committee: Arc<Committee>) {
        self.beacon.clear();
        self.evidence.retain(|_, evidence| evidence.cycle().next() >= committee.cycle());
        self.changes.retain(|_, (_, signed)| signed.change.last >= committee.cycle());
        self.committee = committee;
    }

    /// Takes something from a member, if it may be of use. True if it is new.
    pub fn offer(&mut self, from: MemberIndex, item: Upkeep) -> bool {
        match item {
            Upkeep::Beacon(message) => self.offer_message(from, message),
            Upkeep::Evidence(evidence) => {
                let known = self.evidence.contains_key(&evidence.accused());
                !known && evidence.verify(&self.committee).is_ok() && self.keep_evidence(evidence)
            }
            Upkeep::Change(change) => self.offer_change(from, change),
        }
    }

    fn offer_message(&mut self, from: MemberIndex, message: BeaconMessage) -> bool {
        let slot = slot(&message);
        let useful = match slot.2 {
            Kind::Share(dealer) => self.committee.contains(dealer),
            Kind::Commit | Kind::Disclose => true,
        };
        let own = message.author() == from && self.committee.contains(from);
        let now = self.schedule.window(self.height.next()).map_or(Round::new(0), |(round, _)| round);
        let near = slot.1 == now || slot.1 == now.next();
        if !useful || !own || !near || self.beacon.contains_key(&slot) {
            return false;
        }
        self.beacon.insert(slot, Waiting { message, sent: self.height });
        true
    }

    /// Keeps evidence that was found here.
    pub fn keep_evidence(&mut self, evidence: Evidence) -> bool {
        self.evidence.insert(evidence.accused(), evidence).is_none()
    }

    fn offer_change(&mut self, from: MemberIndex, change: SignedChange) -> bool {
        let hash = change.change.hash();
        let of_sender = self.changes.values().filter(|(sender, _)| *sender == from).count();
        if self.changes.contains_key(&hash)
            || of_sender >= CHANGES_OF_ONE
            || change.verify(&self.committee).is_err()
        {
            return false;
        }
        self.changes.insert(hash, (from, change));
        true
    }

    /// Whether something waits that is worth a block of its own.
    pub fn is_pressing(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What the next block may take, on a parent at `height`.
    pub fn candidates(&self, height: Height) -> Vec<Upkeep> {
        let window = self.schedule.window(height.next());
        let in_window = |(_, round, kind): &Slot| {
            window.is_some_and(|(running, window)| {
                let opens = match kind {
                    Kind::Commit => window == Window::Commitment,
                    Kind::Disclose => window != Window::Commitment,
                    Kind::Share(_) => window == Window::ExtraDisclosure,
                };
                *round == running && opens
            })
        };
        let evidence = self.evidence.values().cloned().map(Upkeep::Evidence);
        let changes = self.changes.values().map(|(_, change)| Upkeep::Change(change.clone()));
        let beacon = self.beacon.iter().filter(|(slot, _)| in_window(slot));
        let messages = beacon.map(|(_, waiting)| Upkeep::Beacon(waiting.message.clone()));
        evidence.chain(changes).chain(messages).collect()
    }

    /// These were found not to be in order. One's own are made again, and others' come again, if they are still owed.
    pub fn refuse(&mut self, refused: &[Upkeep]) {
        refused.iter().for_each(|item| self.remove(item));
    }

    fn remove(&mut self, item: &Upkeep) {
        match item {
            Upkeep::Beacon(message) => {
                self.beacon.remove(&slot(message));
            }
            Upkeep::Evidence(evidence) => {
                self.evidence.remove(&evidence.accused());
            }
            Upkeep::Change(change) => {
                self.changes.remove(&change.change.hash());
            }
        }
    }

    /// A block is final.
    pub fn settle(&mut self, block: &Block) {
        self.height = block.header.height;
        block.upkeep.iter().for_each(|item| self.remove(item));
        if let Some((now, _)) = self.schedule.window(self.height.next()) {
            self.beacon.retain(|(_, round, _), _| *round >= now);
        }
    }

    /// Of what this member owes, what has yet to be done, and what is to be sent again, as it is in no block yet.
    pub fn owed(&mut self, duties: &[Duty]) -> (Vec<Duty>, Vec<Upkeep>) {
        let patience = (self.schedule.beacon_interval / 12).max(2);
        let (mut undone, mut again) = (Vec::new(), Vec::new());
        for duty in duties {
            match self.beacon.get_mut(&slot_of(*duty, self.me)) {
                None => undone.push(*duty),
                Some(waiting) if self.height.get() >= waiting.sent.get() + patience => {
                    waiting.sent = self.height;
                    again.push(Upkeep::Beacon(waiting.message.clone()));
                }
                Some(_) => {}
            }
        }
        (undone, again)
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.beacon.len() + self.evidence.len() + self.changes.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
