//! Participants, schemas, requests, contributions, openings.

use std::sync::Arc;

use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use crate::explorer::contribution::{self, ContributionLine, ContributionView};
use crate::explorer::disclosure::{self, DisclosureView};
use crate::explorer::participant::{self, GovernanceView, ParticipantDetail, ParticipantLine};
use crate::explorer::request::{self, RequestLine, RequestView};
use crate::explorer::schema::{self, SchemaLine, SchemaView};
use crate::explorer::site::Explorer;
use crate::id::{AccountKey, ContributionId, RequestId, SchemaId};
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Paged, Paging, Problem};

pub(super) fn routes() -> OpenApiRouter<Arc<Explorer>> {
    OpenApiRouter::new()
        .routes(routes!(participants))
        .routes(routes!(participant))
        .routes(routes!(governance))
        .routes(routes!(schemas))
        .routes(routes!(schema))
        .routes(routes!(requests))
        .routes(routes!(request))
        .routes(routes!(contributions))
        .routes(routes!(contribution))
        .routes(routes!(disclosures))
}

/// A page of participants, in the order of their accounts
#[utoipa::path(get, path = "/v1/participants", tag = "market", params(Paging),
    responses((status = 200, body = Paged<ParticipantLine>), (status = "default", body = Problem)))]
async fn participants(
    State(site): Shared,
    Query(paging): Query<Paging>,
) -> Answered<Json<Paged<ParticipantLine>>> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    Ok(Json(site.chain.read(|state, _| participant::participants(state, after.as_deref(), limit))?))
}

/// A participant, with a hospital's datasets
#[utoipa::path(get, path = "/v1/participants/{account}", tag = "market",
    params(("account" = String, Path, description = "Its account, 64 hexadecimal digits")),
    responses((status = 200, body = ParticipantDetail), (status = "default", body = Problem)))]
async fn participant(
    State(site): Shared,
    Path(account): Path<AccountKey>,
) -> Answered<Json<ParticipantDetail>> {
    let found = site.chain.read(|state, _| participant::participant(state, &account))?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("participant")))
}

/// The governance keys
#[utoipa::path(get, path = "/v1/governance", tag = "market",
    responses((status = 200, body = GovernanceView), (status = "default", body = Problem)))]
async fn governance(State(site): Shared) -> Answered<Json<GovernanceView>> {
    Ok(Json(site.chain.read(|state, _| participant::governance(state))?))
}

/// A page of schemas, in the order of their ids
#[utoipa::path(get, path = "/v1/schemas", tag = "market", params(Paging),
    responses((status = 200, body = Paged<SchemaLine>), (status = "default", body = Problem)))]
async fn schemas(State(site): Shared, Query(paging): Query<Paging>) -> Answered<Json<Paged<SchemaLine>>> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    Ok(Json(site.chain.read(|state, _| schema::schemas(state, after.as_deref(), limit))?))
}

/// A schema
#[utoipa::path(get, path = "/v1/schemas/{id}", tag = "market",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = SchemaView), (status = "default", body = Problem)))]
async fn schema(State(site): Shared, Path(id): Path<SchemaId>) -> Answered<Json<SchemaView>> {
    let found = site.chain.read(|state, _| schema::schema(state, &id))?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("schema")))
}

/// A page of requests, the newest first
#[utoipa::path(get, path = "/v1/requests", tag = "market", params(Paging),
    responses((status = 200, body = Paged<RequestLine>), (status = "default", body = Problem)))]
async fn requests(State(site): Shared, Query(paging): Query<Paging>) -> Answered<Json<Paged<RequestLine>>> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    Ok(Json(request::requests(site.chain.as_ref(), &site.index, after.as_deref(), limit).await?))
}

/// A request. Its price is sealed, and not here
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "market",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = RequestView), (status = "default", body = Problem)))]
async fn request(State(site): Shared, Path(id): Path<RequestId>) -> Answered<Json<RequestView>> {
    let found = site.chain.read(|state, _| request::request(state, &id))?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("request")))
}

/// A page of a request's contributions, in the order of their acceptance
#[utoipa::path(get, path = "/v1/requests/{id}/contributions", tag = "market",
    params(("id" = String, Path, description = "The request's id"), Paging),
    responses((status = 200, body = Paged<ContributionLine>), (status = "default", body = Problem)))]
async fn contributions(
    State(site): Shared,
    Path(id): Path<RequestId>,
    Query(paging): Query<Paging>,
) -> Answered<Json<Paged<ContributionLine>>> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    Ok(Json(site.chain.read(|state, _| contribution::contributions(state, &id, after.as_deref(), limit))?))
}

/// A contribution: what is public of it
#[utoipa::path(get, path = "/v1/contributions/{id}", tag = "market",
    params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = ContributionView), (status = "default", body = Problem)))]
async fn contribution(
    State(site): Shared,
    Path(id): Path<ContributionId>,
) -> Answered<Json<ContributionView>> {
    let found = site.chain.read(|state, at| contribution::contribution(state, &at.chain_id, &id))?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("contribution")))
}

/// A page of orders to the audit authority to open something
#[utoipa::path(get, path = "/v1/openings", tag = "market", params(Paging),
    responses((status = 200, body = Paged<DisclosureView>), (status = "default", body = Problem)))]
async fn disclosures(
    State(site): Shared,
    Query(paging): Query<Paging>,
) -> Answered<Json<Paged<DisclosureView>>> {
    let (after, limit) = (paging.after()?, paging.limit()?);
    Ok(Json(site.chain.read(|state, _| disclosure::disclosures(state, after.as_deref(), limit))?))
}
