//! What transactions may conflict with others about: the ledger sends those that may through one group of members, which
//! sees them first. It decides nothing but the way, so a key that fits badly costs no more than a refusal at execution.

use crate::action::Action;
use crate::transaction::Transaction;

impl Transaction {
    /// Contributions meet at their request, openings at their contribution, orders at the account that pays or is
    /// changed, and what the governance decides at the governance.
    pub fn conflict_key(&self) -> Vec<u8> {
        match self {
            Self::Contribute(contribution) => key("request", &contribution.request.to_bytes()),
            Self::Open(opening) => key("contribution", opening.contribution.as_bytes()),
            Self::Order(order) => match &order.order.action {
                Action::Transfer(transfer) => key("account", transfer.from.as_bytes()),
                Action::PostRequest(post) => key("account", post.request.account.as_bytes()),
                Action::CommitDataset(commit) => key("account", commit.account.as_bytes()),
                Action::WithdrawDataset(withdraw) => key("account", withdraw.account.as_bytes()),
                Action::AccreditMember(_)
                | Action::AccreditHospital(_)
                | Action::AccreditResearcher(_)
                | Action::AccreditAuditor(_)
                | Action::Suspend(_)
                | Action::RegisterSchema(_)
                | Action::Issue(_) => key("governance", &[]),
            },
        }
    }
}

fn key(kind: &str, name: &[u8]) -> Vec<u8> {
    [kind.as_bytes(), &[0], name].concat()
}
