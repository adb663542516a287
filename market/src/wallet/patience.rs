//! Which notes to spend, and whether to wait until they hide well.
//!
//! A note whose window is dealt ([`decoys`]) is one of sixteen to everybody. One of the newest is found up to four times as often: the game in
//! `tests/tests/linkability` measures it.
//! And what a payout, a refund or an issued note is worth somebody else knows, so that a redemption, whose amount everybody
//! sees, tells which of a ring can be meant. Whoever waits spends only what hides well, and is told how long that takes.

use galen_ledger::StateRead;

use super::spend::WalletFault;
use super::{Held, decoys};
use crate::amount::Amount;
use crate::money::{NoteRecord, Origin};
use crate::notes::transfer::MAX_INPUTS;

/// Whether an owner can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Spends only notes whose window is dealt, and redeems only what came by a transfer.
    Wait,
    /// Spends what there is, the better hidden first.
    Now,
}

impl Patience {
    /// Waits, unless there is no time to.
    pub fn unless(now: bool) -> Self {
        if now { Self::Now } else { Self::Wait }
    }
}

/// What notes are spent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To pay somebody.
    Send,
    /// To lock the money of a request. Requests have deadlines, so this never waits.
    Fund,
    /// To be paid outside, an amount that everybody sees.
    Redeem,
}

/// A note that can be spent, as far as the choice depends on it.
pub trait Coin {
    /// What the ledger has of it.
    fn record(&self) -> &NoteRecord;
    /// What it is worth, in minor units.
    fn worth(&self) -> u64;
}

impl Coin for Held {
    fn record(&self) -> &NoteRecord {
        &self.record
    }

    fn worth(&self) -> u64 {
        self.amount()
    }
}

/// Chooses among unspent notes: of those that hide best, if they are enough, the smallest that is enough, or else the largest
/// ones, as few as it takes.
///
/// # Errors
/// [`WalletFault`]: why not, and what would help.
pub fn choose<'a, C: Coin>(
    state: &dyn StateRead,
    unspent: &[&'a C],
    needed: u64,
    (aim, patience): (Aim, Patience),
) -> Result<Vec<&'a C>, WalletFault> {
    let dealt = |coin: &C| decoys::until_dealt(state, coin.record()) == 0;
    let quiet = |coin: &C| aim != Aim::Redeem || coin.record().origin == Origin::Transferred;
    let of = |may: &dyn Fn(&C) -> bool| -> Vec<&'a C> {
        unspent.iter().copied().filter(|coin| may(coin)).collect()
    };
    let best = of(&|coin| dealt(coin) && quiet(coin));
    if patience == Patience::Wait && aim != Aim::Fund {
        return fewest(best, needed).map_err(|fault| match fault {
            WalletFault::Insufficient { .. } => not_yet(state, unspent, &of(&quiet), needed),
            fault => fault,
        });
    }
    fewest(best, needed)
        .or_else(|_| fewest(of(&quiet), needed))
        .or_else(|_| fewest(of(&dealt), needed))
        .or_else(|_| fewest(unspent.to_vec(), needed))
}

/// Why dealt notes are not enough.
fn not_yet<C: Coin>(state: &dyn StateRead, unspent: &[&C], quiet: &[&C], needed: u64) -> WalletFault {
    let mut waits: Vec<(u32, u64)> =
        quiet.iter().map(|coin| (decoys::until_dealt(state, coin.record()), coin.worth())).collect();
    waits.sort_unstable();
    let mut sum = 0u64;
    for (more, worth) in waits {
        sum = sum.saturating_add(worth);
        if sum >= needed {
            return WalletFault::Early { more };
        }
    }
    let held = total(unspent);
    match held >= needed && !unspent.is_empty() {
        true => WalletFault::Known,
        false => insufficient(held, needed),
    }
}

/// The smallest note that is enough; else the largest ones, as few as it takes.
fn fewest<C: Coin>(mut coins: Vec<&C>, needed: u64) -> Result<Vec<&C>, WalletFault> {
    coins.sort_by_key(|coin| coin.worth());
    if let Some(enough) = coins.iter().find(|coin| coin.worth() >= needed) {
        return Ok(vec![*enough]);
    }
    let held = total(&coins);
    let (mut chosen, mut sum) = (Vec::new(), 0u64);
    for coin in coins.into_iter().rev() {
        sum = sum.saturating_add(coin.worth());
        chosen.push(coin);
        if sum >= needed {
            break;
        }
    }
    // Even to pay nothing takes a note.
    match sum >= needed && !chosen.is_empty() {
        true if chosen.len() <= MAX_INPUTS => Ok(chosen),
        true => Err(WalletFault::Scattered),
        false => Err(insufficient(held, needed)),
    }
}

fn total<C: Coin>(coins: &[&C]) -> u64 {
    coins.iter().fold(0, |sum, coin| sum.saturating_add(coin.worth()))
}

fn insufficient(held: u64, needed: u64) -> WalletFault {
    // All money that was ever issued is below the cap.
    WalletFault::Insufficient { held: Amount::new(held).unwrap_or_default(), needed }
}
