//! The desk's API, for its people's programs: everything that its pages do.

pub(super) mod drafts;
pub(super) mod requests;
mod schemas;
pub(super) mod wallet;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ResearcherDesk;
use super::pace::Pace;
use crate::web::document::{Bearer, with_refusals};
use crate::web::extract::Json;
use crate::web::{Answered, Problem};

/// What handlers work on.
type Desk = State<Arc<ResearcherDesk>>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Galen: researcher's desk", description = "Drafts, requests, what was bought, and the wallet. \
        Amounts are whole minor units. Send `Authorization: Bearer` with a token from the desk's home."),
    security(("token" = [])),
    modifiers(&Bearer),
    components(schemas(Problem))
)]
struct Document;

/// Who this desk is, and how its chain goes.
#[derive(Serialize, ToSchema)]
struct Status {
    /// The account that it signs with.
    account: String,
    /// The name that the consortium accredited it by; empty if it did not.
    institution: String,
    /// The chain's id.
    chain: String,
    /// The chain's name.
    chain_name: String,
    /// Where the chain is.
    pace: Pace,
}

/// Who this desk is, and how its chain goes
#[utoipa::path(get, path = "/v1/status", tag = "desk", responses((status = 200, body = Status)))]
async fn status(State(desk): Desk) -> Answered<Json<Status>> {
    Ok(Json(Status {
        account: desk.account().to_string(),
        institution: desk.institution(&desk.account())?,
        chain: desk.chain().id().to_string(),
        chain_name: desk.chain().genesis().name.clone(),
        pace: desk.pace().await?,
    }))
}

fn all() -> OpenApiRouter<Arc<ResearcherDesk>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status))
        .merge(schemas::routes())
        .merge(drafts::routes())
        .merge(requests::routes())
        .merge(wallet::routes())
}

/// The document of the API.
pub fn document() -> OpenApi {
    with_refusals(all().split_for_parts().1)
}

/// The API of a desk, and its document.
pub fn api(desk: Arc<ResearcherDesk>) -> (Router, OpenApi) {
    let (router, document) = all().split_for_parts();
    (router.with_state(desk), with_refusals(document))
}

/// Does what takes a while where nobody waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    desk: &Arc<ResearcherDesk>,
    act: impl FnOnce(&ResearcherDesk) -> Result<T, super::fault::DeskFault> + Send + 'static,
) -> Answered<T> {
    let desk = Arc::clone(desk);
    Ok(super::blocking(move || act(&desk)).await?)
}
