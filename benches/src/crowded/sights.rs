//! Addresses of pages and of the API, with ids that are there.

use galen_ledger::StateRead;
use galen_market::record::{ContributionRecord, RequestRecord, Status};
use galen_market::{ContributionId, RequestId, SchemaId, query};
use galen_tests::marketplace::schema;

use super::Crowd;
use super::cast::Cast;
use crate::listeners::Failure;

/// Addresses on a site.
pub struct Sights {
    /// Pages for people.
    pub pages: Vec<String>,
    /// Queries of programs.
    pub queries: Vec<String>,
}

/// A contribution that is shown.
struct Shown {
    id: ContributionId,
    record: ContributionRecord,
}

fn first(state: &dyn StateRead, request: &RequestId, paid: bool) -> Option<Shown> {
    query::contributions_of(state, request).into_iter().find_map(|found| {
        let record = ContributionRecord::load(state, &found.id)?;
        let is_paid = matches!(record.status, Status::Paid { .. });
        (is_paid == paid).then_some(Shown { id: found.id, record })
    })
}

impl Sights {
    /// Of this market. The request is the one with the most contributions, the block one of many transactions.
    ///
    /// # Errors
    /// When the store fails, or there is no contribution.
    pub fn of(crowd: &Crowd) -> Result<Self, Failure> {
        let request = crowd.busy.id;
        let found = crowd.chain.read(|state| {
            let posted = RequestRecord::load(state, &request)?.posted;
            Some((posted, first(state, &request, true)?, first(state, &request, false)?))
        })?;
        let (posted, paid, reserved) = found.ok_or("no contribution was paid, or none is reserved")?;
        let Status::Paid { note, .. } = paid.record.status else { return Err("it is not paid".into()) };
        let (id, reserved, tx, height) = (paid.id, reserved.id, paid.record.tx, paid.record.height);
        let cast = Cast::new();
        let researcher = cast.researcher.account.key();
        let hospital = cast.hospitals.first().ok_or("no hospital")?.account().key();
        let schema = SchemaId::of(&schema("cohort"));
        let nowhere = "ab".repeat(32);
        // A place in the list: a height, and an id.
        let older = format!("{:016x}{}", posted.saturating_sub(100), "00".repeat(32));
        let both = |below: &str| {
            [
                "/blocks".to_owned(),
                format!("/blocks/{height}"),
                format!("/transactions/{tx}"),
                "/requests".to_owned(),
                format!("/requests?after={older}"),
                format!("/requests/{request}"),
                format!("/contributions/{id}"),
                format!("/contributions/{reserved}"),
                "/participants".to_owned(),
                format!("/participants/{hospital}"),
                format!("/participants/{researcher}"),
                "/schemas".to_owned(),
                format!("/schemas/{schema}"),
                "/members".to_owned(),
                "/openings".to_owned(),
                format!("/search?q={id}"),
                format!("/search?q={nowhere}"),
            ]
            .map(|path| format!("{below}{path}"))
        };
        let mut pages = vec!["/".to_owned()];
        pages.extend(both(""));
        pages.extend([format!("/notes/{note}"), format!("/contributions/{id}/verify"), "/api".to_owned()]);
        let mut queries = vec!["/v1/chain".to_owned()];
        queries.extend(both("/v1"));
        queries.extend([
            format!("/v1/requests/{request}/contributions"),
            format!("/v1/contributions/{id}/proofs"),
            format!("/v1/inclusion/contribution/{id}"),
            "/v1/cycle".to_owned(),
            "/v1/governance".to_owned(),
        ]);
        Ok(Self { pages, queries })
    }
}
