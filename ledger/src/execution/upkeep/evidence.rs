//! Evidence in blocks.

use super::{MemberRecord, Session, keys, reject};
use crate::{
    application::Event,
    chain::{Committee, Evidence},
    consensus::Rejection,
    credit::Credit,
};

impl Session<'_> {
    /// Evidence of this cycle or the one before: its author loses its credit, and is skipped as a proposer from the
    /// next cycle on. It keeps its vote: counting it out is the members' decision.
    pub(super) fn judge(&mut self, evidence: &Evidence) -> Result<(), Rejection> {
        let (accused, cycle) = (evidence.accused(), evidence.cycle());
        let record: Option<MemberRecord> = self.read(&keys::member(accused));
        let Some(mut record) = record else { return Err(reject("the accused is not known")) };
        if record.barred {
            return Err(reject("the accused is barred already"));
        }
        if cycle < record.since {
            return Err(reject("what was done before the accused was admitted is forgiven"));
        }
        if cycle == self.committee.cycle() {
            self.prove(evidence, self.committee)?;
        } else {
            let former: Option<Committee> = self.read(&keys::committee(cycle));
            let former = former.filter(|former| former.cycle().next() == self.committee.cycle());
            let Some(former) = former else { return Err(reject("the evidence is too old")) };
            self.prove(evidence, &former)?;
        }
        record.barred = true;
        record.credit = Credit::NONE;
        self.write(&keys::member(accused), &record);
        self.tell(Event::new("ledger.member_barred").with("member", accused));
        Ok(())
    }

    fn prove(&self, evidence: &Evidence, committee: &Committee) -> Result<(), Rejection> {
        if self.verify { evidence.verify(committee).map_err(reject) } else { Ok(()) }
    }
}
