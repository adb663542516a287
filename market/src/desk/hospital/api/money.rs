//! The wallet.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use crate::action::Redeem;
use crate::desk::hospital::HospitalDesk;
use crate::desk::hospital::purse::{Payment, WalletView};
use crate::wallet::Patience;
use crate::web::extract::Json;
use crate::web::{Answered, Person, Problem};

pub fn routes() -> OpenApiRouter<Arc<HospitalDesk>> {
    OpenApiRouter::new().routes(routes!(wallet)).routes(routes!(send)).routes(routes!(redeem))
}

/// Whom to pay.
#[derive(Clone, Debug, Deserialize, ToSchema)]
struct Send {
    /// An address, as a wallet shows its own.
    to: String,
    /// How much, in minor units.
    amount: u64,
    /// Whether to spend now although waiting would hide it better.
    #[serde(default)]
    now: bool,
}

/// How much to take out.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
struct Take {
    /// 1, 2 or 5 times a power of ten, in minor units.
    amount: u64,
    /// Whether to spend now although waiting would hide it better.
    #[serde(default)]
    now: bool,
}

/// What the wallet holds
#[utoipa::path(get, path = "/v1/wallet", tag = "money", responses((status = 200, body = WalletView)))]
async fn wallet(State(desk): Desk) -> Answered<Json<WalletView>> {
    Ok(Json(desk.off(|desk| desk.wallet()).await?))
}

/// Pay somebody
#[utoipa::path(post, path = "/v1/wallet/payments", tag = "money", request_body = Send,
    responses((status = 200, body = Payment), (status = 422, body = Problem)))]
async fn send(State(desk): Desk, person: Person, Json(send): Json<Send>) -> Answered<Json<Payment>> {
    Ok(Json(desk.pay(&person.name, (&send.to, send.amount), Patience::unless(send.now)).await?))
}

/// Write a redemption, for the treasury to sign. It spends nothing until the treasury sends it
#[utoipa::path(post, path = "/v1/wallet/redemptions", tag = "money", request_body = Take,
    responses((status = 200, body = Object), (status = 422, body = Problem)))]
async fn redeem(State(desk): Desk, Json(take): Json<Take>) -> Answered<Json<Redeem>> {
    Ok(Json(desk.redeem(take.amount, Patience::unless(take.now)).await?))
}
