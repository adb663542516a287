//! Requests: a list, the newest first, and one with what happened and who acts next. Prices are sealed, and not shown.

use galen_circuits::contribution::Limits;
use galen_circuits::request::Terms;
use galen_ledger::StateRead;
use serde::Serialize;
use utoipa::ToSchema;

use super::index::Index;
use crate::chain::{Chain, ChainError};
use crate::id::{ContributionId, RequestId};
use crate::money;
use crate::query;
use crate::record::{ContributionGlance, Phase, RequestRecord, Status};
use crate::state::load;
use crate::state_key;
use crate::web::Paged;

/// Contributions that are looked at for the first reservation that ends: reservations last a few blocks, so that those of
/// the newest contributions are all there are, but for what waited.
const LOOKED_AT: u32 = 64;

/// The word for a request that takes contributions.
pub(super) const OPEN: &str = "open";
/// The word for one that is over.
pub(super) const SETTLED: &str = "settled";

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestLine {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The block that it was posted in.
    pub posted: u64,
    /// That block's time.
    pub posted_ms: u64,
    /// Where it stands: `open`, `closing` or `settled`.
    pub phase: &'static str,
    /// The last height that takes contributions.
    pub deadline: u64,
    /// Most records paid for.
    pub max_records: u32,
    /// Records paid.
    pub paid: u32,
    /// Records reserved.
    pub reserved: u32,
    /// Contributions accepted.
    pub contributions: u32,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MomentView {
    /// What, in a word or two.
    pub what: &'static str,
    /// In which block.
    pub height: u64,
}

/// Who acts next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextView {
    /// `ledger`, `hospitals`, `researcher` or `nobody`.
    pub who: &'static str,
    /// What they do, in words.
    pub what: &'static str,
    /// Until which block, if there is an end.
    pub until: Option<u64>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestView {
    /// What lists say of it.
    #[serde(flatten)]
    pub line: RequestLine,
    /// The researcher's account.
    pub account: String,
    /// The researcher's name.
    pub researcher: Option<String>,
    /// The schema.
    pub schema: String,
    /// Chunks of 64 rows that are scanned of each seller.
    pub sample: u32,
    /// What is asked of rows and classes.
    #[schema(value_type = Object)]
    pub terms: Terms,
    /// Limits on suppression and loss.
    #[schema(value_type = Object)]
    pub limits: Limits,
    /// Records neither paid nor reserved.
    pub left: u32,
    /// Records that wait for room.
    pub waiting: u32,
    /// Records whose price is locked for it still.
    pub escrow: u32,
    /// Hospitals that can read its price. Nobody else can.
    pub price_readers: usize,
    /// Root of the registry of datasets that contributions are proven against.
    pub anchor: String,
    /// The sampling beacon, once it is known.
    pub beacon: Option<String>,
    /// Who acts next.
    pub next: NextView,
    /// What happened, in order; that of its contributions is said with them.
    pub timeline: Vec<MomentView>,
}

/// The phase as a word.
const fn word(phase: &Phase) -> &'static str {
    match phase {
        Phase::Open => OPEN,
        Phase::Closing => "closing",
        Phase::Settled { .. } => SETTLED,
    }
}

impl RequestLine {
    /// A request as lists show it.
    pub fn of(id: &RequestId, record: &RequestRecord) -> Self {
        Self {
            id: id.to_string(),
            title: record.request.title.clone(),
            posted: record.posted,
            posted_ms: record.posted_ms,
            phase: word(&record.phase),
            deadline: record.request.deadline.get(),
            max_records: record.request.max_records.get(),
            paid: record.paid.get(),
            reserved: record.reserved.get(),
            contributions: record.contributions,
        }
    }
}

/// The cursor after a request in the list.
pub fn cursor(posted: u64, id: &RequestId) -> Vec<u8> {
    [posted.to_be_bytes().as_slice(), &id.to_bytes()].concat()
}

