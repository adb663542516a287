//! What each role can see of the sale, and what not.

use galen_market::{RequestId, query};

use super::setup::{Stage, money};

/// Prints it.
///
/// # Errors
/// When the state cannot be read.
pub fn show(stage: &Stage<'_>, request: &RequestId) -> anyhow::Result<()> {
    let console = stage.console;
    console.chapter("Everybody", "what each can see");
    let Some(view) = stage.read(|state, _| query::request(state, request))? else {
        anyhow::bail!("the request is not on the ledger");
    };
    let researcher = stage.cast.researcher().account.key();
    let balance = stage.read(|state, _| query::balance(state, &researcher))?;
    console.fact("a member sees", "hashes, proofs, ciphertext, how many records and what was paid for them");
    console.fact("a hospital sees", "its own rows, and the request");
    console.fact("the researcher sees", format!("the released rows; {} left in its account", money(balance)));
    let paid = view.record.request.price.times(view.record.paid).unwrap_or_default();
    console.fact("paid", format!("{} for {} records", money(paid), view.record.paid.get()));
    let back = view.record.request.price.times(view.left).unwrap_or_default();
    let deadline = view.record.request.deadline;
    console.fact("still locked", format!("{}, returned by itself after block {deadline}", money(back)));
    console.fact("the auditor sees", "that all of it is right, and no name; the authority can open a name");
    console.warn("amounts are in the clear in this version");
    Ok(())
}
