//! What goes by file from those who ask, over those who govern, to the ledger: applications for accreditation, and orders that
//! governance keys sign one after the other.
//!
//! What counts is the canonical bytes in a file; the words beside them are for reading, and are made anew from the bytes before
//! anybody signs.

mod words;

use galen_ledger::{ChainId, Height};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::codec::Canonical;
use crate::id::AccountKey;
use crate::role::Governors;
use crate::sign::Signer;
use crate::transaction::{Approval, Order, SignedOrder, Transaction};

pub use words::{Unspeakable, words};

/// Most bytes of such a file: a transaction in hex, with words beside it.
pub const MAX_FILE: u64 = 2 << 20;

/// A file that is none, or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalFault {
    /// Not the JSON of such a file.
    #[error("this is no {what}: {fault}")]
    Json {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        fault: serde_json::Error,
    },
    /// The bytes in it are none.
    #[error("this is no {0}: what it asks for is damaged")]
    Damaged(&'static str),
    /// It says one thing and is another.
    #[error("the file says {said:?}, but what would be signed is to {meant}: do not sign it")]
    Words {
        /// What it says.
        said: String,
        /// What it is.
        meant: String,
    },
    /// It is for another chain.
    #[error("it is for chain {found}, not for {expected}")]
    Chain {
        /// Of the file.
        found: ChainId,
        /// The one that is meant.
        expected: ChainId,
    },
    /// A signature in it is none.
    #[error("the signature of {0} in the file is damaged: have it signed again")]
    Signature(AccountKey),
    /// Nobody but those who govern does such a thing by file.
    #[error(transparent)]
    Unspeakable(#[from] Unspeakable),
}

/// An application for accreditation, as a file: what governance is asked to order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// For reading.
    pub what: String,
    /// For which chain, if it is for one only.
    pub chain: Option<ChainId>,
    /// The action's canonical bytes, in hex.
    pub action: String,
}

/// An order with the signatures so far, as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// For reading.
    pub what: String,
    /// For which chain.
    pub chain: ChainId,
    /// The order's canonical bytes, in hex.
    pub order: String,
    /// Who has signed.
    pub signatures: Vec<Approval>,
}

/// What a proposal still lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Governance keys that have signed.
    pub found: usize,
    /// Governance keys that must sign.
    pub needed: usize,
    /// The account concerned, if it must sign and has not.
    pub account: Option<AccountKey>,
    /// Who has signed although nobody asked; the ledger refuses an order with such a signature.
    pub strangers: Vec<AccountKey>,
}

impl Missing {
    /// Whether the ledger takes the order as it is.
    pub fn is_nothing(&self) -> bool {
        self.found >= self.needed && self.account.is_none() && self.strangers.is_empty()
    }
}

fn parse<T: for<'de> Deserialize<'de>>(what: &'static str, text: &[u8]) -> Result<T, ProposalFault> {
    serde_json::from_slice(text).map_err(|fault| ProposalFault::Json { what, fault })
}

fn canonical<T: Canonical>(what: &'static str, text: &str) -> Result<T, ProposalFault> {
    let bytes = hex::decode(text).map_err(|_| ProposalFault::Damaged(what))?;
    T::from_canonical(&bytes).map_err(|_| ProposalFault::Damaged(what))
}

fn check_words(said: &str, meant: String) -> Result<(), ProposalFault> {
    if said == meant { Ok(()) } else { Err(ProposalFault::Words { said: said.to_owned(), meant }) }
}

impl Application {
    /// For an action that governance orders.
    ///
    /// # Errors
    /// [`Unspeakable`], for any other.
    pub fn new(chain: Option<ChainId>, action: &Action) -> Result<Self, Unspeakable> {
        Ok(Self { what: words(action)?, chain, action: hex::encode(action.to_canonical()) })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no application.
    pub fn parse(text: &[u8]) -> Result<Self, ProposalFault> {
        parse("application", text)
    }

    /// What it asks for, on a chain.
    ///
    /// # Errors
    /// When it is damaged, of another chain, or says something else than it is.
    pub fn action(&self, chain: &ChainId) -> Result<Action, ProposalFault> {
        if let Some(found) = self.chain.filter(|found| found != chain) {
            return Err(ProposalFault::Chain { found, expected: *chain });
        }
        let action = canonical("application", &self.action)?;
        check_words(&self.what, words(&action)?)?;
        Ok(action)
    }
}

impl Proposal {
    /// An order that nobody has signed yet.
    ///
    /// # Errors
    /// [`Unspeakable`], for an action that governance does not order.
    pub fn new(
        chain: ChainId,
        action: Action,
        valid_until: Height,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, Unspeakable> {
        let order = Order::new(action, valid_until, rng);
        let what = order_words(&order)?;
        Ok(Self { what, chain, order: hex::encode(order.to_canonical()), signatures: Vec::new() })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no proposal.
    pub fn parse(text: &[u8]) -> Result<Self, ProposalFault> {
        parse("proposal", text)
    }

    /// The order, from its bytes, and the signatures so far, all of which hold.
    ///
    /// # Errors
    /// When it is damaged, or says something else than it is.
    pub fn order(&self) -> Result<Order, ProposalFault> {
        let order: Order = canonical("proposal", &self.order)?;
        check_words(&self.what, order_words(&order)?)?;
        let digest = order.digest(&self.chain);
        let broken =
            self.signatures.iter().find(|approval| !approval.signature.holds(&approval.key, &digest));
        broken.map_or(Ok(order), |approval| Err(ProposalFault::Signature(approval.key)))
    }

    /// Adds a signature, in the place of an earlier one by the same key.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn sign(&mut self, signer: &Signer) -> Result<(), ProposalFault> {
        let signature = signer.sign(&self.order()?.digest(&self.chain));
        self.signatures.retain(|approval| approval.key != signer.key());
        self.signatures.push(Approval { key: signer.key(), signature });
        self.signatures.sort_by_key(|approval| approval.key);
        Ok(())
    }

    /// What the ledger would still ask for.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn missing(&self, governors: &Governors) -> Result<Missing, ProposalFault> {
        let account = words::also_signs(&self.order()?.action);
        let keys = || self.signatures.iter().map(|approval| approval.key);
        Ok(Missing {
            found: keys().filter(|key| governors.contains(key)).count(),
            needed: governors.threshold.into(),
            account: account.filter(|account| keys().all(|key| key != *account)),
            strangers: keys().filter(|key| !governors.contains(key) && Some(*key) != account).collect(),
        })
    }

    /// The transaction for the ledger, with the signatures that there are.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub fn transaction(&self) -> Result<Transaction, ProposalFault> {
        let mut signatures = self.signatures.clone();
        signatures.sort_by_key(|approval| approval.key);
        signatures.dedup_by_key(|approval| approval.key);
        Ok(Transaction::Order(SignedOrder { order: self.order()?, signatures }))
    }
}

fn order_words(order: &Order) -> Result<String, Unspeakable> {
    Ok(format!("{}; valid until block {}", words(&order.action)?, order.valid_until))
}

#[cfg(test)]
mod tests;
