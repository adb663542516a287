//! Inbox, previews, approvals, jobs, what was sold.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Desk, request_id};
use crate::desk::hospital::HospitalDesk;
use crate::desk::hospital::case::CaseView;
use crate::desk::hospital::inbox::InboxItem;
use crate::desk::hospital::preview::PreviewView;
use crate::desk::hospital::sold::SoldList;
use crate::web::extract::{Json, Path};
use crate::web::{Answered, Person, Problem, events};

pub fn routes() -> OpenApiRouter<Arc<HospitalDesk>> {
    OpenApiRouter::new()
        .routes(routes!(inbox))
        .routes(routes!(inbox_events))
        .routes(routes!(preview))
        .routes(routes!(approve, revoke))
        .routes(routes!(jobs))
        .routes(routes!(job))
        .routes(routes!(job_events))
        .routes(routes!(cancel))
        .routes(routes!(sold))
        .routes(routes!(open_late))
}

/// What is agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Agreement {
    /// The digest of the preview that was looked at.
    digest: String,
}

/// Open requests, the nearest deadline first
#[utoipa::path(get, path = "/v1/inbox", tag = "requests", responses((status = 200, body = [InboxItem])))]
async fn inbox(State(desk): Desk) -> Answered<Json<Vec<InboxItem>>> {
    Ok(Json(desk.off(|desk| desk.inbox()).await?))
}

/// The inbox whenever it changes, as server-sent events
#[utoipa::path(get, path = "/v1/inbox/events", tag = "requests",
    responses((status = 200, content_type = "text/event-stream", body = [InboxItem])))]
async fn inbox_events(State(desk): Desk, headers: HeaderMap) -> impl IntoResponse + use<> {
    events::stream(desk.inbox_shots(), &headers)
}

/// What an answer to a request would release; nothing is written, proven or sent
#[utoipa::path(get, path = "/v1/requests/{id}/preview", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = PreviewView), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn preview(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<PreviewView>> {
    let id = request_id(&id)?;
    Ok(Json(desk.off(move |desk| desk.preview(&id)).await?))
}

/// Approve a preview. When enough people have, proofs are made, sent and opened by themselves
#[utoipa::path(post, path = "/v1/requests/{id}/approval", tag = "requests", params(("id" = String, Path)),
    request_body = Agreement,
    responses((status = 200, body = CaseView), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn approve(
    State(desk): Desk,
    person: Person,
    Path(id): Path<String>,
    Json(agreement): Json<Agreement>,
) -> Answered<Json<CaseView>> {
    Ok(Json(desk.approve(&person.name, request_id(&id)?, &agreement.digest).await?))
}

/// Take one's own approval back, before the proofs begin
#[utoipa::path(delete, path = "/v1/requests/{id}/approval", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = CaseView), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn revoke(State(desk): Desk, person: Person, Path(id): Path<String>) -> Answered<Json<CaseView>> {
    let id = request_id(&id)?;
    Ok(Json(desk.off(move |desk| desk.revoke(&person.name, &id)).await?))
}

/// Jobs, the newest first; a job has its request's name
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", responses((status = 200, body = [CaseView])))]
async fn jobs(State(desk): Desk) -> Answered<Json<Vec<CaseView>>> {
    Ok(Json(desk.cases().await?))
}

/// A job
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = CaseView), (status = 404, body = Problem)))]
async fn job(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<CaseView>> {
    Ok(Json(desk.case(&request_id(&id)?).await?))
}

/// Progress of a job, as server-sent events
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = CaseView), (status = 404, body = Problem)))]
async fn job_events(
    State(desk): Desk,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered<impl IntoResponse + use<>> {
    Ok(events::stream(desk.case_shots(&request_id(&id)?)?, &headers))
}

/// Stop a job that was not sent: what was proven is forgotten, and approvals with it
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn cancel(State(desk): Desk, Path(id): Path<String>) -> Answered<StatusCode> {
    desk.cancel(&request_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was sold, what it earned, and how many patients were released more than once
#[utoipa::path(get, path = "/v1/sold", tag = "sold", responses((status = 200, body = SoldList)))]
async fn sold(State(desk): Desk) -> Answered<Json<SoldList>> {
    Ok(Json(desk.off(|desk| desk.sold()).await?))
}

/// Show a contribution's key late: the buyer can read it then, and it is paid only while money is left
#[utoipa::path(post, path = "/v1/sold/{id}/open-late", tag = "sold", params(("id" = String, Path, description = "the request")),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn open_late(State(desk): Desk, Path(id): Path<String>) -> Answered<StatusCode> {
    desk.open_late(&request_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
