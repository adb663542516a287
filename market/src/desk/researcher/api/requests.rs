//! Requests: what is on the chain, how it goes on, and what was bought.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Desk, blocking};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::board::RequestLine;
use crate::desk::researcher::collect::Collected;
use crate::desk::researcher::fault::DeskFault;
use crate::desk::researcher::progress::Picture;
use crate::desk::researcher::report::Report;
use crate::desk::researcher::view::RequestDetail;
use crate::id::RequestId;
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Paged, Paging, Problem, events};

pub fn routes() -> OpenApiRouter<Arc<ResearcherDesk>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(progress))
        .routes(routes!(follow))
        .routes(routes!(collect))
        .routes(routes!(collected))
        .routes(routes!(report))
        .routes(routes!(file))
}

/// Which requests are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those that this desk posted.
    #[serde(default)]
    own: bool,
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// What the page before gave as `next`.
    after: Option<String>,
}

/// Where a line lies in a list of which the newest comes first.
fn place(line: &RequestLine) -> Vec<u8> {
    let id = hex::decode(&line.id).unwrap_or_default();
    (!line.posted).to_be_bytes().into_iter().chain(id.into_iter().map(|byte| !byte)).collect()
}

/// A page of requests.
///
/// # Errors
/// When the paging is wrong, or the state cannot be read.
pub fn page(desk: &ResearcherDesk, own: bool, paging: &Paging) -> Answered<Paged<RequestLine>> {
    let (limit, after) = (paging.limit()?, paging.after()?);
    let lines = desk.requests(own)?.into_iter().map(|line| (place(&line), line));
    let rest = lines.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after));
    Ok(Paged::of(rest, limit))
}

/// Requests, the newest first
#[utoipa::path(get, path = "/v1/requests", tag = "requests", params(Wanted),
    responses((status = 200, body = Paged<RequestLine>), (status = 422, body = Problem)))]
async fn list(State(desk): Desk, Query(wanted): Query<Wanted>) -> Answered<Json<Paged<RequestLine>>> {
    desk.catch_up()?;
    page(&desk, wanted.own, &Paging { limit: wanted.limit, after: wanted.after }).map(Json)
}

/// A request: what is asked, what happened, who acts next and until when
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestDetail), (status = 404, body = Problem)))]
async fn one(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Json<RequestDetail>> {
    Ok(Json(desk.request(&id).await?))
}

/// How a request stands: what its events carry, for those who ask again and again
#[utoipa::path(get, path = "/v1/requests/{id}/progress", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = Picture), (status = 404, body = Problem)))]
async fn progress(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Json<Picture>> {
    Ok(Json(desk.picture(&id).await?))
}

/// How a request goes on, as server-sent events; `Last-Event-ID` resumes
#[utoipa::path(get, path = "/v1/requests/{id}/events", tag = "requests",
    params(("id" = String, Path), ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, body = Picture, content_type = "text/event-stream"), (status = 404, body = Problem)))]
async fn follow(
    State(desk): Desk,
    Path(id): Path<RequestId>,
    headers: HeaderMap,
) -> Answered<impl IntoResponse> {
    Ok(events::stream(desk.follow(&id).await?, &headers))
}

/// Decrypt what was opened, and write table, dictionary, report and citation
#[utoipa::path(post, path = "/v1/requests/{id}/collect", tag = "requests",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Collected), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
async fn collect(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Json<Collected>> {
    Ok(Json(desk.collect(&id).await?))
}

/// What was collected, with the names of its files
#[utoipa::path(get, path = "/v1/requests/{id}/files", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = Collected), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn collected(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Json<Collected>> {
    let found = blocking(&desk, move |desk| desk.collected(&id)?.ok_or(DeskFault::NothingYet)).await?;
    Ok(Json(found))
}

/// The utility report
#[utoipa::path(get, path = "/v1/requests/{id}/report", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = Report), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
async fn report(State(desk): Desk, Path(id): Path<RequestId>) -> Answered<Json<Report>> {
    let found = blocking(&desk, move |desk| desk.report(&id)?.ok_or(DeskFault::NothingYet)).await?;
    Ok(Json(found))
}

/// A file that was collected
#[utoipa::path(get, path = "/v1/requests/{id}/files/{name}", tag = "requests",
    params(("id" = String, Path), ("name" = String, Path)),
    responses((status = 200, description = "The file, of the kind that its name says"),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn file(State(desk): Desk, Path((id, name)): Path<(RequestId, String)>) -> Answered<Response> {
    download(&desk, id, name).await
}

/// A file that was collected, to be saved and not shown.
///
/// # Errors
/// When there is none, or it is another's.
pub async fn download(desk: &Arc<ResearcherDesk>, id: RequestId, name: String) -> Answered<Response> {
    let read = move |desk: &ResearcherDesk| {
        let (path, kind) = desk.file(&id, &name)?;
        let failed = |error: std::io::Error| DeskFault::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        Ok((std::fs::read(&path).map_err(failed)?, kind))
    };
    let (bytes, kind) = blocking(desk, read).await?;
    let short: String = id.to_string().chars().take(8).collect();
    let saved = format!("attachment; filename=\"galen-{short}-{}\"", kind.name);
    let headers: [(HeaderName, String); 2] =
        [(header::CONTENT_TYPE, kind.media.to_owned()), (header::CONTENT_DISPOSITION, saved)];
    Ok((headers, Body::from(bytes)).into_response())
}
