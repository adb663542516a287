//! The governance orders the audit authority to open something. The order lies on the ledger before anything is opened, for
//! everybody to see; what was opened does not.

use galen_ledger::{Event, StateRead, StateWrite};
use serde::{Deserialize, Serialize};

use super::{Authority, Env, Execute};
use crate::codec::{Canonical, canonical};
use crate::fault::{DiscloseFault, Fault};
use crate::id::{ContributionId, RequestId};
use crate::money;
use crate::record::{ContributionRecord, RequestRecord};
use crate::state::{load, store};
use crate::state_key;

/// Longest reason, in bytes.
pub const MAX_REASON: usize = 500;

/// What is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// The amount of the note at a place.
    Amount(u32),
    /// The price of a request.
    Price(RequestId),
    /// The seller behind a contribution.
    Identity(ContributionId),
}

canonical!(enum Subject { 0 => Amount(position), 1 => Price(request), 2 => Identity(contribution) });

/// Orders an opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclose {
    /// Of what.
    pub subject: Subject,
    /// Why: everybody reads it.
    pub reason: String,
}

canonical!(struct Disclose { subject, reason });

/// An order as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disclosure {
    /// Of what.
    pub subject: Subject,
    /// Why.
    pub reason: String,
    /// Since which block.
    pub height: u64,
}

canonical!(struct Disclosure { subject, reason, height });

impl Disclosure {
    /// The order to open something, if there is one.
    pub fn load(state: &(impl StateRead + ?Sized), subject: &Subject) -> Option<Self> {
        load(state, &state_key::disclosure(&subject.to_canonical()))
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Amount(position) => write!(f, "the amount of note {position}"),
            Self::Price(request) => write!(f, "the price of request {request}"),
            Self::Identity(contribution) => write!(f, "the seller behind contribution {contribution}"),
        }
    }
}

impl Subject {
    fn is_there(&self, state: &(impl StateRead + ?Sized)) -> bool {
        match self {
            Self::Amount(position) => money::note(state, *position).is_some(),
            Self::Price(request) => RequestRecord::load(state, request).is_some(),
            Self::Identity(contribution) => ContributionRecord::load(state, contribution).is_some(),
        }
    }
}

impl Execute for Disclose {
    fn check_stateless(&self, _: Env) -> Result<(), Fault> {
        let visible = self.reason.trim().len();
        if visible == 0 || self.reason.len() > MAX_REASON || self.reason.chars().any(char::is_control) {
            return Err(DiscloseFault::Reason.into());
        }
        Ok(())
    }

    fn authority(&self, _: Env) -> Authority {
        Authority::Governance
    }

    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault> {
        if !self.subject.is_there(state) {
            return Err(DiscloseFault::Nothing(self.subject).into());
        }
        if Disclosure::load(state, &self.subject).is_some() {
            return Err(DiscloseFault::Ordered(self.subject).into());
        }
        let Self { subject, reason } = self.clone();
        let order = Disclosure { subject, reason, height: env.height() };
        store(state, &state_key::disclosure(&subject.to_canonical()), &order);
        Ok(vec![Event::new("disclosure.ordered").with("subject", subject)])
    }
}
