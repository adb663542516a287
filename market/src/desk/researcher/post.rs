//! Posting: what was signed is kept before it is sent, and sent again as it is, so that no crash posts a request twice.
//!
//! An order is made anew only when the one before can never be executed any more: when it is final and was refused, or when
//! the chain has passed the last block at which it is valid and does not hold it.

use std::sync::Arc;

use galen_ledger::{Height, Submitted, TxHash};
use rand::rngs::OsRng;

use super::ResearcherDesk;
use super::check::{Checked, ORDER_BLOCKS};
use super::fault::DeskFault;
use super::purse::spent;
use super::store::{KeptDraft, KeptOrder, Name, Posted};
use crate::action::{Action, PostRequest};
use crate::chain::ChainError;
use crate::id::RequestId;
use crate::query;
use crate::transaction::Order;

impl ResearcherDesk {
    /// Posts a draft: signs, locks the money, and waits until it is final. Once more gives the same request.
    ///
    /// # Errors
    /// When the draft has faults, the wallet too little, or the ledger refuses or is away.
    pub async fn post(self: &Arc<Self>, id: &Name) -> Result<RequestId, DeskFault> {
        let _one = self.spending.lock().await;
        let draft = self.store.draft(id)?;
        if let Some(request) = draft.posted {
            return Ok(request);
        }
        if let Some(kept) = self.store.order(id)? {
            let height = self.chain.position().height.get();
            match self.chain.receipt(&name_of(&kept)?)? {
                Some(done) => return self.finish(draft, &kept, done),
                // The height was read first: had it got in, the receipt would be there.
                None if height > kept.valid_until => self.store.forget_order(id)?,
                None => return self.send(draft, kept).await,
            }
        }
        let (desk, signed) = (Arc::clone(self), draft.clone());
        let kept = super::blocking(move || desk.sign(&signed)).await?;
        self.store.keep_order(id, &kept)?;
        self.send(draft, kept).await
    }

    /// Notes what became of drafts that were sent, when the desk did not live to hear it.
    ///
    /// # Errors
    /// When the state or a file cannot be read.
    pub fn catch_up(&self) -> Result<(), DeskFault> {
        let Ok(_one) = self.spending.try_lock() else { return Ok(()) };
        for draft in self.store.drafts()?.into_iter().filter(|draft| draft.posted.is_none()) {
            let Some(kept) = self.store.order(&draft.id)? else { continue };
            if let Some(done) = self.chain.receipt(&name_of(&kept)?)?.filter(|done| done.receipt.accepted) {
                self.finish(draft, &kept, done)?;
            }
        }
        Ok(())
    }

    fn sign(&self, draft: &KeptDraft) -> Result<KeptOrder, DeskFault> {
        let checked = self.check(&draft.draft)?.map_err(DeskFault::Fields)?;
        let now = self.chain.position().height.get();
        let (chain, valid) = (self.chain.id(), ORDER_BLOCKS.min(self.config.windows.order_life));
        let (id, action) = self.posting(&checked, now)?;
        let order = Order::new(action, Height::new(now.saturating_add(valid)), &mut OsRng);
        let valid_until = order.valid_until.get();
        let tx = order.sign(&chain, &[&self.keys.account]);
        Ok(KeptOrder { request: id, valid_until, tx: hex::encode(tx.to_bytes()) })
    }

    /// The request, and the money for it.
    fn posting(&self, checked: &Checked, now: u64) -> Result<(RequestId, Action), DeskFault> {
        let chain = self.chain.id();
        let sellers = self.chain.read(|state, _| query::sellers(state))?;
        if sellers.is_empty() {
            return Err(DeskFault::NoSeller);
        }
        let wish = checked.wish_at(now);
        let made = self.keys.request(&chain, self.authority(), &sellers, wish, &mut OsRng);
        let request = made.map_err(|error| super::field("price", "range", &error.to_string()))?;
        let (id, records) = (request.id(&chain), request.max_records);
        let unopened = || DeskFault::Internal("the desk cannot open its own price".into());
        let price = self.keys.price(&chain, &request).ok_or_else(unopened)?;
        let funding = self.with_wallet(|wallet, at| wallet.fund(at, &id, (price, records), &mut OsRng))?;
        let funding = funding.map_err(spent)?;
        Ok((id, Action::PostRequest(PostRequest { request, funding })))
    }

    async fn send(&self, draft: KeptDraft, kept: KeptOrder) -> Result<RequestId, DeskFault> {
        let bytes = hex::decode(&kept.tx).map_err(|error| DeskFault::Internal(error.to_string()))?;
        let until = Some(kept.valid_until);
        let done = self.chain.submit(bytes).await.map_err(|error| match refused(error) {
            DeskFault::Refused { code, message, .. } => DeskFault::Refused { code, message, until },
            fault => fault,
        })?;
        self.finish(draft, &kept, done)
    }

    fn finish(&self, draft: KeptDraft, kept: &KeptOrder, done: Submitted) -> Result<RequestId, DeskFault> {
        if !done.receipt.accepted {
            self.store.forget_order(&draft.id)?;
            let (code, message) = (done.receipt.code, done.receipt.message);
            return Err(DeskFault::Refused { code, message, until: None });
        }
        let posted = KeptDraft { posted: Some(kept.request), ..draft.clone() };
        let height = done.height.get();
        self.store.keep_posted(&Posted { request: kept.request, from: draft, height })?;
        self.store.keep_draft(&posted)?;
        self.store.forget_order(&posted.id)?;
        Ok(kept.request)
    }
}

/// The transaction's name on the ledger.
fn name_of(kept: &KeptOrder) -> Result<TxHash, DeskFault> {
    let bytes = hex::decode(&kept.tx).map_err(|error| DeskFault::Internal(error.to_string()))?;
    Ok(TxHash::of(&bytes))
}

/// A refusal at the door.
pub(super) fn refused(error: ChainError) -> DeskFault {
    match error {
        ChainError::Refused { code, message } => DeskFault::Refused { code, message, until: None },
        error => DeskFault::Chain(error),
    }
}
