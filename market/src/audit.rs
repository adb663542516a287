//! What an auditor finds: totals of everything that was proven and paid.
//!
//! The totals come from the state that the auditor's own replay of the chain arrived at (`galen_ledger::verify_chain` with
//! a [`Market`](crate::Market) made from the genesis): in that replay each signature, proof and ciphertext is checked again.

use galen_ledger::StateRead;
use serde::Serialize;

use crate::id::ContributionId;
use crate::money;
use crate::query;
use crate::record::{ContributionRecord, Phase, RequestRecord, Status, Use};
use crate::state::list;
use crate::state_key;

/// Totals over a whole chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Schemas.
    pub schemas: usize,
    /// Participants, suspended ones included.
    pub participants: usize,
    /// Requests posted.
    pub requests: usize,
    /// Requests settled.
    pub settled: usize,
    /// Contributions accepted.
    pub contributions: usize,
    /// Of these, opened and paid.
    pub paid_contributions: usize,
    /// Of these, lapsed.
    pub lapsed: usize,
    /// Nullifiers muted for a false proof.
    pub muted: usize,
    /// Proofs of accepted contributions.
    pub proofs: Proofs,
    /// Rows in contributions that were paid.
    pub records_paid: u64,
    /// Rows suppressed in accepted contributions.
    pub suppressed: u64,
    /// Bytes of ciphertext of accepted contributions.
    pub ciphertext: u64,
    /// What can be counted of the money.
    pub money: Counts,
    /// Rules of the market that the final state breaks: none, unless the program is wrong.
    pub broken: Vec<String>,
}

/// What everybody can count of the money. How much it is nobody can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Issues by the treasury.
    pub issues: u32,
    /// Notes ever made.
    pub notes: u32,
    /// Of these, spent.
    pub spent: usize,
}

/// Numbers of proofs by circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Proofs {
    /// Of scans.
    pub scans: u64,
    /// Of releases.
    pub releases: u64,
    /// Of seals.
    pub seals: u64,
}

impl AuditReport {
    /// Adds up a state, and checks what must hold in every state.
    pub fn of(state: &(impl StateRead + ?Sized)) -> Self {
        let money = Counts {
            issues: money::issues(state),
            notes: money::notes(state),
            spent: state.prefix(&state_key::images()).count(),
        };
        let mut report = Self {
            schemas: query::schemas(state).len(),
            participants: query::participants(state).len(),
            money,
            ..Self::default()
        };
        if money.spent > money.notes as usize {
            report.broken.push("more notes are spent than there are".to_owned());
        }
        for view in query::requests(state) {
            report.add_request(state, &view);
        }
        report
    }

    fn add_request(&mut self, state: &(impl StateRead + ?Sized), view: &query::RequestView) {
        self.requests += 1;
        self.settled += usize::from(matches!(view.record.phase, Phase::Settled { .. }));
        let uses = query::nullifiers(state, &view.id);
        self.muted += uses.iter().filter(|(_, used)| matches!(used, Use::Muted(_))).count();
        let mut paid = 0;
        for contribution in query::contributions_of(state, &view.id) {
            self.add_contribution(&view.record, &contribution.record);
            if let Status::Paid { note, .. } = contribution.record.status {
                paid += contribution.record.totals.released;
                self.check_payout(state, &view.record, &contribution.record, note);
            }
        }
        if paid != view.record.paid.get() || paid > view.record.request.max_records.get() {
            self.broken.push(format!("request {} paid {paid} records", view.id));
        }
    }

    /// That the note is the one that the rules make.
    fn check_payout(
        &mut self,
        state: &(impl StateRead + ?Sized),
        request: &RequestRecord,
        record: &ContributionRecord,
        position: u32,
    ) {
        let due = record.payee.note(&request.request.price, record.totals.released);
        if money::note(state, position).map(|found| found.note) != due {
            self.broken.push(format!("note {position} is not what its contribution earned"));
        }
    }

    fn add_contribution(&mut self, request: &RequestRecord, record: &ContributionRecord) {
        self.contributions += 1;
        self.proofs.scans += u64::from(request.request.sample);
        self.proofs.releases += record.blocks() as u64;
        self.proofs.seals += 1;
        self.suppressed += u64::from(record.totals.suppressed);
        self.ciphertext +=
            record.blocks() as u64 * 32 * galen_circuits::release::cipher::BLOCK_ELEMENTS as u64;
        match record.status {
            Status::Paid { .. } => {
                self.paid_contributions += 1;
                self.records_paid += u64::from(record.totals.released);
            }
            Status::Lapsed { .. } => self.lapsed += 1,
            Status::Waiting | Status::Reserved { .. } | Status::Unserved { .. } => {}
        }
    }
}

/// All contributions of a chain, for an explorer.
pub fn contributions(state: &(impl StateRead + ?Sized)) -> Vec<(ContributionId, ContributionRecord)> {
    let all = list::<ContributionRecord>(state, &state_key::contributions());
    let named = |(key, record): (Vec<u8>, ContributionRecord)| {
        Some((ContributionId::from_bytes(*key.last_chunk::<32>()?), record))
    };
    all.filter_map(named).collect()
}
