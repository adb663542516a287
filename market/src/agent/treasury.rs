//! The treasury: makes money against money held outside, and keeps the books that each next issue is proven with.

use galen_ledger::{ChainId, StateRead};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::action::{Action, Issue};
use crate::amount::Amount;
use crate::money;
use crate::notes::group::Point;
use crate::notes::issue::{Book, Issuance, IssueFault, split};
use crate::notes::keys::Address;

/// What was issued, after each issue that was ever made up: secret, as it tells how much. The ledger decides which of them
/// happened, so books are kept *before* an issue is sent, and nothing is lost when the treasury stops in between.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Books(Vec<Book>);

/// The treasury cannot issue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreasuryFault {
    /// The ledger has issues that are not in these books.
    #[error(
        "the books do not know what was issued last: they are not this chain's, or a copy that is too old"
    )]
    Books,
    /// The issue.
    #[error(transparent)]
    Issue(#[from] IssueFault),
}

impl Books {
    /// The book that the ledger is at.
    ///
    /// # Errors
    /// [`TreasuryFault::Books`].
    pub fn current(&self, state: &(impl StateRead + ?Sized)) -> Result<Book, TreasuryFault> {
        let issued = money::issued(state);
        let mut books = self.0.iter().copied().chain([Book::default()]);
        books.find(|book| book.commitment() == issued).ok_or(TreasuryFault::Books)
    }

    /// Makes an issue up, in sixteen notes of random amounts, and enters it. Keep the books, then send it.
    ///
    /// # Errors
    /// [`TreasuryFault`].
    pub fn issue(
        &mut self,
        state: &(impl StateRead + ?Sized),
        (chain, authority): (&ChainId, &Point),
        to: &Address,
        amount: Amount,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Action, TreasuryFault> {
        let book = self.current(state)?;
        let parts = split(amount, rng);
        let (issuance, after) = Issuance::new(chain, authority, &book, to, &parts, rng)?;
        self.0.push(after);
        Ok(Action::Issue(Issue { issuance }))
    }
}
