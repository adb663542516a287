//! Sources, imports, datasets.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use futures_util::{Stream, StreamExt};
use galen_prover::import::Allow;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use crate::desk::hospital::HospitalDesk;
use crate::desk::hospital::dataset::DatasetView;
use crate::desk::hospital::fault::DeskFault;
use crate::desk::hospital::import::ImportView;
use crate::desk::hospital::source::SourceView;
use crate::desk::hospital::spool::{self, Spool};
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Person, Problem, events};

pub fn routes() -> OpenApiRouter<Arc<HospitalDesk>> {
    OpenApiRouter::new()
        .routes(routes!(sources))
        .routes(routes!(bring))
        .routes(routes!(imports, upload))
        .routes(routes!(files))
        .routes(routes!(choose))
        .routes(routes!(import))
        .routes(routes!(import_events))
        .routes(routes!(datasets))
        .routes(routes!(dataset, erase))
        .routes(routes!(commit))
        .routes(routes!(withdraw))
}

/// What to let pass. Nothing, unless it is said.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct AllowForm {
    /// Values that the schema's categories do not know count as missing.
    pub unknown_codes: bool,
    /// Values outside of a column's domain count as missing.
    pub out_of_range: bool,
    /// Values that are no number or date count as missing.
    pub malformed: bool,
    /// Columns that the file does not have count as missing throughout.
    pub missing_columns: bool,
    /// Of a patient's several rows the first is kept, although the source refuses them.
    pub duplicates: bool,
}

impl From<AllowForm> for Allow {
    fn from(form: AllowForm) -> Self {
        let AllowForm { unknown_codes, out_of_range, malformed, missing_columns, duplicates } = form;
        Self { unknown_codes, out_of_range, malformed, missing_columns, duplicates }
    }
}

/// By which source a file is read.
#[derive(Clone, Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SourceName {
    /// A source of the list.
    source: String,
}

/// A file of the import folder.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Choice {
    /// Its plain name.
    file: String,
    /// By which source it is read.
    source: String,
    /// What to let pass.
    #[serde(default)]
    allow: AllowForm,
}

/// A file that can be chosen.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct FileView {
    /// Its name.
    name: String,
    /// Its bytes.
    bytes: u64,
}

/// What a source says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SourceText {
    /// The description of files and schema, in TOML.
    toml: String,
}

/// The block that did it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Done {
    /// Its height.
    height: u64,
}

/// By which sources files can be read
#[utoipa::path(get, path = "/v1/sources", tag = "data", responses((status = 200, body = [SourceView])))]
async fn sources(State(desk): Desk) -> Answered<Json<Vec<SourceView>>> {
    Ok(Json(desk.off(|desk| desk.sources()).await?))
}

/// Bring a source, or replace one's own
#[utoipa::path(put, path = "/v1/sources/{name}", tag = "data", request_body = SourceText,
    params(("name" = String, Path, description = "letters, digits and hyphens")),
    responses((status = 200, body = SourceView), (status = 422, body = Problem)))]
async fn bring(
    State(desk): Desk,
    Path(name): Path<String>,
    Json(text): Json<SourceText>,
) -> Answered<Json<SourceView>> {
    Ok(Json(desk.off(move |desk| desk.bring_source(&name, &text.toml)).await?))
}

/// Imports that are remembered, the newest first
#[utoipa::path(get, path = "/v1/imports", tag = "data", responses((status = 200, body = [ImportView])))]
async fn imports(State(desk): Desk) -> Json<Vec<ImportView>> {
    Json(desk.import_list())
}

/// Send a file of patients: the body is the file. It is read in the background; send it without an Idempotency-Key
#[utoipa::path(post, path = "/v1/imports", tag = "data", params(SourceName, AllowForm),
    request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 202, body = ImportView), (status = 409, body = Problem), (status = 413, body = Problem)))]
