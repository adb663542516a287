//! The audit authority: opens amounts, prices and identities, each under an order of the governance that lies on the ledger.
//!
//! Nothing can keep a holder of the keys from opening what it likes: that it opens under orders only is its duty, which these
//! functions hold it to.

use galen_circuits::jubjub::{KeyFault, SecretKey};
use galen_circuits::seal::TO_AUDITOR;
use galen_ledger::StateRead;
use rand::{CryptoRng, RngCore};

use crate::action::disclose::{Disclosure, Subject};
use crate::config::AuditAuthority;
use crate::id::{AccountKey, ContributionId, RequestId, SellerName};
use crate::money;
use crate::notes::authority::{AmountSecret, OpenedAmount};
use crate::notes::logarithm::LogTable;
use crate::record::{ContributionRecord, RequestRecord};
use crate::role::{Participant, participant};
use crate::state::load;
use crate::state_key;

/// The authority's secrets.
#[derive(Clone)]
pub struct AuthorityKeys {
    /// Opens sellers' names.
    pub identities: SecretKey,
    /// Opens amounts and prices.
    pub amounts: AmountSecret,
}

impl std::fmt::Debug for AuthorityKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorityKeys")
    }
}

/// Something is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningFault {
    /// No order.
    #[error("no order on the ledger says to open {0}: the governance gives one")]
    NoOrder(Subject),
    /// It is not there.
    #[error("{0} is not on the ledger")]
    Nothing(Subject),
    /// The sealed name is no point.
    #[error("the sealed name cannot be opened: {0}")]
    Sealed(#[from] KeyFault),
    /// Nobody has that name: the key is not the audit authority's.
    #[error("no hospital has the name that the key opens")]
    Nobody,
    /// No amount comes out: the key is not the audit authority's.
    #[error("the key opens no amount")]
    NoAmount,
}

/// An opened identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedIdentity {
    /// The order.
    pub order: Disclosure,
    /// The seller's account.
    pub account: AccountKey,
    /// Who that is.
    pub participant: Participant,
}

/// The order to open something.
///
/// # Errors
/// [`OpeningFault::NoOrder`].
fn order(state: &(impl StateRead + ?Sized), subject: Subject) -> Result<Disclosure, OpeningFault> {
    Disclosure::load(state, &subject).ok_or(OpeningFault::NoOrder(subject))
}

impl AuthorityKeys {
    /// The secrets of a seed: 32 uniform bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let mut wide = [0; 64];
        blake3::Hasher::new_derive_key("galen 2026 authority identities")
            .update(seed)
            .finalize_xof()
            .fill(&mut wide);
        let amounts = AmountSecret::from_seed(&blake3::derive_key("galen 2026 authority amounts", seed));
        Self { identities: SecretKey::from_wide(&wide), amounts }
    }

    /// What the genesis says of it.
    pub fn public(&self) -> AuditAuthority {
        AuditAuthority::of(&self.identities, &self.amounts)
    }

    /// Opens the seller behind a contribution.
    ///
    /// # Errors
    /// [`OpeningFault`].
    pub fn identity(
        &self,
        state: &(impl StateRead + ?Sized),
        id: &ContributionId,
    ) -> Result<OpenedIdentity, OpeningFault> {
        let subject = Subject::Identity(*id);
        let order = order(state, subject)?;
        let record = ContributionRecord::load(state, id).ok_or(OpeningFault::Nothing(subject))?;
        let name = SellerName::new(self.identities.open(TO_AUDITOR, &record.identity)?);
        let account: AccountKey = load(state, &state_key::seller(&name)).ok_or(OpeningFault::Nobody)?;
        let participant = participant(state, &account).ok_or(OpeningFault::Nobody)?;
        Ok(OpenedIdentity { order, account, participant })
    }

    /// Opens the amount of the note at a place.
    ///
    /// # Errors
    /// [`OpeningFault`].
    pub fn amount(
        &self,
        state: &(impl StateRead + ?Sized),
        table: &LogTable,
        position: u32,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Disclosure, OpenedAmount), OpeningFault> {
        let subject = Subject::Amount(position);
        let order = order(state, subject)?;
        let note = money::note(state, position).ok_or(OpeningFault::Nothing(subject))?.note;
        let opened = self.amounts.open(table, &note.commitment, &note.handle, rng);
        Ok((order, opened.ok_or(OpeningFault::NoAmount)?))
    }

    /// Opens the price of a request.
    ///
    /// # Errors
    /// [`OpeningFault`].
    pub fn price(
        &self,
        state: &(impl StateRead + ?Sized),
        table: &LogTable,
        id: &RequestId,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Disclosure, OpenedAmount), OpeningFault> {
        let subject = Subject::Price(*id);
        let order = order(state, subject)?;
        let price = RequestRecord::load(state, id).ok_or(OpeningFault::Nothing(subject))?.request.price;
        let opened = self.amounts.open(table, &price.commitment, &price.handle, rng);
        Ok((order, opened.ok_or(OpeningFault::NoAmount)?))
    }
}