/// The place in the list that a cursor names.
fn place(cursor: &[u8]) -> Option<(u64, RequestId)> {
    let (posted, id) = cursor.split_first_chunk::<8>()?;
    let id = galen_circuits::field::from_bytes(id.try_into().ok()?)?;
    Some((u64::from_be_bytes(*posted), RequestId::new(id)))
}

/// A page of requests, the newest first. A cursor that is none begins at the top.
///
/// # Errors
/// [`ChainError`].
pub async fn requests(
    chain: &dyn Chain,
    index: &Index,
    from: Option<&[u8]>,
    limit: usize,
) -> Result<Paged<RequestLine>, ChainError> {
    let lines = index.newest(chain, from.and_then(place), limit + 1).await?;
    Ok(Paged::of(lines.into_iter().map(|(id, line)| (cursor(line.posted, &id), line)), limit))
}

/// A request.
pub fn request(state: &(impl StateRead + ?Sized), id: &RequestId) -> Option<RequestView> {
    let record = RequestRecord::load(state, id)?;
    let account = record.request.account;
    Some(RequestView {
        line: RequestLine::of(id, &record),
        account: account.to_string(),
        researcher: crate::role::participant(state, &account).map(|participant| participant.name),
        schema: record.request.schema().to_string(),
        sample: record.request.sample,
        limits: record.request.limits,
        left: record.left().get(),
        waiting: record.waiting,
        escrow: money::escrow(state, id).map_or(0, |escrow| escrow.records.get()),
        price_readers: record.sellers.len(),
        anchor: hex::encode(galen_circuits::field::to_bytes(&record.anchor)),
        beacon: record.drawn.map(|drawn| hex::encode(galen_circuits::field::to_bytes(&drawn.value))),
        next: next(state, id, &record),
        timeline: timeline(&record),
        terms: record.request.terms,
    })
}

fn next(state: &(impl StateRead + ?Sized), id: &RequestId, record: &RequestRecord) -> NextView {
    let step = |who, what, until| NextView { who, what, until };
    match record.phase {
        Phase::Settled { .. } => step("researcher", "can collect; nothing else will happen", None),
        _ if record.reserved.get() > 0 => {
            step("hospitals", "open what is reserved for them", first_end(state, id, record))
        }
        Phase::Closing => step("ledger", "settles the request", None),
        Phase::Open if record.drawn.is_none() => {
            step("ledger", "draws the sample, with the next blocks", None)
        }
        Phase::Open => step("hospitals", "contribute", Some(record.request.deadline.get())),
    }
}

/// When the first reservation of the newest contributions ends.
fn first_end(state: &(impl StateRead + ?Sized), id: &RequestId, record: &RequestRecord) -> Option<u64> {
    let first = record.contributions.saturating_sub(LOOKED_AT);
    let until = |number| {
        let contribution: ContributionId = load(state, &state_key::contribution_of(id, number))?;
        match ContributionGlance::load(state, &contribution)?.status {
            Status::Reserved { until } => Some(until),
            _ => None,
        }
    };
    (first..record.contributions).filter_map(until).min()
}

fn timeline(record: &RequestRecord) -> Vec<MomentView> {
    let moment = |what, height| MomentView { what, height };
    let mut moments = vec![moment("posted", record.posted)];
    moments.extend(record.drawn.map(|drawn| moment("sample drawn", drawn.height)));
    let deadline = record.request.deadline.get();
    match record.phase {
        Phase::Open => {}
        Phase::Closing => moments.push(moment("closed", deadline)),
        Phase::Settled { height } => {
            moments.extend((deadline <= height).then(|| moment("closed", deadline)));
            moments.push(moment("settled", height));
        }
    }
    moments
}

/// The schema that a request's columns are of.
pub fn schema_of(
    state: &(impl StateRead + ?Sized),
    view: &RequestView,
) -> Option<galen_circuits::schema::Schema> {
    query::schema(state, &view.schema.parse().ok()?)
}
