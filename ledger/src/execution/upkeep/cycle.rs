//! Credit through a cycle, and the election at its end.

use std::sync::Arc;

use super::{OutputRecord, Session, keys};
use crate::{
    application::Event,
    chain::{Committee, Seat},
    credit::{Chances, Credit, Tally},
    crypto::Scope,
    election::{self, Election},
    lanes::Lane,
    types::MemberIndex,
};

/// Missed turns are counted back over so many views for each proposer. A longer silence is an outage of all, and nobody's
/// fault.
const TURNS_COUNTED: u64 = 4;

impl Session<'_> {
    pub(super) fn tally(&mut self, member: MemberIndex, count: impl FnOnce(&mut Tally)) {
        let key = keys::tally(member);
        let mut tally: Tally = self.read(&key).unwrap_or_default();
        count(&mut tally);
        self.write(&key, &tally);
    }

    /// The proposer has used its turn; those of the views since the parent have not.
    pub(super) fn tally_turns(&mut self) {
        let at = self.at;
        self.tally(at.proposer, |tally| tally.proposed += 1);
        let counted = TURNS_COUNTED * self.committee.size() as u64;
        let from = at.parent_view.get().saturating_add(1).max(at.view.get().saturating_sub(counted));
        for view in (from..at.view.get()).map(crate::types::View::new) {
            if let Some(leader) = self.committee.leader(view) {
                self.tally(leader, |tally| tally.missed += 1);
            }
        }
    }

    /// Counts the receipts that a block shows.
    pub(super) fn tally_lanes(&mut self, lanes: &[Lane]) {
        if lanes.is_empty() {
            return;
        }
        let before: u32 = self.read(keys::LANES).unwrap_or_default();
        let more = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
        self.write(keys::LANES, &before.saturating_add(more));
        for (signer, _) in lanes.iter().flat_map(|lane| &lane.receipts) {
            self.tally(*signer, |tally| tally.receipts = tally.receipts.saturating_add(1));
        }
    }

    /// New credits, what was pending about members, and the next committee.
    pub(super) fn end_cycle(&mut self) {
        let next = self.committee.cycle().next();
        let counted = self.read::<super::RoundRecord>(keys::ROUND).unwrap_or_default().counted;
        let minis = self.read(keys::LANES).unwrap_or_default();
        let chances = Chances::new(counted, minis, self.committee.size());
        let (mut seats, mut standing) = (Vec::new(), Vec::new());
        for (member, mut record) in self.members() {
            if record.seated && !record.barred {
                let tally = self.read(&keys::tally(member)).unwrap_or_default();
                record.credit = record.credit.after(&tally, chances);
            }
            record.turn(next);
            if record.seated {
                seats.push(Seat { member, keys: record.keys });
                let credit = if record.barred { Credit::NONE } else { record.credit };
                standing.push((member, credit, record.barred));
            }
            self.write(&keys::member(member), &record);
        }
        for prefix in [keys::TALLIES, keys::LANES, keys::ROUND, keys::DEALINGS, keys::SECRETS, keys::SHARES] {
            self.clear(prefix);
        }
        self.forget_changes(next);
        self.elect(seats, &standing);
    }

    fn elect(&mut self, seats: Vec<Seat>, standing: &[(MemberIndex, Credit, bool)]) {
        let Scope { chain_id, cycle } = self.committee.scope();
        let output: Option<OutputRecord> = self.read(keys::OUTPUT);
        let seed = election::seed(&chain_id, cycle.next(), output.as_ref().map(|output| &output.value));
        let election = Election::draw(&seed, standing, self.genesis.parameters.groups.into());
        let scope = Scope { chain_id, cycle: cycle.next() };
        let committee = Committee::new(scope, self.at.view, seats, election);
        self.write(keys::COMMITTEE, &committee);
        self.write(&keys::committee(scope.cycle), &committee);
        // The certificate of this block is for its receipts too: with the digest among them it vouches for the committee
        // even to those who see no state.
        let event = Event::new("ledger.cycle").with("cycle", scope.cycle).with("members", committee.size());
        self.tell(event.with("committee", committee.hash()));
        self.upkept.next = Some(Arc::new(committee));
    }
}
