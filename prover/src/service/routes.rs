//! The calls.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::problem::Problem;
use super::{Shared, events, guard};
use crate::jobs::{JobId, JobSpec, Progress, Proving, ProvingError};

/// A job as callers see it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobView {
    pub(super) id: JobId,
    pub(super) progress: Progress,
}

/// All calls, behind the guard.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let limit = DefaultBodyLimit::max(shared.settings.max_job_bytes);
    let guarded = Router::new()
        .route("/v1/jobs", post(submit).layer(limit))
        .route("/v1/jobs/{id}", get(status).delete(cancel))
        .route("/v1/jobs/{id}/events", get(follow))
        .route("/v1/jobs/{id}/result", get(result).merge(delete(forget)))
        .fallback(async || Problem::no_such_call())
        .method_not_allowed_fallback(async || Problem::wrong_method())
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::authorize));
    Router::new()
        .route("/healthz", get(async || Json(serde_json::json!({ "status": "ok" }))))
        .merge(guarded)
        .layer(middleware::from_fn(guard::name_and_log))
        .with_state(shared)
}

type Answer<T> = Result<T, Box<Problem>>;

fn named(text: &str) -> Answer<JobId> {
    text.parse().map_err(|_| Box::new(Problem::bad_id()))
}

async fn submit(State(shared): State<Arc<Shared>>, request: Request) -> Answer<Response> {
    // Held until the job is on disk: this many jobs are in memory at most.
    let _permit = shared.submissions.try_acquire().map_err(|_| Box::new(Problem::busy()))?;
    let body = read(&shared, request).await?;
    let queue = shared.queue.clone();
    let taken = spawn_blocking(move || {
        let spec = JobSpec::from_json(&body)?;
        let id = queue.submit(&spec)?;
        Ok::<_, ProvingError>((id, queue.status(id)?))
    });
    let (id, progress) = taken.await.unwrap_or(Err(ProvingError::Closing))?;
    let location = [(header::LOCATION, format!("/v1/jobs/{id}"))];
    Ok((StatusCode::ACCEPTED, location, Json(JobView { id, progress })).into_response())
}

async fn read(shared: &Shared, request: Request) -> Answer<Bytes> {
    let most = shared.settings.max_job_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > most) {
        return Err(Box::new(Problem::too_large(most)));
    }
    let read = tokio::time::timeout(shared.settings.upload_time, Bytes::from_request(request, &())).await;
    let arrived = read.map_err(|_| Box::new(Problem::too_slow()))?;
    arrived.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Box::new(Problem::too_large(most)),
        _ => Box::new(Problem::broken_off()),
    })
}

async fn status(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer<Json<JobView>> {
    let id = named(&id)?;
    let progress = Proving::status(&shared.queue, id).await?;
    Ok(Json(JobView { id, progress }))
}

async fn follow(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<impl IntoResponse> {
    let progress = Proving::progress(&shared.queue, named(&id)?).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    Ok(events::stream(progress, shared.closing.clone(), shared.epoch.clone(), last))
}

async fn result(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer<Response> {
    let outcome = Proving::result(&shared.queue, named(&id)?).await?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, Body::from(outcome.to_json().to_vec())).into_response())
}

async fn cancel(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer<StatusCode> {
    Proving::cancel(&shared.queue, named(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer<StatusCode> {
    Proving::forget(&shared.queue, named(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
