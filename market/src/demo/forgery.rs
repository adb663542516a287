//! Somebody tries to be paid for another's work: takes a contribution, puts an own payout key and a fresh nullifier into
//! it, and signs it.

use anyhow::bail;
use galen_circuits::field::F;
use galen_ledger::SubmitError;
use galen_market::agent::hospital::Payout;
use galen_market::transaction::SignedContribution;
use galen_market::{RequestId, Transaction};
use rand::rngs::OsRng;

use super::sell::Sold;
use super::setup::Stage;

/// Why the forgery was refused.
pub struct Forgery {
    /// In a sentence.
    pub reason: String,
}

/// Submits the forgery and expects that it is refused.
///
/// # Errors
/// When it is not.
pub async fn attempt(stage: &Stage<'_>, request: &RequestId, sales: &[Sold]) -> anyhow::Result<Forgery> {
    let console = stage.console;
    console.chapter("Forger", "offers another's rows under an own payout key");
    let Some(Transaction::Contribute(stolen)) = sales.first().map(|sold| &sold.sale.transaction) else {
        bail!("there is no contribution to steal");
    };
    let chain = &stage.consortium.chain;
    let thief = Payout::new(chain, stage.authority(), &stage.cast.thief(), &mut OsRng);
    let mut contribution = stolen.contribution.clone();
    contribution.header.payout = thief.header();
    contribution.header.nullifier += F::from(1u64);
    let by = (&thief.payee, &thief.secret);
    let forged = SignedContribution::new(chain, *request, contribution, stolen.blob, by);
    let bytes = Transaction::Contribute(forged).to_bytes();
    match stage.consortium.members.submit(bytes).await {
        Err(SubmitError::Refused(refusal)) => {
            console.fact("refused", &refusal.message);
            Ok(Forgery { reason: refusal.message })
        }
        Ok(submitted) if !submitted.receipt.accepted => {
            console.fact("refused", &submitted.receipt.message);
            Ok(Forgery { reason: submitted.receipt.message })
        }
        Ok(_) => bail!("the forgery was accepted: do not use this chain"),
        Err(error) => Err(error.into()),
    }
}
