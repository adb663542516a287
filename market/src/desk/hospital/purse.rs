//! The hospital's money: what its wallet finds on the ledger, payments, and redemptions for the treasury to sign.

use galen_ledger::{StateRead, TxHash};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::books::Kind;
use super::fault::DeskFault;
use super::{HospitalDesk, internal, now_ms};
use crate::action::Redeem;
use crate::amount::Amount;
use crate::chain::ChainError;
use crate::codec::Canonical;
use crate::desk::purse::{NoteView, notes};
use crate::id::RequestId;
use crate::notes::keys::Address;
use crate::transaction::Transaction;
use crate::wallet::{At, Patience, WalletFault};

/// The wallet, as interfaces show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WalletView {
    /// Where others pay this hospital.
    pub address: String,
    /// What can be spent, in minor units.
    pub balance: u64,
    /// The notes, spent ones included, the newest first.
    pub notes: Vec<NoteView>,
    /// Notes of its own whose amount it cannot tell.
    pub unread: Vec<u32>,
    /// Payments that were made from this desk, the newest first.
    pub payments: Vec<Payment>,
}

/// A payment that was made from this desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The transaction.
    pub tx: String,
    /// Who made it.
    pub by: String,
    /// To which address.
    pub to: String,
    /// How much, in minor units.
    pub amount: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The block that has it; none while that is not known.
    pub height: Option<u64>,
}

impl HospitalDesk {
    /// Lets the wallet look at what is new on the ledger.
    pub(super) fn scan(&self) -> Result<(), DeskFault> {
        let chain = self.chain.id();
        let price = |state: &dyn StateRead, id: &RequestId| self.keys.price(state, &chain, id);
        let mut wallet = self.wallet.lock().unwrap_or_else(internal::recover);
        Ok(self.chain.read(|state, _| wallet.scan(state, &price))?)
    }

    /// The wallet.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn wallet(&self) -> Result<WalletView, DeskFault> {
        self.scan()?;
        let mut payments: Vec<Payment> =
            self.books.all(Kind::Payment)?.into_iter().map(|(_, payment)| payment).collect();
        payments.sort_by_key(|payment| std::cmp::Reverse(payment.at_ms));
        let wallet = self.wallet.lock().unwrap_or_else(internal::recover);
        Ok(WalletView {
            address: hex::encode(wallet.address().to_canonical()),
            balance: wallet.balance().get(),
            notes: notes(&wallet),
            unread: wallet.unread().collect(),
            payments,
        })
    }

    /// Pays somebody; gives the payment when it is final.
    ///
    /// # Errors
    /// For no address, too little money, or a ledger that cannot be reached.
    pub async fn pay(
        &self,
        by: &str,
        (to, amount): (&str, u64),
        patience: Patience,
    ) -> Result<Payment, DeskFault> {
        let address = hex::decode(to.trim()).ok().and_then(|bytes| Address::from_canonical(&bytes).ok());
        let address = address.ok_or_else(|| {
            let detail = "an address is 128 hex digits, as a wallet shows its own";
            DeskFault::invalid("address", detail, "ask the payee for it")
        })?;
        let amount = checked(amount)?;
        let _turn = self.spending.lock().await;
        self.scan()?;
        let transfer = self.spend(|wallet, at| wallet.send(at, &address, amount, patience, &mut OsRng))?;
        let bytes = Transaction::Transfer(transfer).to_bytes();
        let tx = TxHash::of(&bytes).to_string();
        let (to, at_ms) = (to.trim().to_owned(), now_ms());
        let payment = Payment { tx, by: by.to_owned(), to, amount: amount.get(), at_ms, height: None };
        self.books.put(Kind::Payment, &payment.tx, &payment)?;
        let done = self.chain.submit(bytes).await;
        let refused = match &done {
            Ok(done) if !done.receipt.accepted => {
                Some((done.receipt.code.clone(), done.receipt.message.clone()))
            }
            Err(ChainError::Refused { code, message }) => Some((code.clone(), message.clone())),
            _ => None,
        };
        if let Some((code, message)) = refused {
            self.books.wipe(Kind::Payment, &payment.tx)?;
            return Err(ChainError::Refused { code, message }.into());
        }
        let payment = Payment { height: Some(done?.height.get()), ..payment };
        self.books.put(Kind::Payment, &payment.tx, &payment)?;
        Ok(payment)
    }

    /// A redemption, for the treasury to sign: 1, 2 or 5 times a power of ten.
    ///
    /// # Errors
    /// For another amount, or too little money.
    pub async fn redeem(&self, amount: u64, patience: Patience) -> Result<Redeem, DeskFault> {
        let amount = checked(amount)?;
        let _turn = self.spending.lock().await;
        self.scan()?;
        self.spend(|wallet, at| wallet.redeem(at, amount, patience, &mut OsRng))
    }

    fn spend<T>(
        &self,
        spend: impl FnOnce(&crate::wallet::Wallet, At<'_>) -> Result<T, WalletFault>,
    ) -> Result<T, DeskFault> {
        let chain = self.chain.id();
        let wallet = self.wallet.lock().unwrap_or_else(internal::recover);
        let authority = self.authority();
        let spent = self.chain.read(|state, _| spend(&wallet, At { state, chain: &chain, authority }))?;
        spent.map_err(|fault| {
            DeskFault::invalid(
                "wallet",
                fault.to_string(),
                "choose another amount, wait, or spend now all the same, if you can bear to be hidden less",
            )
        })
    }
}

fn checked(amount: u64) -> Result<Amount, DeskFault> {
    let refused = |words: String| DeskFault::invalid("amount", words, "give whole minor units, at least 1");
    let amount = Amount::new(amount).map_err(|fault| refused(fault.to_string()))?;
    if amount == Amount::ZERO { Err(refused("nothing is no amount".into())) } else { Ok(amount) }
}
