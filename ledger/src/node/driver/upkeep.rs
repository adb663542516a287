//! The ledger's own affairs: what this member says, and what it finds out about others.

use super::Driver;
use crate::{
    chain::{Evidence, Upkeep},
    consensus::Message,
    execution::upkeep::Duty,
    node::event::Job,
};

impl Driver {
    /// Does what this member owes the beacon, or says it again.
    pub(super) fn do_duties(&mut self, duties: &[Duty]) {
        let seated = self.committee.key(self.me);
        let key = seated.and_then(|seated| self.keys.iter().find(|key| key.public() == *seated)).cloned();
        let Some(key) = key else { return };
        let (undone, again) = self.upkeep.owed(duties);
        undone.into_iter().for_each(|duty| self.give(Job::Perform(duty, key.clone())));
        again.into_iter().for_each(|item| self.send_upkeep(item));
    }

    /// Keeps something for the next block, and tells the others.
    pub(super) fn say_upkeep(&mut self, item: Upkeep) {
        if self.upkeep.offer(self.me, item.clone()) {
            self.send_upkeep(item);
        }
    }

    fn send_upkeep(&mut self, item: Upkeep) {
        self.broadcast(&Message::Upkeep { cycle: self.committee.cycle(), item });
    }

    pub(super) fn caught(&mut self, evidence: Evidence) {
        tracing::warn!(member = %self.me, accused = %evidence.accused(), "a member broke a rule");
        if self.upkeep.keep_evidence(evidence.clone()) {
            self.send_upkeep(Upkeep::Evidence(evidence));
        }
    }
}
