//! `galen node submit`: a transaction that somebody wrote, handed in through the running node.

use std::path::Path;

use anyhow::{Context, ensure};
use galen_market::Transaction;
use hyper::{Method, StatusCode};
use serde_json::Value;

use super::HomeArg;
use crate::cli::console::Console;
use crate::node::call::call;
use crate::node::home::Home;

/// Hands it in, and waits until it is final.
///
/// # Errors
/// When it is refused, or no node takes it.
pub async fn submit(home: &HomeArg, file: &Path, json: bool) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let no_transaction = || format!("{} holds no transaction in hex", file.display());
    let bytes = hex::decode(text.trim()).with_context(no_transaction)?;
    Transaction::from_bytes(&bytes).with_context(no_transaction)?;
    hand_in(&home.home(), bytes, &Console::new(json)).await
}

/// Hands a transaction's bytes in, and waits until it is final.
///
/// # Errors
/// When it is refused, or no node takes it.
pub async fn hand_in(home: &Home, bytes: Vec<u8>, console: &Console) -> anyhow::Result<()> {
    let address = home.config()?.api.listen;
    let (code, body) = call(address, Method::POST, "/v1/transactions", bytes).await?;
    if !matches!(code, StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY) {
        anyhow::bail!("the node does not take it now: {}", String::from_utf8_lossy(&body).trim());
    }
    let answer: Value = serde_json::from_slice(&body).context("the node's answer is of another version")?;
    console.object(&answer);
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    ensure!(answer["accepted"] == true, "refused ({}): {}", text("code"), text("message"));
    console.fact("final", format!("in block {}", answer["height"]));
    Ok(())
}
