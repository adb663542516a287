//! One request, as its people look at it: what is asked, what happened, who acts next and until when.

use galen_circuits::schema::{Purpose, Schema};
use serde::Serialize;
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::board::Stage;
use super::fault::DeskFault;
use super::pace::{Pace, When};
use crate::id::RequestId;
use crate::query::{self, ContributionView, NextStep, RequestView};
use crate::record::{ContributionRecord, RequestRecord, Status};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestDetail {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Whether this desk's account posted it.
    pub own: bool,
    /// Who posted it, by the name that the consortium accredited.
    pub by: String,
    /// Where it stands.
    pub stage: Stage,
    /// What is asked.
    pub asked: Asked,
    /// The money, for who posted it; others cannot read the price.
    pub money: Option<Locked>,
    /// Most records that are paid for.
    pub max_records: u32,
    /// Records paid.
    pub paid: u32,
    /// Records reserved.
    pub reserved: u32,
    /// Records neither paid nor reserved.
    pub left: u32,
    /// The last block that takes contributions.
    pub deadline: When,
    /// Who acts next.
    pub next: Next,
    /// What happened, in order.
    pub timeline: Vec<Happening>,
    /// What hospitals contributed.
    pub contributions: Vec<ContributionLine>,
    /// Where the chain was when this was read.
    pub pace: Pace,
}

/// What a request asks, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Asked {
    /// The schema's id.
    pub schema: String,
    /// Its name and version.
    pub schema_name: String,
    /// The purpose in words, with its code.
    pub purpose: String,
    /// Which patients.
    pub cohort: String,
    /// Columns released as ranges.
    pub quasi_identifiers: Vec<String>,
    /// Columns released as they are.
    pub released: Vec<String>,
    /// The column that is kept diverse.
    pub sensitive: String,
    /// Least patients of a class.
    pub k: u16,
    /// Least distinct sensitive values of a class.
    pub l: u16,
    /// Greatest share of one sensitive value in a class, per mille.
    pub alpha: u16,
    /// Chunks of 64 patients scanned of each hospital.
    pub sample: u32,
    /// Most patients suppressed, per mille.
    pub max_suppressed: u16,
    /// Most weighted width of the ranges of a record, on average.
    pub max_loss_per_row: u64,
}

/// The money of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Locked {
    /// Price of one record, in minor units.
    pub price: u64,
    /// Locked still.
    pub locked: u64,
    /// Paid to hospitals.
    pub paid: u64,
}

/// Who acts next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Next {
    /// Who.
    pub who: &'static str,
    /// What they do.
    pub what: &'static str,
    /// Until when; none if nothing ends.
    pub until: Option<When>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Happening {
    /// What.
    pub what: &'static str,
    /// When.
    pub when: When,
    /// To which contribution.
    pub contribution: Option<String>,
}

/// A contribution in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContributionLine {
    /// Its id.
    pub id: String,
    /// Its number among the request's, from 0.
    pub number: u32,
    /// The block that accepted it.
    pub height: u64,
    /// Records released.
    pub released: u32,
    /// Matching patients suppressed.
    pub suppressed: u32,
    /// Weighted width of the ranges of all records.
    pub loss: u64,
    /// How many proofs it consists of.
    pub proofs: usize,
    /// Where it stands, for programs: waiting, reserved, lapsed, paid, unserved.
    pub status: &'static str,
    /// Where it stands and what was proven, in words.
    pub words: String,
}

impl ResearcherDesk {
    /// A request.
    ///
    /// # Errors
    /// When there is none, or the state cannot be read.
    pub async fn request(&self, id: &RequestId) -> Result<RequestDetail, DeskFault> {
        let pace = self.pace().await?;
        let read = self.chain.read(|state, _| {
            let view = query::request(state, id)?;
            Some((view, query::contributions_of(state, id)))
        })?;
        let (view, contributions) = read.ok_or(DeskFault::Unknown("request"))?;
        let by = self.institution(&view.record.request.account)?;
        let schema = self.schema(&view.record.request.schema().to_string())?;
        Ok(self.detail(view, &contributions, by, schema.as_deref(), pace))
    }

