//! What befalls members and links: crashes, partitions, changes of the membership; and that it ends.

use galen_ledger::{
    MemberIndex,
    chain::{Action, Candidate, Change, SignedChange, Upkeep},
    types::Cycle,
};
use rand::Rng;

use super::{Event, World};
use crate::{
    network::chance,
    node::{DELTA, Endurance, Memory, key_of},
    scenario::Joining,
};

impl World {
    /// Whether a machine crashes in the middle of what it is about to do. All that are honest may be down at once:
    /// what they have promised outlives it.
    pub(super) fn crashes(&mut self, at: usize, at_boundary: bool) -> bool {
        if !self.stormy || !self.is_honest(at) || !self.nodes[at].up || self.now == 0 {
            return false;
        }
        let storm = &self.scenario.storm;
        let likely = if at_boundary { storm.crash_at_boundary.max(storm.crash) } else { storm.crash };
        chance(&mut self.rng, likely)
    }

    /// A machine loses power, and comes back later.
    pub(super) fn crash(&mut self, at: usize) {
        self.counts.crashes += 1;
        self.nodes[at].stop();
        let after = self.rng.gen_range(1..15 * DELTA);
        self.schedule(after, Event::Restart(at));
    }

    /// A disk does not take what it is given: the machine stops there, having sent nothing that depends on it. It comes
    /// back with the same content on a disk that works.
    pub(super) fn loses_disk(&mut self, at: usize) {
        self.counts.disks += 1;
        self.crash(at);
    }

    /// What the disks of an honest member can bear in its next life.
    pub(super) fn endurance(&mut self, is_honest: bool) -> Endurance {
        let likely = self.scenario.storm.disk;
        let fails = self.stormy && is_honest && chance(&mut self.rng, likely);
        fails.then(|| self.rng.gen_range(30..400))
    }

    /// The network parts or heals; members hand in a change of the membership.
    pub(super) fn change_weather(&mut self) {
        if self.scenario.storm.partitions {
            match self.rng.gen_range(0..4) {
                0 => self.network.part(&mut self.rng, 2),
                1 => self.network.part(&mut self.rng, 3),
                2 => {
                    let alone = self.rng.gen_range(0..self.nodes.len());
                    self.network.isolate(alone);
                }
                _ => self.network.heal(),
            }
            self.counts.partitions += 1;
        }
        self.hand_in_change();
        let after = self.rng.gen_range(DELTA..15 * DELTA);
        self.schedule(after, Event::Weather);
    }

    /// Says that a member joins or changes its key, with the approval of a quorum.
    fn hand_in_change(&mut self) {
        let chain_id = self.genesis.chain_id();
        let (newcomer, first) = (MemberIndex::new(self.scenario.members as u16), MemberIndex::new(0));
        let action = match self.scenario.joining {
            Joining::Nobody => return,
            Joining::Admitted => {
                let candidate = Candidate::new("late", &key_of(newcomer), Some(&chain_id));
                Action::Admit { member: newcomer, candidate }
            }
            Joining::Rekeyed => {
                let candidate = Candidate::new("again", &key_of(MemberIndex::new(15)), Some(&chain_id));
                Action::Rotate { member: first, candidate }
            }
        };
        let change = Change { chain_id, last: Cycle::new(60), nonce: 0, action };
        let approve = |at: usize| {
            let member = MemberIndex::new(at as u16);
            change.approve(member, &key_of(member))
        };
        let quorum = self.scenario.members - self.scenario.faults();
        let approvals: Vec<_> = (0..quorum).map(approve).collect();
        let item = Upkeep::Change(SignedChange::new(change.clone(), approvals));
        let Some(at) = (0..self.nodes.len()).find(|at| self.is_honest(*at) && self.nodes[*at].up) else {
            return;
        };
        let me = self.nodes[at].index;
        if self.nodes[at].pool.offer(me, item.clone()) {
            self.tell_upkeep(at, item);
        }
    }

    /// From now on nothing is lost, and nobody crashes. Disks that were about to fail are replaced.
    pub fn calm(&mut self) {
        self.stormy = false;
        self.network.calm();
        for at in 0..self.nodes.len() {
            if self.nodes[at].up && self.nodes[at].endurance.is_some() {
                self.nodes[at].stop();
                self.restart(at, Memory::All);
            }
        }
    }

    /// Gives the members work until this height is reached.
    pub fn want(&mut self, height: u64) {
        self.wanted = height;
        for at in 0..self.nodes.len() {
            if self.nodes[at].up {
                self.offer_work(at);
            }
        }
    }

    /// From now on something must become final every 2(f + 1) views.
    pub fn watch_liveness(&mut self) {
        let views = self.nodes.iter().map(|node| node.core.view().get());
        self.patience = Some(views.max().unwrap_or(0));
    }
}
