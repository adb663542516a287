//! What it takes to check everything with other programs: proofs as snarkjs reads them, inclusion proofs, search.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use crate::explorer::inclusion::{self, InclusionView};
use crate::explorer::search::{self, Match};
use crate::explorer::site::Explorer;
use crate::explorer::verify::ProofMaterial;
use crate::fact::Subject;
use crate::id::ContributionId;
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Problem};

pub(super) fn routes() -> OpenApiRouter<Arc<Explorer>> {
    OpenApiRouter::new()
        .routes(routes!(proofs))
        .routes(routes!(inclusion))
        .routes(routes!(inclusion_file))
        .routes(routes!(search))
}

/// A contribution's proofs, public signals and verifying keys, as snarkjs reads them
#[utoipa::path(get, path = "/v1/contributions/{id}/proofs", tag = "checks",
    params(("id" = String, Path, description = "The contribution's id")),
    responses((status = 200, body = ProofMaterial), (status = "default", body = Problem)))]
async fn proofs(State(site): Shared, Path(id): Path<ContributionId>) -> Answered<impl IntoResponse> {
    let json = site.materials.json(site.chain.as_ref(), &id).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json))
}

fn subject(kind: &str, id: &str) -> Answered<Subject> {
    let fault = || Problem::not_found("thing: name a request, contribution, account or note");
    search::subject(kind, id).ok_or_else(|| Box::new(fault()))
}

/// That something is, or is not, on the ledger: what the proof says, and how to check it
#[utoipa::path(get, path = "/v1/inclusion/{kind}/{id}", tag = "checks",
    params(("kind" = String, Path, description = "`request`, `contribution`, `account` or `note`"),
           ("id" = String, Path, description = "Its id")),
    responses((status = 200, body = InclusionView), (status = "default", body = Problem)))]
async fn inclusion(
    State(site): Shared,
    Path((kind, id)): Path<(String, String)>,
) -> Answered<Json<InclusionView>> {
    let found = inclusion::inclusion(site.chain.as_ref(), &subject(&kind, &id)?)?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("block yet")))
}

/// The proof's file, for `galen light verify`
#[utoipa::path(get, path = "/v1/inclusion/{kind}/{id}/file", tag = "checks",
    params(("kind" = String, Path, description = "`request`, `contribution`, `account` or `note`"),
           ("id" = String, Path, description = "Its id")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
              (status = "default", body = Problem)))]
async fn inclusion_file(
    State(site): Shared,
    Path((kind, id)): Path<(String, String)>,
) -> Answered<impl IntoResponse> {
    let subject = subject(&kind, &id)?;
    let bytes = inclusion::proof(site.chain.as_ref(), &subject)?;
    let bytes = bytes.ok_or_else(|| Box::new(Problem::not_found("block yet")))?;
    let name = format!("attachment; filename=\"{}.light\"", subject.to_string().replace(' ', "-"));
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_DISPOSITION, name)],
        bytes,
    ))
}

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Sought {
    /// A height, a note's place, or an id of 64 hexadecimal digits.
    #[serde(default)]
    #[param(max_length = 128)]
    pub q: String,
}

/// Everything that has an id
#[utoipa::path(get, path = "/v1/search", tag = "checks", params(Sought),
    responses((status = 200, body = Vec<Match>), (status = "default", body = Problem)))]
async fn search(State(site): Shared, Query(sought): Query<Sought>) -> Answered<Json<Vec<Match>>> {
    Ok(Json(search::search(site.chain.as_ref(), &site.newest, &sought.q).await?))
}