    fn detail(
        &self,
        view: RequestView,
        contributions: &[ContributionView],
        by: String,
        schema: Option<&Schema>,
        pace: Pace,
    ) -> RequestDetail {
        let record = &view.record;
        let request = &record.request;
        let sample = request.sample;
        let happening = |moment: &query::Moment| Happening {
            what: moment.what,
            when: pace.when(moment.height),
            contribution: moment.contribution.map(|id| id.to_string()),
        };
        RequestDetail {
            id: view.id.to_string(),
            title: request.title.clone(),
            own: request.account == self.account(),
            by,
            stage: Stage::of(record),
            asked: asked(record, schema),
            money: self.locked(&view),
            max_records: request.max_records.get(),
            paid: record.paid.get(),
            reserved: record.reserved.get(),
            left: view.left.get(),
            deadline: pace.when(request.deadline.get()),
            next: next(&view, pace),
            timeline: view.timeline.iter().map(happening).collect(),
            contributions: contributions.iter().map(|found| line(found, sample, pace)).collect(),
            pace,
        }
    }

    fn locked(&self, view: &RequestView) -> Option<Locked> {
        let record = &view.record;
        let own = record.request.account == self.account();
        let price = self.keys.price(&self.chain.id(), &record.request).filter(|_| own)?.amount;
        let of = |records: crate::amount::Records| price.saturating_mul(records.get().into());
        Some(Locked { price, locked: of(view.escrow), paid: of(record.paid) })
    }
}

fn asked(record: &RequestRecord, schema: Option<&Schema>) -> Asked {
    let request = &record.request;
    let terms = &request.terms;
    let name = |column: u8| {
        let found = schema.and_then(|schema| schema.column(column));
        found.map_or_else(|| format!("column {column}"), |found| found.name.clone())
    };
    Asked {
        schema: request.schema().to_string(),
        schema_name: schema.map_or_else(String::new, |s| format!("{} v{}", s.name(), s.version())),
        purpose: Purpose::new(terms.purpose).map_or_else(|_| String::new(), |purpose| purpose.to_string()),
        cohort: schema.map_or_else(String::new, |schema| terms.predicate.describe(schema)),
        quasi_identifiers: terms.quasi_identifiers.iter().map(|quasi| name(quasi.column)).collect(),
        released: terms.released.iter().map(|column| name(*column)).collect(),
        sensitive: name(terms.sensitive),
        k: terms.k,
        l: terms.l,
        alpha: terms.alpha,
        sample: request.sample,
        max_suppressed: request.limits.max_suppressed_per_mille,
        max_loss_per_row: request.limits.max_loss_per_row,
    }
}

fn next(view: &RequestView, pace: Pace) -> Next {
    let (who, what, until) = match view.next {
        NextStep::LedgerDraws => ("the ledger", "draws which run of chunks every hospital must scan", None),
        NextStep::HospitalsContribute { until } => {
            ("hospitals", "prove and hand in their contributions", Some(until))
        }
        NextStep::HospitalsOpen { until } => {
            ("hospitals", "open what is reserved for them, and are paid in that step", Some(until))
        }
        NextStep::ResearcherCollects if view.record.paid.get() == 0 => {
            ("nobody", "nothing was contributed; what was locked comes back to the wallet", None)
        }
        NextStep::ResearcherCollects => ("the researcher", "collects the data", None),
    };
    Next { who, what, until: until.map(|height| pace.when(height)) }
}

fn line(ContributionView { id, record }: &ContributionView, sample: u32, pace: Pace) -> ContributionLine {
    let proofs = sample as usize + record.blocks() + 1;
    let (status, words) = status(record, pace);
    ContributionLine {
        id: id.to_string(),
        number: record.number,
        height: record.height,
        released: record.totals.released,
        suppressed: record.totals.suppressed,
        loss: record.totals.loss,
        proofs,
        status,
        words: format!("All {proofs} proofs hold; a quorum of members checked them. {words}"),
    }
}

fn status(record: &ContributionRecord, pace: Pace) -> (&'static str, String) {
    match record.status {
        Status::Waiting => ("waiting", "It waits for records to become free.".into()),
        Status::Reserved { until } => (
            "reserved",
            format!("Reserved: the hospital opens it until block {until}, {}.", pace.until(until)),
        ),
        Status::Lapsed { height } => {
            ("lapsed", format!("The hospital did not open it in time; it lapsed in block {height}."))
        }
        Status::Paid { height, .. } => {
            ("paid", format!("Opened and paid in block {height}: its data can be collected."))
        }
        Status::Unserved { height } => {
            ("unserved", format!("Its turn did not come before the request was settled in block {height}."))
        }
    }
}
