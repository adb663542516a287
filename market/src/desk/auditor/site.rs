//! Routes of the auditor's desk: the explorer's, and reports under the auditor's signature.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio::sync::Mutex;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::pages::{about, pages};
use super::paper::paper;
use super::report::{Report, ReportFault};
use super::signed::Signed;
use crate::chain::Chain;
use crate::explorer::{self, Explorer};
use crate::sign::Signer;
use crate::web::document::{Bearer, with_refusals};
use crate::web::extract::{Json, Path};
use crate::web::{Answered, Problem};

/// How a desk came to what it reports.
pub const FOLLOWED: &str = "The auditor's own program followed the chain, and verified every block, certificate, signature and proof.";

/// What the desk's handlers share.
#[derive(Clone)]
pub struct Desk {
    explorer: Arc<Explorer>,
    signer: Signer,
    /// Held by whoever makes a report: a long one keeps what blocks overwrite meanwhile, and one at a time is enough of that.
    making: Arc<Mutex<()>>,
}

impl Desk {
    /// The desk of an auditor on a chain that it follows itself. Call it inside a runtime.
    pub fn new(chain: Arc<dyn Chain>, signer: Signer) -> Self {
        Self { explorer: Explorer::of_auditor(chain), signer, making: Arc::default() }
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Galen: auditor's desk", description = "What anybody may see of the chain, from a copy that this desk verified \
        itself, and reports under the auditor's signature. Send `Authorization: Bearer` with a token from the desk's home.",
        license(name = "Apache-2.0 OR MIT")),
    security(("token" = [])),
    modifiers(&Bearer),
    tags((name = "reports", description = "What the auditor found, signed")),
    components(schemas(Problem))
)]
struct Document;

/// The API: the explorer's and the desk's own; and the document of both.
pub fn api(desk: &Desk) -> (Router, OpenApi) {
    let (shown, of_shown) = explorer::api::api(&desk.explorer);
    let (own, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(report))
        .routes(routes!(report_on_paper))
        .with_state(desk.clone())
        .split_for_parts();
    (shown.merge(own), with_refusals(document.merge_from(of_shown)))
}

/// All routes: the explorer's and the desk's.
pub fn routes(desk: &Desk) -> Router {
    let (api, document) = api(desk);
    let explorer = &desk.explorer;
    // The explorer's pages show this document then, and not that of a node.
    explorer.document.get_or_init(|| serde_json::to_value(document).unwrap_or_default());
    api.merge(explorer::pages::routes().with_state(Arc::clone(explorer))).merge(pages(Arc::clone(explorer)))
}

/// Makes and signs a report, away from the threads that answer.
async fn signed(desk: Desk, subject: &str) -> Answered<Signed> {
    let unknown = || Problem::not_found("subject of a report: name `chain`, or a contribution's id");
    let about = about(subject).ok_or_else(|| Box::new(unknown()))?;
    // Goes into the task: a caller who goes away does not let the next begin early.
    let turn = Arc::clone(&desk.making).lock_owned().await;
    let made = tokio::task::spawn_blocking(move || -> Answered<Signed> {
        let _turn = turn;
        let report =
            Report::of(desk.explorer.chain.as_ref(), about, FOLLOWED).map_err(|fault| match fault {
                ReportFault::Unknown(_) => Box::new(Problem::not_found("contribution")),
                ReportFault::Chain(error) => error.into(),
            })?;
        Signed::new(report, &desk.signer).map_err(|fault| Box::new(Problem::internal(fault)))
    });
    made.await.map_err(|fault| Box::new(Problem::internal(fault)))?
}

/// A signed report: of the whole chain (`chain`), or of a contribution (its id)
#[utoipa::path(get, path = "/v1/reports/{about}", tag = "reports",
    params(("about" = String, Path, description = "`chain`, or a contribution's id")),
    responses((status = 200, body = Signed), (status = "default", body = Problem)))]
async fn report(State(desk): State<Desk>, Path(subject): Path<String>) -> Answered<Json<Signed>> {
    Ok(Json(signed(desk, &subject).await?))
}

/// The same to read and to print
#[utoipa::path(get, path = "/v1/reports/{about}/paper", tag = "reports",
    params(("about" = String, Path, description = "`chain`, or a contribution's id")),
    responses((status = 200, content_type = "text/html", body = String), (status = "default", body = Problem)))]
async fn report_on_paper(State(desk): State<Desk>, Path(subject): Path<String>) -> Answered<Response> {
    let page = paper(&signed(desk, &subject).await?).into_string();
    let name = "attachment; filename=\"report.html\"";
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_DISPOSITION, name)], page)
        .into_response())
}
