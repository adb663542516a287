//! Money, in the clear: balances by owner key, and escrows by request.
//!
//! The interface (issue, transfer, [`lock`], [`pay`], [`refund`]) is what confidential notes will stand behind. Every
//! function checks everything before it writes. Conservation, for every state:
//! `balances + escrows = issued < 2^40` ([`supply`]).

use galen_ledger::{StateRead, StateWrite};
use serde::Serialize;

use crate::amount::{Amount, Records};
use crate::codec::canonical;
use crate::fault::MoneyFault;
use crate::id::{AccountKey, RequestId};
use crate::sign::is_key;
use crate::state::{list, load, store};
use crate::state_key;

/// What a contribution's payment memo holds while amounts are in the clear: nothing.
pub const PAYOUT_MEMO: [u8; 32] = [0; 32];

/// What is locked for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Escrow {
    /// Price of one record.
    pub price: Amount,
    /// Records that can still be paid.
    pub records: Records,
}

canonical!(struct Escrow { price, records });

impl Escrow {
    /// What it holds: never above what was locked, which was below the cap.
    pub fn amount(&self) -> Amount {
        self.price.times(self.records).expect("an escrow was a payable amount when it was locked")
    }
}

/// Where all money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Supply {
    /// All that was ever issued.
    pub issued: u64,
    /// In accounts.
    pub balances: u64,
    /// In escrows.
    pub escrows: u64,
}

impl Supply {
    /// Whether nothing was made or lost.
    pub fn is_conserved(&self) -> bool {
        self.balances.checked_add(self.escrows) == Some(self.issued)
    }
}

/// An account's balance.
pub fn balance(state: &(impl StateRead + ?Sized), account: &AccountKey) -> Amount {
    load(state, &state_key::balance(account)).unwrap_or_default()
}

/// A request's escrow, while it is there.
pub fn escrow(state: &(impl StateRead + ?Sized), request: &RequestId) -> Option<Escrow> {
    load(state, &state_key::escrow(request))
}

/// Adds up all money. Reads every account.
pub fn supply(state: &(impl StateRead + ?Sized)) -> Supply {
    let issued: Amount = load(state, &state_key::issued()).unwrap_or_default();
    let balances = list::<Amount>(state, &state_key::balances()).map(|(_, amount)| amount.get()).sum();
    let escrows = list::<Escrow>(state, &state_key::escrows()).map(|(_, escrow)| escrow.amount().get()).sum();
    Supply { issued: issued.get(), balances, escrows }
}

fn set_balance(state: &mut (impl StateWrite + ?Sized), account: &AccountKey, amount: Amount) {
    let key = state_key::balance(account);
    if amount.is_zero() { state.delete(&key) } else { store(state, &key, &amount) }
}

fn credit(
    state: &mut (impl StateWrite + ?Sized),
    account: &AccountKey,
    amount: Amount,
) -> Result<(), MoneyFault> {
    let sum = balance(state, account).plus(amount).ok_or(MoneyFault::Cap)?;
    set_balance(state, account, sum);
    Ok(())
}

fn debit(
    state: &mut (impl StateWrite + ?Sized),
    account: &AccountKey,
    amount: Amount,
) -> Result<(), MoneyFault> {
    let rest = balance(state, account).minus(amount).ok_or(MoneyFault::Insufficient)?;
    set_balance(state, account, rest);
    Ok(())
}

/// Makes money.
///
/// # Errors
/// [`MoneyFault`].
pub fn issue(
    state: &mut (impl StateWrite + ?Sized),
    to: &AccountKey,
    amount: Amount,
) -> Result<(), MoneyFault> {
    check_payment(to, amount)?;
    let issued: Amount = load(state, &state_key::issued()).unwrap_or_default();
    let issued = issued.plus(amount).ok_or(MoneyFault::Cap)?;
    credit(state, to, amount)?;
    store(state, &state_key::issued(), &issued);
    Ok(())
}

/// Moves money.
///
/// # Errors
/// [`MoneyFault`].
pub fn transfer(
    state: &mut (impl StateWrite + ?Sized),
    from: &AccountKey,
    to: &AccountKey,
    amount: Amount,
) -> Result<(), MoneyFault> {
    check_payment(to, amount)?;
    if from == to {
        return Err(MoneyFault::Itself);
    }
    debit(state, from, amount)?;
    credit(state, to, amount)
}

/// Locks `price · records` for a request.
///
/// # Errors
/// [`MoneyFault`].
pub fn lock(
    state: &mut (impl StateWrite + ?Sized),
    request: &RequestId,
    from: &AccountKey,
    price: Amount,
    records: Records,
) -> Result<Amount, MoneyFault> {
    let key = state_key::escrow(request);
    let amount = price.times(records).ok_or(MoneyFault::Cap)?;
    if amount.is_zero() {
        return Err(MoneyFault::Zero);
    }
    if state.get(&key).is_some() {
        return Err(MoneyFault::Escrow);
    }
    debit(state, from, amount)?;
    store(state, &key, &Escrow { price, records });
    Ok(amount)
}

/// Pays for records out of a request's escrow.
///
/// # Errors
/// [`MoneyFault`].
pub fn pay(
    state: &mut (impl StateWrite + ?Sized),
    request: &RequestId,
    to: &AccountKey,
    records: Records,
) -> Result<Amount, MoneyFault> {
    let Escrow { price, records: held } = escrow(state, request).ok_or(MoneyFault::Escrow)?;
    let left = held.minus(records).ok_or(MoneyFault::Exhausted)?;
    let amount = price.times(records).ok_or(MoneyFault::Cap)?;
    credit(state, to, amount)?;
    store(state, &state_key::escrow(request), &Escrow { price, records: left });
    Ok(amount)
}

/// Gives back what an escrow still holds, and ends it.
///
/// # Errors
/// [`MoneyFault::Escrow`].
pub fn refund(
    state: &mut (impl StateWrite + ?Sized),
    request: &RequestId,
    to: &AccountKey,
) -> Result<Amount, MoneyFault> {
    let rest = escrow(state, request).ok_or(MoneyFault::Escrow)?.amount();
    credit(state, to, rest)?;
    state.delete(&state_key::escrow(request));
    Ok(rest)
}

/// Checks payee and amount as such.
///
/// # Errors
/// [`MoneyFault::Zero`], [`MoneyFault::Payee`].
pub fn check_payment(to: &AccountKey, amount: Amount) -> Result<(), MoneyFault> {
    if amount.is_zero() {
        return Err(MoneyFault::Zero);
    }
    if is_key(to) { Ok(()) } else { Err(MoneyFault::Payee) }
}
