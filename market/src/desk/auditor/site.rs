//! Routes of the auditor's desk: the explorer's, and reports under the auditor's signature.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::paper::paper;
use super::report::{About, Report, ReportFault};
use super::signed::Signed;
use crate::explorer::{self, Explorer};
use crate::sign::Signer;
use crate::web::extract::{Json, Path};
use crate::web::{Answered, Problem};

/// How a desk came to what it reports.
pub const FOLLOWED: &str = "The auditor's own program followed the chain, and verified every block, certificate, signature and proof.";

/// What the desk's handlers share.
#[derive(Clone)]
pub struct Desk {
    /// The explorer over the chain that the desk follows.
    pub explorer: Arc<Explorer>,
    /// The auditor's account key.
    pub signer: Signer,
}

/// The desk's own routes, and their document.
pub fn api(desk: Desk) -> (Router, OpenApi) {
    OpenApiRouter::new()
        .routes(routes!(report))
        .routes(routes!(report_on_paper))
        .with_state(desk)
        .split_for_parts()
}

/// All routes: the explorer's and the desk's.
pub fn routes(desk: Desk) -> Router {
    explorer::routes(Arc::clone(&desk.explorer)).merge(api(desk).0)
}

fn about(text: &str) -> Answered<About> {
    if text == "chain" {
        return Ok(About::Chain);
    }
    let fault = || Problem::not_found("subject of a report: name `chain`, or a contribution's id");
    text.parse().map(About::Contribution).map_err(|_| Box::new(fault()))
}

/// Makes and signs a report, away from the threads that answer.
async fn signed(desk: Desk, about: About) -> Answered<Signed> {
    let made = tokio::task::spawn_blocking(move || -> Answered<Signed> {
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
    Ok(Json(signed(desk, about(&subject)?).await?))
}

/// The same to read and to print
#[utoipa::path(get, path = "/v1/reports/{about}/paper", tag = "reports",
    params(("about" = String, Path, description = "`chain`, or a contribution's id")),
    responses((status = 200, content_type = "text/html", body = String), (status = "default", body = Problem)))]
async fn report_on_paper(State(desk): State<Desk>, Path(subject): Path<String>) -> Answered<Response> {
    let page = paper(&signed(desk, about(&subject)?).await?).into_string();
    let name = "attachment; filename=\"report.html\"";
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_DISPOSITION, name)], page)
        .into_response())
}
