//! The desk's API, for its people's programs: everything that its pages do.

mod data;
mod money;
mod requests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HospitalDesk;
use super::fault::DeskFault;
use super::inbox::Pace;
use crate::id::RequestId;
use crate::web::document::{Bearer, with_refusals};
use crate::web::extract::Json;
use crate::web::{Answered, Person, Problem};

pub use data::{AllowForm, receive};

/// What handlers work on.
type Desk = State<Arc<HospitalDesk>>;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Galen: hospital's desk", description = "Data, requests, approvals, proof jobs, what was sold, and the \
        wallet. Amounts are whole minor units. Send `Authorization: Bearer` with a token from the desk's home."),
    security(("token" = [])),
    modifiers(&Bearer),
    components(schemas(Problem))
)]
struct Document;

/// Who this desk is, who calls, and how its chain goes.
#[derive(Serialize, ToSchema)]
struct Status {
    /// The account that it signs with.
    account: String,
    /// The name that the consortium accredited it by; empty if it did not.
    institution: String,
    /// Who calls.
    person: String,
    /// People who must approve an answer.
    approvals: u8,
    /// The chain's id.
    chain: String,
    /// The chain's name.
    chain_name: String,
    /// Where the chain is.
    pace: Pace,
}

/// Who this desk is, who calls, and how its chain goes
#[utoipa::path(get, path = "/v1/status", tag = "desk", responses((status = 200, body = Status)))]
async fn status(State(desk): Desk, person: Person) -> Answered<Json<Status>> {
    Ok(Json(Status {
        account: desk.keys.account().key().to_string(),
        institution: desk.institution()?,
        person: person.name,
        approvals: desk.settings.approvals,
        chain: desk.chain.id().to_string(),
        chain_name: desk.chain.genesis().name.clone(),
        pace: desk.pace(),
    }))
}

fn all() -> OpenApiRouter<Arc<HospitalDesk>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(status))
        .merge(data::routes())
        .merge(requests::routes())
        .merge(money::routes())
}

/// The document of the API.
pub fn document() -> OpenApi {
    with_refusals(all().split_for_parts().1)
}

/// The API of a desk, and its document.
pub fn api(desk: Arc<HospitalDesk>) -> (Router, OpenApi) {
    let (router, document) = all().split_for_parts();
    (router.with_state(desk), with_refusals(document))
}

/// A request's name in an address.
pub(crate) fn request_id(text: &str) -> Result<RequestId, DeskFault> {
    text.parse().map_err(|_| DeskFault::Missing("request"))
}
