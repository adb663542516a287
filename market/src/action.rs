//! What an order can ask for: one file an action, each with what it is, what can be checked without the state, who must
//! sign it, and what it does.

pub mod accredit_auditor;
pub mod accredit_hospital;
pub mod accredit_member;
pub mod accredit_researcher;
pub mod commit_dataset;
pub mod contribute;
pub mod disclose;
pub mod issue;
pub mod open;
pub mod post_request;
pub mod redeem;
pub mod register_schema;
pub mod suspend;
pub mod withdraw_dataset;

use galen_ledger::{BlockContext, Event, StateWrite};
use serde::{Deserialize, Serialize};

pub use accredit_auditor::AccreditAuditor;
pub use accredit_hospital::AccreditHospital;
pub use accredit_member::AccreditMember;
pub use accredit_researcher::AccreditResearcher;
pub use commit_dataset::CommitDataset;
pub use disclose::Disclose;
pub use issue::Issue;
pub use post_request::PostRequest;
pub use redeem::Redeem;
pub use register_schema::RegisterSchema;
pub use suspend::Suspend;
pub use withdraw_dataset::WithdrawDataset;

use crate::codec::canonical;
use crate::config::MarketConfig;
use crate::fault::Fault;
use crate::id::AccountKey;
use crate::money::Checked;
use crate::notes::group::Point;
use crate::verdict::ProofCheck;

/// What an order asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Adds a governance key.
    AccreditMember(AccreditMember),
    /// Lets a hospital sell.
    AccreditHospital(AccreditHospital),
    /// Lets a researcher post requests.
    AccreditResearcher(AccreditResearcher),
    /// Makes an auditor known.
    AccreditAuditor(AccreditAuditor),
    /// Takes a role away.
    Suspend(Suspend),
    /// Approves a schema.
    RegisterSchema(RegisterSchema),
    /// Makes money against money held outside.
    Issue(Issue),
    /// Takes money out that the treasury pays outside.
    Redeem(Redeem),
    /// Commits to a dataset, in the place of the one before.
    CommitDataset(CommitDataset),
    /// Takes the dataset out of the registry.
    WithdrawDataset(WithdrawDataset),
    /// Posts a request and locks its money.
    PostRequest(PostRequest),
    /// Orders the audit authority to open something.
    Disclose(Disclose),
}

canonical!(enum Action {
    0 => AccreditMember(a),
    1 => AccreditHospital(a),
    2 => AccreditResearcher(a),
    3 => AccreditAuditor(a),
    4 => Suspend(a),
    5 => RegisterSchema(a),
    6 => Issue(a),
    7 => Redeem(a),
    8 => CommitDataset(a),
    9 => WithdrawDataset(a),
    10 => PostRequest(a),
    11 => Disclose(a),
});

/// Who must sign an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A threshold of the governance keys.
    Governance,
    /// A threshold of the governance keys, and the account that it concerns.
    GovernanceAnd(AccountKey),
    /// One account.
    Account(AccountKey),
}

/// What an action may know besides the state.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The market's configuration.
    pub config: &'a MarketConfig,
    /// The block.
    pub block: &'a BlockContext,
    /// What proofs are checked with.
    pub proofs: &'a dyn ProofCheck,
    /// Proofs of money that hold.
    pub checked: &'a Checked,
}

impl Env<'_> {
    /// This block's height.
    pub fn height(&self) -> u64 {
        self.block.height.get()
    }

    /// K, which audit handles are made for.
    pub fn authority(&self) -> &Point {
        &self.config.auditor.amounts.key
    }
}

/// An action's own rules.
pub trait Execute {
    /// Whatever can be said without the state.
    ///
    /// # Errors
    /// The first fault.
    fn check_stateless(&self, env: Env) -> Result<(), Fault>;

    /// Who must sign.
    fn authority(&self, env: Env) -> Authority;

    /// Checks against the state, and changes it. When it fails, what it wrote is thrown away by the caller.
    ///
    /// # Errors
    /// The first fault.
    fn check_and_execute(&self, state: &mut dyn StateWrite, env: Env) -> Result<Vec<Event>, Fault>;
}

impl Action {
    /// The action's own rules.
    pub fn rules(&self) -> &dyn Execute {
        match self {
            Self::AccreditMember(action) => action,
            Self::AccreditHospital(action) => action,
            Self::AccreditResearcher(action) => action,
            Self::AccreditAuditor(action) => action,
            Self::Suspend(action) => action,
            Self::RegisterSchema(action) => action,
            Self::Issue(action) => action,
            Self::Redeem(action) => action,
            Self::CommitDataset(action) => action,
            Self::WithdrawDataset(action) => action,
            Self::PostRequest(action) => action,
            Self::Disclose(action) => action,
        }
    }
}
