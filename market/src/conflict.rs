//! What transactions may conflict with others about: the ledger sends those that may through one group of members, which
//! sees them first. It decides nothing but the way, so a key that fits badly costs no more than a refusal at execution.

use crate::action::Action;
use crate::transaction::Transaction;

impl Transaction {
    /// Contributions meet at their request, openings at their contribution, orders at the account that pays or is
    /// changed, and what the governance decides at the governance.
    pub fn conflict_key(&self) -> Vec<u8> {
        match self {
            Self::Contribute(contribution) | Self::Mute(contribution) => {
                key("request", &contribution.request.to_bytes())
            }
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

#[cfg(test)]
mod tests {
    use galen_ledger::Height;

    use super::*;
    use crate::action::{AccreditResearcher, Transfer, WithdrawDataset};
    use crate::amount::Amount;
    use crate::id::{AccountKey, SchemaId};
    use crate::transaction::{Order, SignedOrder};

    fn order(action: Action, nonce: u64) -> Transaction {
        let order = Order { action, nonce, valid_until: Height::new(9) };
        Transaction::Order(SignedOrder { order, signatures: Vec::new() })
    }

    #[test]
    fn what_one_account_orders_meets_and_what_others_do_goes_elsewhere() {
        let [one, other] = [1, 2].map(|byte| AccountKey::from_bytes([byte; 32]));
        let pay = |from, to, amount, nonce| {
            order(Action::Transfer(Transfer { from, to, amount: Amount::new(amount).unwrap() }), nonce)
        };
        assert_eq!(pay(one, other, 5, 1).conflict_key(), pay(one, one, 7, 2).conflict_key());
        assert_ne!(pay(one, other, 5, 1).conflict_key(), pay(other, one, 5, 1).conflict_key());
        let schema = SchemaId::new(galen_circuits::field::F::from(3u64));
        let withdraw = order(Action::WithdrawDataset(WithdrawDataset { account: one, schema }), 3);
        assert_eq!(withdraw.conflict_key(), pay(one, other, 5, 1).conflict_key(), "one account, one way");
        let accredit =
            order(Action::AccreditResearcher(AccreditResearcher { account: one, name: "R".into() }), 4);
        assert_ne!(accredit.conflict_key(), withdraw.conflict_key(), "the governance has its own");
        assert_eq!(
            Transaction::from_bytes(&withdraw.to_bytes()).unwrap().conflict_key(),
            withdraw.conflict_key()
        );
    }
}
