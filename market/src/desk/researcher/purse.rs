//! The desk's money: what there is, what a request would lock, and payments.

use std::sync::Arc;

use galen_ledger::StateRead;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ResearcherDesk;
use super::check::Checked;
use super::fault::DeskFault;
use super::store::Name;
use crate::amount::Amount;
use crate::chain::ChainError;
use crate::codec::Canonical;
use crate::desk::purse::{NoteView, notes};
use crate::id::RequestId;
use crate::notes::keys::Address;
use crate::notes::ring::RING;
use crate::record::RequestRecord;
use crate::transaction::Transaction;
use crate::wallet::{At, Patience, Receipt, Wallet, WalletFault};

/// What the wallet holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Funds {
    /// What can be spent, in minor units.
    pub balance: u64,
    /// Where this wallet is paid: 128 hex digits.
    pub address: String,
    /// Its notes, the newest first.
    pub notes: Vec<NoteView>,
    /// Notes that are its own and whose amount cannot be told.
    pub unread: usize,
}

/// What a request would lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cost {
    /// Price of one record, in minor units.
    pub price: u64,
    /// Most records.
    pub max_records: u32,
    /// What is locked until the request is settled.
    pub escrow: u64,
    /// What the wallet holds.
    pub balance: u64,
    /// Whether that is enough.
    pub enough: bool,
}

/// A payment that was kept before it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTransfer {
    to: String,
    amount: u64,
    tx: String,
}

/// A payment that is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paid {
    /// The transaction.
    pub tx: String,
    /// The block that took it.
    pub height: u64,
    /// What was paid.
    pub amount: u64,
    /// Among how many notes of its kind the least hidden spent note hides; 16 is all there can be.
    pub hides_among: Option<usize>,
}

/// Reads an address.
///
/// # Errors
/// When the text is none.
pub fn address(text: &str) -> Result<Address, String> {
    let bytes = hex::decode(text.trim()).map_err(|_| "an address is 128 hex digits".to_owned())?;
    Address::from_canonical(&bytes).map_err(|fault| format!("this is no address: {fault}"))
}

impl ResearcherDesk {
    /// Lets the wallet look at what is new, and does something with it and the state that it saw.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(super) fn with_wallet<T>(&self, act: impl FnOnce(&Wallet, At<'_>) -> T) -> Result<T, ChainError> {
        let chain = self.chain.id();
        let mut wallet = self.wallet.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.chain.read(|state, _| {
            let own = |state: &dyn StateRead, id: &RequestId| {
                self.keys.price(&chain, &RequestRecord::load(state, id)?.request)
            };
            wallet.scan(state, &own);
            act(&wallet, At { state, chain: &chain, authority: self.authority() })
        })
    }

    /// What the wallet holds.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn funds(&self) -> Result<Funds, DeskFault> {
        Ok(self.with_wallet(|wallet, _| Funds {
            balance: wallet.balance().get(),
            address: hex::encode(wallet.address().to_canonical()),
            notes: notes(wallet),
            unread: wallet.unread().count(),
        })?)
    }

    /// Receipts of all notes, for an accountant: who has them can check the amounts, and cannot spend.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn receipts(&self) -> Result<Vec<Receipt>, DeskFault> {
        Ok(self.with_wallet(|wallet, _| wallet.receipts())?)
    }

    /// What a draft would lock.
    ///
    /// # Errors
    /// When it cannot be posted, or the state cannot be read.
    pub fn cost(&self, checked: &Checked) -> Result<Cost, DeskFault> {
        let escrow = checked.escrow().ok_or(DeskFault::Wallet(WalletFault::Cap))?.get();
        let balance = self.with_wallet(|wallet, _| wallet.balance().get())?;
        Ok(Cost {
            price: checked.wish.price.get(),
            max_records: checked.wish.max_records.get(),
            escrow,
            balance,
            enough: escrow <= balance,
        })
    }

    /// Pays somebody. The same payment under the same name is made once, however often it is asked for.
    ///
    /// # Errors
    /// When the wallet has too little, or the ledger refuses.
    pub async fn pay(
        self: &Arc<Self>,
        id: &Name,
        (to, amount): (&str, u64),
        patience: Patience,
    ) -> Result<Paid, DeskFault> {
        let _one = self.spending.lock().await;
        let (kept, hides_among) = match self.store.transfer::<KeptTransfer>(id)? {
            Some(kept) if kept.to == to.trim() && kept.amount == amount => (kept, None),
            Some(_) => {
                return Err(super::field("id", "used", "this payment was made with other particulars"));
            }
            None => {
                let (desk, to) = (Arc::clone(self), to.to_owned());
                let (kept, among) = super::blocking(move || desk.make_payment(&to, amount, patience)).await?;
                self.store.keep_transfer(id, &kept)?;
                (kept, Some(among))
            }
        };
        let bytes = hex::decode(&kept.tx).map_err(|error| DeskFault::Internal(error.to_string()))?;
        let done = self.chain.submit(bytes).await.map_err(super::post::refused)?;
        if !done.receipt.accepted {
            let (code, message) = (done.receipt.code, done.receipt.message);
            return Err(DeskFault::Refused { code, message, until: None });
        }
        Ok(Paid { tx: done.tx.to_string(), height: done.height.get(), amount, hides_among })
    }

    fn make_payment(
        &self,
        to: &str,
        amount: u64,
        patience: Patience,
    ) -> Result<(KeptTransfer, usize), DeskFault> {
        let payee = address(to).map_err(|message| super::field("to", "address", &message))?;
        let value = Amount::new(amount).ok().filter(|amount| !amount.is_zero());
        let value = value.ok_or_else(|| {
            super::field("amount", "range", "pay at least 1 minor unit, and less than 2^40")
        })?;
        let made = self.with_wallet(|wallet, at| {
            let made = wallet.send(at, &payee, value, patience, &mut OsRng)?;
            let among = wallet.hides_among(at.state, &made).min(RING);
            Ok::<_, WalletFault>((made, among))
        })?;
        let (transfer, among) = made.map_err(spent)?;
        let tx = hex::encode(Transaction::Transfer(transfer).to_bytes());
        Ok((KeptTransfer { to: to.trim().to_owned(), amount, tx }, among))
    }
}

/// Says what is missing.
pub(super) fn spent(fault: WalletFault) -> DeskFault {
    match fault {
        WalletFault::Insufficient { held, needed } => {
            let missing = needed.saturating_sub(held.get());
            Amount::new(needed).map_or(DeskFault::Wallet(WalletFault::Cap), |needed| {
                DeskFault::Insufficient { held, needed, missing }
            })
        }
        fault => DeskFault::Wallet(fault),
    }
}
