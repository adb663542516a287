//! The wallet: what there is, receipts, payments.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Desk, blocking};
use crate::desk::researcher::ResearcherDesk;
use crate::desk::researcher::fault::DeskFault;
use crate::desk::researcher::purse::{Funds, Paid};
use crate::desk::researcher::store::Name;
use crate::wallet::Patience;
use crate::wallet::Receipt;
use crate::web::extract::Json;
use crate::web::{Answered, Problem};

pub fn routes() -> OpenApiRouter<Arc<ResearcherDesk>> {
    OpenApiRouter::new().routes(routes!(funds)).routes(routes!(receipts)).routes(routes!(pay))
}

/// Whom to pay, and how much.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// A name for the payment, 32 hex digits: the same payment of one name is made once, also after a restart.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    /// The payee's address, 128 hex digits.
    to: String,
    /// How much, in minor units.
    #[schema(minimum = 1)]
    amount: u64,
    /// Whether to spend now although waiting would hide it better.
    #[serde(default)]
    now: bool,
}

/// What the wallet holds
#[utoipa::path(get, path = "/v1/wallet", tag = "wallet", responses((status = 200, body = Funds)))]
async fn funds(State(desk): Desk) -> Answered<Json<Funds>> {
    blocking(&desk, ResearcherDesk::funds).await.map(Json)
}

/// Receipts of all notes, for an accountant: `galen wallet check` verifies them
#[utoipa::path(get, path = "/v1/wallet/receipts", tag = "wallet",
    responses((status = 200, body = Vec<Object>)))]
async fn receipts(State(desk): Desk) -> Answered<Json<Vec<Receipt>>> {
    blocking(&desk, ResearcherDesk::receipts).await.map(Json)
}

/// Pay somebody. What is paid cannot be taken back
#[utoipa::path(post, path = "/v1/wallet/payments", tag = "wallet", request_body = Payment,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Paid), (status = 422, body = Problem), (status = 503, body = Problem)))]
async fn pay(State(desk): Desk, Json(payment): Json<Payment>) -> Answered<Json<Paid>> {
    let Payment { id, to, amount, now } = payment;
    Ok(Json(paid(&desk, &id, (to, amount), Patience::unless(now)).await?))
}

/// Pays, also when the caller does not wait for it.
///
/// # Errors
/// As [`ResearcherDesk::pay`].
pub async fn paid(
    desk: &Arc<ResearcherDesk>,
    id: &str,
    (to, amount): (String, u64),
    patience: Patience,
) -> Result<Paid, DeskFault> {
    let name: Name = id.parse().map_err(|message| crate::desk::researcher::field("id", "name", message))?;
    let desk = Arc::clone(desk);
    let paying = tokio::spawn(async move { desk.pay(&name, (&to, amount), patience).await });
    paying.await.unwrap_or_else(|error| Err(DeskFault::Internal(error.to_string())))
}
