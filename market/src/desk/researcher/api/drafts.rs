//! Drafts: written, checked, posted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Desk, blocking};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::check::FieldFault;
use crate::desk::researcher::draft::Draft;
use crate::desk::researcher::fault::DeskFault;
use crate::desk::researcher::purse::Cost;
use crate::desk::researcher::store::{KeptDraft, Name};
use crate::web::extract::{Json, Path};
use crate::web::{Answered, Person, Problem};

pub fn routes() -> OpenApiRouter<Arc<ResearcherDesk>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(one, change, delete))
        .routes(routes!(restore))
        .routes(routes!(post))
}

/// A draft, with what is wrong with it and what it would cost.
#[derive(Serialize, ToSchema)]
pub struct DraftView {
    /// Its name.
    pub id: String,
    /// Who began it.
    pub by: String,
    /// When it was changed last, in milliseconds since 1970.
    pub changed_ms: u64,
    /// What is written.
    pub draft: Draft,
    /// Whether it is signed: then it can be posted again, and not changed.
    pub signed: bool,
    /// The request that it became.
    pub posted: Option<String>,
    /// What is wrong with it, field by field. Empty: it can be posted.
    pub faults: Vec<FieldFault>,
    /// What it would lock, once nothing is wrong.
    pub cost: Option<Cost>,
}

/// A request that was posted.
#[derive(Serialize, ToSchema)]
struct PostedView {
    /// Its id.
    request: String,
}

/// A draft with all that can be said of it.
///
/// # Errors
/// When the state or a file cannot be read.
pub fn view(desk: &ResearcherDesk, kept: KeptDraft) -> Result<DraftView, DeskFault> {
    let checked = desk.check(&kept.draft)?;
    let cost = match (&checked, kept.posted) {
        (Ok(checked), None) => Some(desk.cost(checked)?),
        _ => None,
    };
    Ok(DraftView {
        id: kept.id.to_string(),
        signed: kept.posted.is_some() || desk.is_signed(&kept.id)?,
        by: kept.by,
        changed_ms: kept.changed_ms,
        posted: kept.posted.map(|request| request.to_string()),
        faults: checked.err().unwrap_or_default(),
        draft: kept.draft,
        cost,
    })
}

/// Drafts that are not posted, the newest first
#[utoipa::path(get, path = "/v1/drafts", tag = "drafts", responses((status = 200, body = Vec<DraftView>)))]
async fn list(State(desk): Desk) -> Answered<Json<Vec<DraftView>>> {
    let all = |desk: &ResearcherDesk| desk.drafts()?.into_iter().map(|kept| view(desk, kept)).collect();
    blocking(&desk, all).await.map(Json)
}

/// Begin a draft
#[utoipa::path(post, path = "/v1/drafts", tag = "drafts", request_body = Draft,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = DraftView), (status = 422, body = Problem)))]
async fn begin(
    State(desk): Desk,
    person: Person,
    Json(draft): Json<Draft>,
) -> Answered<(StatusCode, Json<DraftView>)> {
    let made = blocking(&desk, move |desk| view(desk, desk.begin(&person.name, draft)?)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A draft
#[utoipa::path(get, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, body = DraftView), (status = 404, body = Problem)))]
async fn one(State(desk): Desk, Path(id): Path<Name>) -> Answered<Json<DraftView>> {
    blocking(&desk, move |desk| view(desk, desk.draft(&id)?)).await.map(Json)
}

/// Change a draft that is not signed
#[utoipa::path(put, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)), request_body = Draft,
    responses((status = 200, body = DraftView), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn change(
    State(desk): Desk,
    Path(id): Path<Name>,
    Json(draft): Json<Draft>,
) -> Answered<Json<DraftView>> {
    blocking(&desk, move |desk| view(desk, desk.change(&id, draft)?)).await.map(Json)
}

/// Delete a draft that is not signed; it can be restored
#[utoipa::path(delete, path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(State(desk): Desk, Path(id): Path<Name>) -> Answered<StatusCode> {
    blocking(&desk, move |desk| desk.delete(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Bring a deleted draft back
#[utoipa::path(post, path = "/v1/drafts/{id}/restore", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, body = DraftView), (status = 404, body = Problem)))]
async fn restore(State(desk): Desk, Path(id): Path<Name>) -> Answered<Json<DraftView>> {
    let restored = move |desk: &ResearcherDesk| {
        desk.restore(&id)?;
        view(desk, desk.draft(&id)?)
    };
    blocking(&desk, restored).await.map(Json)
}

/// Sign a draft, lock its money and post it. Once more gives the same request
#[utoipa::path(post, path = "/v1/drafts/{id}/post", tag = "drafts",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = PostedView), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
async fn post(State(desk): Desk, Path(id): Path<Name>) -> Answered<Json<PostedView>> {
    let request = posted(&desk, id).await?.to_string();
    Ok(Json(PostedView { request }))
}

/// Posts a draft, also when the caller does not wait for it.
///
/// # Errors
/// As [`ResearcherDesk::post`].
pub async fn posted(desk: &Arc<ResearcherDesk>, id: Name) -> Result<crate::id::RequestId, DeskFault> {
    let desk = Arc::clone(desk);
    let posting = tokio::spawn(async move { desk.post(&id).await });
    posting.await.unwrap_or_else(|error| Err(DeskFault::Internal(error.to_string())))
}
