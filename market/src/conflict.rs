//! What transactions may conflict with others about: the ledger sends those that may through one group of members, which
//! sees them first. It decides nothing but the way, so a key that fits badly costs no more than a refusal at execution.

use crate::action::Action;
use crate::transaction::Transaction;

impl Transaction {
    /// Contributions meet at their request, openings at their contribution, transfers at a note that they spend,
    /// orders at the account that posts or is changed, and what the governance decides at the governance.
    pub fn conflict_key(&self) -> Vec<u8> {
        match self {
            Self::Contribute(contribution) | Self::Mute(contribution) => {
                key("request", &contribution.request.to_bytes())
            }
            Self::Transfer(transfer) => {
                // Two transfers that spend one note meet if it is the least of both: others meet in the block.
                let image = transfer.inputs.iter().map(|input| input.signature.image.as_bytes()).min();
                key("image", image.map_or(&[], |image| image.as_slice()))
            }
            Self::Open(opening) => key("contribution", opening.contribution.as_bytes()),
            Self::Order(order) => match &order.order.action {
                Action::PostRequest(post) => key("account", post.request.account.as_bytes()),
                Action::CommitDataset(commit) => key("account", commit.account.as_bytes()),
                Action::WithdrawDataset(withdraw) => key("account", withdraw.account.as_bytes()),
                Action::AccreditMember(_)
                | Action::AccreditHospital(_)
                | Action::AccreditResearcher(_)
                | Action::AccreditAuditor(_)
                | Action::Suspend(_)
                | Action::RegisterSchema(_)
                | Action::Issue(_)
                | Action::Redeem(_)
                | Action::Disclose(_) => key("governance", &[]),
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
    use crate::action::{AccreditResearcher, CommitDataset, WithdrawDataset};
    use crate::id::{AccountKey, SchemaId};
    use crate::transaction::{Order, SignedOrder};

    fn order(action: Action, nonce: u64) -> Transaction {
        let order = Order { action, nonce, valid_until: Height::new(9) };
        Transaction::Order(SignedOrder { order, signatures: Vec::new() })
    }

    #[test]
    fn what_one_account_orders_meets_and_what_others_do_goes_elsewhere() {
        let [one, other] = [1, 2].map(|byte| AccountKey::from_bytes([byte; 32]));
        let commit = |account, body: u64, nonce| {
            let schema = SchemaId::new(galen_circuits::field::F::from(3u64));
            order(Action::CommitDataset(CommitDataset { account, schema, body: body.into() }), nonce)
        };
        assert_eq!(commit(one, 5, 1).conflict_key(), commit(one, 7, 2).conflict_key());
        assert_ne!(commit(one, 5, 1).conflict_key(), commit(other, 5, 1).conflict_key());
        let schema = SchemaId::new(galen_circuits::field::F::from(3u64));
        let withdraw = order(Action::WithdrawDataset(WithdrawDataset { account: one, schema }), 3);
        assert_eq!(withdraw.conflict_key(), commit(one, 5, 1).conflict_key(), "one account, one way");
        let accredit =
            order(Action::AccreditResearcher(AccreditResearcher { account: one, name: "R".into() }), 4);
        assert_ne!(accredit.conflict_key(), withdraw.conflict_key(), "the governance has its own");
        assert_eq!(
            Transaction::from_bytes(&withdraw.to_bytes()).unwrap().conflict_key(),
            withdraw.conflict_key()
        );
    }
}
