//! Changes of the membership in blocks. They wait in the members' records, and take effect with the next cycle.

use super::{MemberRecord, Pending, Session, keys, reject};
use crate::{
    application::Event,
    chain::{
        Action, Candidate, SignedChange,
        genesis::{MAX_MEMBERS, MAX_MEMBERS_EVER, MIN_MEMBERS},
    },
    codec::Decode,
    consensus::Rejection,
    state::StateRead,
    types::{Cycle, MemberIndex},
};

/// Most cycles ahead for which a change may stay good: its name is remembered so long.
const MAX_CYCLES_AHEAD: u64 = 64;

impl Session<'_> {
    /// All members there have ever been, in the order of their numbers.
    pub(super) fn members(&self) -> Vec<(MemberIndex, MemberRecord)> {
        let entries = self.state.prefix(keys::MEMBERS);
        let record = |(key, value): (Vec<u8>, Vec<u8>)| {
            Some((keys::member_of(&key)?, MemberRecord::from_bytes(&value).ok()?))
        };
        entries.filter_map(record).collect()
    }

    /// A change, if a quorum of this cycle's committee approves, and it is neither old nor a repetition.
    pub(super) fn change(&mut self, signed: &SignedChange) -> Result<(), Rejection> {
        let change = &signed.change;
        let (cycle, hash) = (self.committee.cycle(), change.hash());
        if change.chain_id != self.committee.scope().chain_id {
            return Err(reject("the change is of another chain"));
        }
        if change.last < cycle || change.last.get() > cycle.get().saturating_add(MAX_CYCLES_AHEAD) {
            return Err(reject(format!(
                "the change may be made up to cycle {}, and not in {cycle}",
                change.last
            )));
        }
        if self.state.get(&keys::change(&hash)).is_some() {
            return Err(reject("the change was made already"));
        }
        let record = self.changed(&change.action)?;
        if self.verify {
            signed.verify(self.committee).map_err(reject)?;
        }
        let member = change.action.member();
        self.write(&keys::member(member), &record);
        self.write(&keys::change(&hash), &change.last);
        self.tell(Event::new("ledger.membership").with("change", hash).with("member", member));
        Ok(())
    }

    /// The record of the member that an action is about, with what is to change.
    fn changed(&self, action: &Action) -> Result<MemberRecord, Rejection> {
        let members = self.members();
        let seats = members.iter().filter(|(_, record)| record.will_be_seated()).count();
        if let Action::Admit { member, candidate } = action {
            if usize::from(member.get()) != members.len() || members.len() >= MAX_MEMBERS_EVER {
                return Err(reject(format!("the next member has number {}", members.len())));
            }
            if seats >= MAX_MEMBERS {
                return Err(reject(format!("there may be at most {MAX_MEMBERS} members")));
            }
            self.usable(candidate, &members)?;
            return Ok(MemberRecord::joining(candidate));
        }
        let member = action.member();
        let found = members.iter().find(|(number, _)| *number == member);
        let Some((_, record)) = found.filter(|(_, record)| record.seated) else {
            return Err(reject(format!("member {member} has no seat")));
        };
        if record.pending.is_some() {
            return Err(reject(format!("member {member} is being changed in this cycle already")));
        }
        let mut record = record.clone();
        match action {
            Action::Remove(_) if seats <= MIN_MEMBERS => {
                return Err(reject(format!("there must be at least {MIN_MEMBERS} members")));
            }
            Action::Readmit(_) if !record.barred => return Err(reject("the member is not barred")),
            Action::Remove(_) => record.pending = Some(Pending::Leave),
            Action::Readmit(_) => record.pending = Some(Pending::Readmit),
            Action::Rotate { candidate, .. } => {
                self.usable(candidate, &members)?;
                record.name.clone_from(&candidate.name);
                record.pending = Some(Pending::Rotate(candidate.keys));
            }
            Action::Admit { .. } => {}
        }
        Ok(record)
    }

    /// Keys must be proven, and nobody's.
    fn usable(
        &self,
        candidate: &Candidate,
        members: &[(MemberIndex, MemberRecord)],
    ) -> Result<(), Rejection> {
        let taken = |keys: crate::chain::MemberKeys| {
            keys.voting == candidate.keys.voting || keys.beacon == candidate.keys.beacon
        };
        if members.iter().any(|(_, record)| record.keys_in_use().any(taken)) {
            return Err(reject("a key is in use"));
        }
        let chain_id = self.committee.scope().chain_id;
        if self.verify { candidate.verify(Some(&chain_id)).map_err(reject) } else { Ok(()) }
    }

    /// Forgets changes that cannot be made again, as they are too old.
    pub(super) fn forget_changes(&mut self, next: Cycle) {
        let entries: Vec<_> = self.state.prefix(keys::CHANGES).collect();
        for (key, value) in entries {
            if Cycle::from_bytes(&value).is_ok_and(|last| last < next) {
                crate::state::StateWrite::delete(&mut self.state, &key);
            }
        }
    }
}
