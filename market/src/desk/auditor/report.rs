//! What an auditor found: of one contribution, or of a whole chain, at one height.

use galen_ledger::{Position, StateRead};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::audit::AuditReport;
use crate::chain::{Chain, ChainError};
use crate::explorer::contribution;
use crate::explorer::disclosure::disclosures;
use crate::id::ContributionId;
use crate::query;

/// Orders to open something that a report lists at most.
const MOST_ORDERS: usize = 1000;

/// A report cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFault {
    /// No such contribution.
    #[error("there is no contribution {0} on this chain")]
    Unknown(ContributionId),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Everything.
    Chain,
    /// One contribution.
    Contribution(ContributionId),
}

/// What an auditor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The chain's id.
    pub chain: String,
    /// Its name, for people.
    pub name: String,
    /// The block at whose end this was so.
    pub height: u64,
    /// That block's time, in milliseconds since 1970.
    pub time_ms: u64,
    /// Root of the state after it.
    pub app_hash: String,
    /// Fingerprints of the verifying keys that the genesis pins.
    #[schema(value_type = Object)]
    pub keys: Value,
    /// What it is about: `chain`, or a contribution's id.
    pub about: String,
    /// What was found: totals of the chain, or what is public of the contribution.
    #[schema(value_type = Object)]
    pub found: Value,
    /// Rules of the market that do not hold: none, unless a program is wrong.
    pub broken: Vec<String>,
    /// Orders to the audit authority to open something, at most a thousand.
    #[schema(value_type = Vec<Object>)]
    pub openings: Vec<Value>,
    /// How the auditor came to it.
    pub how: String,
}

fn json(value: &impl Serialize) -> Value {
    // Views are texts and numbers: writing them into memory cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}

impl Report {
    /// Finds out. `how` says how the chain was verified before.
    ///
    /// All of it is at one height. A report of the whole chain goes through all of the state, which may take long: it is read
    /// as it was when the report was begun, and the chain is followed on meanwhile. Run it where nothing waits for this thread.
    ///
    /// # Errors
    /// [`ReportFault`].
    pub fn of(chain: &dyn Chain, about: About, how: &str) -> Result<Self, ReportFault> {
        let name = &chain.genesis().name;
        chain.read_long(|state, position| Self::of_state(name, state, position, about, how))?
    }

    /// The same of a state.
    ///
    /// # Errors
    /// [`ReportFault::Unknown`].
    pub fn of_state(
        name: &str,
        state: &dyn StateRead,
        position: &Position,
        about: About,
        how: &str,
    ) -> Result<Self, ReportFault> {
        let (subject, found, broken) = match about {
            About::Chain => {
                let mut totals = AuditReport::of(state);
                let broken = std::mem::take(&mut totals.broken);
                ("chain".to_owned(), json(&totals), broken)
            }
            About::Contribution(id) => {
                let view = contribution::contribution(state, &position.chain_id, &id);
                (id.to_string(), json(&view.ok_or(ReportFault::Unknown(id))?), Vec::new())
            }
        };
        let keys = query::config(state).map(|config| config.keys.fingerprints);
        Ok(Self {
            chain: position.chain_id.to_string(),
            name: name.to_owned(),
            height: position.height.get(),
            time_ms: position.time_ms,
            app_hash: position.outcome.app_hash.to_string(),
            keys: json(&keys),
            about: subject,
            found,
            broken,
            openings: disclosures(state, None, MOST_ORDERS).items.iter().map(json).collect(),
            how: how.to_owned(),
        })
    }
}
