//! Blocks, transactions, members, the beacon, news.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use galen_ledger::TxHash;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Shared;
use crate::explorer::block::{self, BlockLine, BlockView};
use crate::explorer::member::{self, CycleView, MemberView};
use crate::explorer::overview::{self, ChainView};
use crate::explorer::site::{Explorer, HealthView};
use crate::explorer::transaction::{self, TransactionView};
use crate::web::extract::{Json, Path, Query};
use crate::web::{Answered, Paged, Paging, Problem, events};

pub(super) fn routes() -> OpenApiRouter<Arc<Explorer>> {
    OpenApiRouter::new()
        .routes(routes!(chain))
        .routes(routes!(blocks))
        .routes(routes!(block))
        .routes(routes!(transaction))
        .routes(routes!(members))
        .routes(routes!(cycle))
        .routes(routes!(health))
        .routes(routes!(news))
}

/// The chain at a glance
#[utoipa::path(get, path = "/v1/chain", tag = "ledger",
    responses((status = 200, body = ChainView), (status = "default", body = Problem)))]
async fn chain(State(site): Shared) -> Answered<Json<ChainView>> {
    Ok(Json(overview::overview(site.chain.as_ref(), &site.index).await?))
}

/// The height that a cursor of blocks names.
pub(in crate::explorer) fn below(paging: &Paging) -> Answered<Option<u64>> {
    let Some(cursor) = paging.after()? else { return Ok(None) };
    let height = <[u8; 8]>::try_from(cursor).map(u64::from_be_bytes);
    let fault =
        || Problem::bad("cursor", "`after` is not what a page gave as `next`", "begin again without `after`");
    height.map(Some).map_err(|_| Box::new(fault()))
}

/// Blocks, the newest first
#[utoipa::path(get, path = "/v1/blocks", tag = "ledger", params(Paging),
    responses((status = 200, body = Paged<BlockLine>), (status = "default", body = Problem)))]
async fn blocks(State(site): Shared, Query(paging): Query<Paging>) -> Answered<Json<Paged<BlockLine>>> {
    let (below, limit) = (below(&paging)?, paging.limit()?);
    Ok(Json(block::blocks(site.chain.as_ref(), &site.lines, below, limit).await?))
}

/// A block
#[utoipa::path(get, path = "/v1/blocks/{height}", tag = "ledger",
    params(("height" = u64, Path, description = "Its height, from 1")),
    responses((status = 200, body = BlockView), (status = "default", body = Problem)))]
async fn block(State(site): Shared, Path(height): Path<u64>) -> Answered<Json<BlockView>> {
    let found = block::block(site.chain.as_ref(), height).await?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("block")))
}

/// A transaction, and what became of it
#[utoipa::path(get, path = "/v1/transactions/{hash}", tag = "ledger",
    params(("hash" = String, Path, description = "Its name, 64 hexadecimal digits")),
    responses((status = 200, body = TransactionView), (status = "default", body = Problem)))]
async fn transaction(State(site): Shared, Path(hash): Path<TxHash>) -> Answered<Json<TransactionView>> {
    let found = transaction::transaction(site.chain.as_ref(), &hash).await?;
    found.map(Json).ok_or_else(|| Box::new(Problem::not_found("transaction")))
}

/// All members that there ever were
#[utoipa::path(get, path = "/v1/members", tag = "ledger",
    responses((status = 200, body = Vec<MemberView>), (status = "default", body = Problem)))]
async fn members(State(site): Shared) -> Answered<Json<Vec<MemberView>>> {
    Ok(Json(member::members(site.chain.as_ref())?))
}

/// The cycle of the next block, its groups, and the beacon
#[utoipa::path(get, path = "/v1/cycle", tag = "ledger",
    responses((status = 200, body = CycleView), (status = "default", body = Problem)))]
async fn cycle(State(site): Shared) -> Answered<Json<CycleView>> {
    Ok(Json(member::cycle(site.chain.as_ref())?))
}

/// How this node is
#[utoipa::path(get, path = "/v1/health", tag = "ledger",
    responses((status = 200, body = HealthView), (status = "default", body = Problem)))]
async fn health(State(site): Shared) -> Answered<Json<HealthView>> {
    let known = site.health.as_ref().map(|health| Json(health.health()));
    known.ok_or_else(|| {
        Box::new(Problem::not_found("health: this chain is followed, not kept by a node here"))
    })
}

/// News of new blocks, as server-sent events
///
/// Each event is JSON with `height`, `time_ms`, `block` and `app_hash` of the newest block. `Last-Event-ID` resumes.
#[utoipa::path(get, path = "/v1/events", tag = "ledger",
    responses((status = 200, content_type = "text/event-stream", body = String), (status = "default", body = Problem)))]
async fn news(State(site): Shared, headers: HeaderMap) -> impl IntoResponse {
    events::stream(site.news(), &headers)
}
