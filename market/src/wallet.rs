//! Wallets: which notes are an owner's, what they are worth, and how they are spent.
//!
//! A wallet is its keys; everything else it finds again on the ledger. It reads every note there is, in order, from a state of
//! its own: whom it asked would learn from a narrower question which notes are its.

pub mod decoys;
mod patience;
mod receipt;
mod spend;

use std::collections::BTreeMap;

use galen_ledger::StateRead;

pub use patience::{Aim, Coin, Patience, choose};
pub use receipt::Receipt;
pub use spend::{At, WalletFault};

use crate::amount::Amount;
use crate::id::RequestId;
use crate::money::{self, NoteRecord, Origin};
use crate::notes::group::Point;
use crate::notes::keys::{Address, OwnerKeys};
use crate::notes::note::{Opening, Owned};
use crate::notes::payee::PayeeSecret;
use crate::record::{ContributionRecord, RequestRecord};

/// Opens the price of a request for those who can: notes that pay for a contribution, or that are left of an escrow, are worth
/// as many times the price.
pub type Prices<'a> = &'a dyn Fn(&dyn StateRead, &RequestId) -> Option<Opening>;

/// For those who sell nothing and ask for nothing.
pub fn no_prices(_: &dyn StateRead, _: &RequestId) -> Option<Opening> {
    None
}

/// A wallet.
pub struct Wallet {
    keys: OwnerKeys,
    /// Notes before this place were looked at.
    next: u32,
    held: BTreeMap<u32, Held>,
    /// Own notes whose price could not be opened so far.
    unread: BTreeMap<u32, NoteRecord>,
}

impl std::fmt::Debug for Wallet {
    /// Which notes are its own is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wallet")
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

/// A note of the wallet's.
#[derive(Clone)]
pub struct Held {
    /// Its place on the ledger.
    pub position: u32,
    /// What the ledger has of it.
    pub record: NoteRecord,
    /// What its owner knows.
    owned: Owned,
    /// What the ledger will have when it is spent.
    image: Point,
    /// In which block it was spent.
    pub spent: Option<u64>,
}

impl Held {
    /// What it is worth, in minor units.
    pub fn amount(&self) -> u64 {
        self.owned.opening.amount
    }
}

impl Wallet {
    /// The wallet with these keys, which has not looked at anything yet.
    pub fn new(keys: OwnerKeys) -> Self {
        Self { keys, next: 0, held: BTreeMap::new(), unread: BTreeMap::new() }
    }

    /// Where it is paid.
    pub fn address(&self) -> Address {
        self.keys.address()
    }

    /// Looks at all notes that are new, and at what was spent since.
    pub fn scan(&mut self, state: &dyn StateRead, prices: Prices<'_>) {
        let fresh = (self.next..money::notes(state)).filter_map(|at| Some((at, money::note(state, at)?)));
        let again = std::mem::take(&mut self.unread);
        for (position, record) in again.into_iter().chain(fresh) {
            let Some(shared) = self.keys.recognise(&record.note.owner) else { continue };
            let payee = PayeeSecret { key: self.keys.secret(&shared), shift: shared.shift() };
            let Some(owned) = open(state, &record, &self.keys, payee, prices) else {
                self.unread.insert(position, record);
                continue;
            };
            let Some(member) = money::member(state, position) else { continue };
            let Some(image) = Point::new(member.image(&owned.secret)) else { continue };
            self.held.insert(position, Held { position, record, owned, image, spent: None });
        }
        self.next = money::notes(state);
        for held in self.held.values_mut().filter(|held| held.spent.is_none()) {
            held.spent = money::spent(state, &held.image);
        }
    }

    /// Its notes, spent ones included, in the ledger's order.
    pub fn notes(&self) -> impl Iterator<Item = &Held> {
        self.held.values()
    }

    /// Notes that are its own and whose amount it cannot tell: a price that was not sealed to it, or falsely to all; or a payer
    /// that blinded otherwise than payers do.
    pub fn unread(&self) -> impl Iterator<Item = u32> + '_ {
        self.unread.keys().copied()
    }

    /// What it can spend.
    pub fn balance(&self) -> Amount {
        let unspent = self.notes().filter(|held| held.spent.is_none()).map(Held::amount).sum();
        // All money that was ever issued is below the cap.
        Amount::new(unspent).unwrap_or_default()
    }

    /// What happened to its notes.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.notes().map(Receipt::of).collect()
    }
}

/// Opens a note as its owner.
fn open(
    state: &dyn StateRead,
    record: &NoteRecord,
    keys: &OwnerKeys,
    payee: PayeeSecret,
    prices: Prices<'_>,
) -> Option<Owned> {
    let (request, records) = match &record.origin {
        Origin::Issued | Origin::Transferred => return record.note.recognise(keys),
        Origin::Paid { contribution } => {
            let contribution = ContributionRecord::load(state, contribution)?;
            (contribution.request, contribution.records())
        }
        Origin::Refunded { request } => {
            let settled = RequestRecord::load(state, request)?;
            (*request, settled.request.max_records.minus(settled.paid)?)
        }
    };
    let owned = payee.owned(&prices(state, &request)?, records.get())?;
    (owned.opening.commit() == *record.note.commitment.get()).then_some(owned)
}