async fn upload(
    State(desk): Desk,
    person: Person,
    Query(name): Query<SourceName>,
    Query(allow): Query<AllowForm>,
    body: Body,
) -> Answered<(StatusCode, Json<ImportView>)> {
    // A file that nobody could read is not taken.
    let source = name.source.clone();
    desk.off(move |desk| desk.usable_source(&source).map(drop)).await?;
    let pieces = body.into_data_stream().map(|piece| piece.map_err(drop));
    let spool = receive(&desk, pieces).await?;
    let view =
        desk.off(move |desk| desk.begin_import(&person.name, &name.source, allow.into(), spool)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Writes what comes into a private file, which is gone when it is not wanted any more.
///
/// # Errors
/// For more bytes than the desk takes, and for one that breaks off.
pub async fn receive<B: AsRef<[u8]>>(
    desk: &HospitalDesk,
    pieces: impl Stream<Item = Result<B, ()>>,
) -> Answered<Spool> {
    let (spool, file) = Spool::create(&desk.settings.folder.join("uploads")).map_err(Problem::internal)?;
    let (mut file, mut size) = (tokio::fs::File::from_std(file), 0u64);
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|()| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "broken-off",
                "the file broke off before its end",
                "send it again; nothing was kept",
            )
        })?;
        size = size.saturating_add(piece.as_ref().len() as u64);
        if size > desk.settings.most_upload {
            let detail = format!("a file has at most {} bytes", desk.settings.most_upload);
            let remedy = "compress it with gzip, or put it into the import folder and choose it there";
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail, remedy).into());
        }
        file.write_all(piece.as_ref()).await.map_err(Problem::internal)?;
    }
    file.flush().await.map_err(Problem::internal)?;
    Ok(spool)
}

/// Files of the import folder
#[utoipa::path(get, path = "/v1/import-files", tag = "data", responses((status = 200, body = [FileView])))]
async fn files(State(desk): Desk) -> Answered<Json<Vec<FileView>>> {
    let Some(folder) = desk.settings.import_folder.clone() else { return Ok(Json(Vec::new())) };
    let listed = desk
        .off(move |_| spool::choices(&folder).map_err(|error| DeskFault::Internal(error.to_string())))
        .await?;
    Ok(Json(listed.into_iter().map(|(name, bytes)| FileView { name, bytes }).collect()))
}

/// Import a file of the import folder
#[utoipa::path(post, path = "/v1/import-files", tag = "data", request_body = Choice,
    responses((status = 202, body = ImportView), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn choose(
    State(desk): Desk,
    person: Person,
    Json(choice): Json<Choice>,
) -> Answered<(StatusCode, Json<ImportView>)> {
    let view = desk
        .off(move |desk| {
            let spool = desk.choose(&choice.file)?;
            desk.begin_import(&person.name, &choice.source, choice.allow.into(), spool)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

impl HospitalDesk {
    /// A file of the import folder.
    ///
    /// # Errors
    /// When there is no such folder or file.
    pub fn choose(&self, file: &str) -> Result<Spool, DeskFault> {
        let folder = self.settings.import_folder.as_ref().ok_or_else(|| {
            let detail = "this desk has no import folder";
            DeskFault::invalid("import-folder", detail, "name one in the configuration, or send the file")
        })?;
        Spool::choose(folder, file)
    }
}

/// An import
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = ImportView), (status = 404, body = Problem)))]
async fn import(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<ImportView>> {
    Ok(Json(desk.import(&id)?))
}

/// Progress of an import, as server-sent events
#[utoipa::path(get, path = "/v1/imports/{id}/events", tag = "data", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = ImportView), (status = 404, body = Problem)))]
async fn import_events(
    State(desk): Desk,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered<impl IntoResponse + use<>> {
    Ok(events::stream(desk.import_shots(&id)?, &headers))
}

/// Datasets, the newest first
#[utoipa::path(get, path = "/v1/datasets", tag = "data", responses((status = 200, body = [DatasetView])))]
async fn datasets(State(desk): Desk) -> Answered<Json<Vec<DatasetView>>> {
    Ok(Json(desk.off(|desk| desk.datasets()).await?))
}

/// A dataset with its import report
#[utoipa::path(get, path = "/v1/datasets/{id}", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = DatasetView), (status = 404, body = Problem)))]
async fn dataset(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<DatasetView>> {
    Ok(Json(desk.off(move |desk| desk.dataset(&id)).await?))
}

/// Erase a dataset that is not committed: requests of its time can then not be answered any more
#[utoipa::path(delete, path = "/v1/datasets/{id}", tag = "data", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn erase(State(desk): Desk, Path(id): Path<String>) -> Answered<StatusCode> {
    desk.off(move |desk| desk.erase(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Commit to a dataset on the ledger, in the place of the one before
#[utoipa::path(post, path = "/v1/datasets/{id}/commit", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn commit(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<Done>> {
    Ok(Json(Done { height: desk.commit(&id).await? }))
}

/// Take a dataset out of the registry: this hospital can sell nothing of its schema until it commits again
#[utoipa::path(post, path = "/v1/datasets/{id}/withdraw", tag = "data", params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn withdraw(State(desk): Desk, Path(id): Path<String>) -> Answered<Json<Done>> {
    Ok(Json(Done { height: desk.withdraw(&id).await? }))
}
