//! The site's JSON, for programs: everything that the pages show, and the document that describes it.

mod checks;
mod ledger;
mod market;

use std::sync::Arc;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use checks::Sought;
pub(super) use ledger::below;

use super::feed;
use super::material::MaterialFault;
use super::site::Explorer;
use crate::web::Problem;
use crate::web::document::with_refusals;

/// What a site's handlers share.
pub type Shared = axum::extract::State<Arc<Explorer>>;

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Galen node",
        description = "What anybody may see of a Galen chain. Amounts, prices and names of sellers are sealed on the ledger; nothing here opens them. Lists are in pages: `next` of one is `after` of the next.",
        license(name = "Apache-2.0 OR MIT")
    ),
    tags(
        (name = "ledger", description = "Blocks, transactions, members, the beacon"),
        (name = "market", description = "Participants, schemas, requests, contributions, openings"),
        (name = "checks", description = "What it takes to check all of it with other programs"),
        (name = "following", description = "What desks follow the chain by, and where they hand in ciphertexts and transactions")
    )
)]
struct Document;

/// The routes below `/v1`, those of the feed included, and their document.
pub fn api(site: &Arc<Explorer>) -> (Router, utoipa::openapi::OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(ledger::routes())
        .merge(market::routes())
        .merge(checks::routes())
        .with_state(Arc::clone(site))
        .merge(feed::routes(Arc::clone(&site.chain)))
        .split_for_parts();
    (routes, with_refusals(document))
}

impl From<MaterialFault> for Box<Problem> {
    fn from(fault: MaterialFault) -> Self {
        let words = fault.to_string();
        Self::new(match fault {
            MaterialFault::Unknown(_) => Problem::not_found("contribution"),
            MaterialFault::NotHere(_) => {
                let remedy = "ask a node that has the whole chain, or verify an exported chain";
                Problem::new(axum::http::StatusCode::NOT_FOUND, "block-not-here", words, remedy)
            }
            MaterialFault::Keys(_) | MaterialFault::Json(_) => Problem::internal(words),
            MaterialFault::Chain(error) => error.into(),
        })
    }
}
