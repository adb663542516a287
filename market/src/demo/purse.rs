//! Money in the story: the treasury's books, and everybody's wallet.

use galen_ledger::StateRead;
use galen_market::agent::hospital::HospitalKeys;
use galen_market::agent::researcher::ResearcherKeys;
use galen_market::notes::keys::Address;
use galen_market::record::RequestRecord;
use galen_market::wallet::{At, Wallet};
use galen_market::{Action, Amount, RequestId};
use rand::rngs::OsRng;

use super::folder::write_private;
use super::setup::Stage;
use crate::cli::treasury::read_books;

/// An amount for people: minor units are hundredths.
pub fn money(amount: Amount) -> String {
    format!("{}.{:02}", amount.get() / 100, amount.get() % 100)
}

/// The treasury issues to somebody, and enters it into its books before it sends it.
///
/// # Errors
/// When the books are another chain's, or cannot be kept.
pub fn issue(stage: &Stage<'_>, to: &Address, amount: Amount) -> anyhow::Result<Action> {
    let mut books = read_books(stage.books)?;
    let place = (&stage.consortium.chain, stage.authority());
    let action = stage.read(|state, _| books.issue(state, place, to, amount, &mut OsRng))??;
    write_private(stage.books, &serde_json::to_vec(&books)?)?;
    Ok(action)
}

/// A researcher's wallet, as it finds it on the ledger.
///
/// # Errors
/// When the state cannot be read.
pub fn researchers(stage: &Stage<'_>, keys: &ResearcherKeys) -> anyhow::Result<Wallet> {
    let chain = &stage.consortium.chain;
    let mut wallet = Wallet::new(keys.wallet.clone());
    let price =
        |state: &dyn StateRead, id: &RequestId| keys.price(chain, &RequestRecord::load(state, id)?.request);
    stage.read(|state, _| wallet.scan(state, &price))?;
    Ok(wallet)
}

/// A hospital's wallet, as it finds it on the ledger.
///
/// # Errors
/// When the state cannot be read.
pub fn hospitals(stage: &Stage<'_>, keys: &HospitalKeys) -> anyhow::Result<Wallet> {
    let chain = &stage.consortium.chain;
    let mut wallet = Wallet::new(keys.wallet());
    stage.read(|state, _| {
        wallet.scan(state, &|state: &dyn StateRead, id: &RequestId| keys.price(state, chain, id))
    })?;
    Ok(wallet)
}

/// Spends from a wallet, with what spending needs to know.
///
/// # Errors
/// When the state cannot be read.
pub fn spend<T>(stage: &Stage<'_>, spend: impl FnOnce(At<'_>) -> T) -> anyhow::Result<T> {
    let (chain, authority) = (&stage.consortium.chain, stage.authority());
    stage.read(|state, _| spend(At { state, chain, authority }))
}
