//! What a transaction is, told from its first bytes: a list need not read whole contributions with their proofs.

use serde::Serialize;
use utoipa::ToSchema;

/// The version of transactions that this program knows.
const VERSION: u8 = 1;

/// What a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A governance key is added.
    AccreditMember,
    /// A hospital may sell.
    AccreditHospital,
    /// A researcher may post requests.
    AccreditResearcher,
    /// An auditor is made known.
    AccreditAuditor,
    /// A role is taken away.
    Suspend,
    /// A schema is approved.
    RegisterSchema,
    /// The treasury issues money.
    Issue,
    /// Money is taken out.
    Redeem,
    /// A hospital commits to a dataset.
    CommitDataset,
    /// A dataset is taken out.
    WithdrawDataset,
    /// A request is posted.
    PostRequest,
    /// The audit authority is told to open something.
    Disclose,
    /// A contribution with its proofs.
    Contribute,
    /// A contribution is opened and paid.
    Open,
    /// A false proof is held against its seller.
    Mute,
    /// Money changes hands.
    Transfer,
    /// None that this program knows.
    Unknown,
}

impl Kind {
    /// The kind of a transaction's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [VERSION, 0, action, ..] => Self::of_order(*action),
            [VERSION, 1, ..] => Self::Contribute,
            [VERSION, 2, ..] => Self::Open,
            [VERSION, 3, ..] => Self::Mute,
            [VERSION, 4, ..] => Self::Transfer,
            _ => Self::Unknown,
        }
    }

    fn of_order(action: u8) -> Self {
        const ORDERS: [Kind; 12] = [
            Kind::AccreditMember,
            Kind::AccreditHospital,
            Kind::AccreditResearcher,
            Kind::AccreditAuditor,
            Kind::Suspend,
            Kind::RegisterSchema,
            Kind::Issue,
            Kind::Redeem,
            Kind::CommitDataset,
            Kind::WithdrawDataset,
            Kind::PostRequest,
            Kind::Disclose,
        ];
        ORDERS.get(usize::from(action)).copied().unwrap_or(Self::Unknown)
    }

    /// What it does, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AccreditMember => "adds a governance key",
            Self::AccreditHospital => "accredits a hospital",
            Self::AccreditResearcher => "accredits a researcher",
            Self::AccreditAuditor => "accredits an auditor",
            Self::Suspend => "suspends a participant",
            Self::RegisterSchema => "approves a schema",
            Self::Issue => "issues money",
            Self::Redeem => "takes money out",
            Self::CommitDataset => "commits to a dataset",
            Self::WithdrawDataset => "withdraws a dataset",
            Self::PostRequest => "posts a request",
            Self::Disclose => "orders an opening by the audit authority",
            Self::Contribute => "contributes rows, with proofs",
            Self::Open => "opens a contribution, which is paid by that",
            Self::Mute => "holds a false proof against its seller",
            Self::Transfer => "moves money",
            Self::Unknown => "is of no kind that this program knows",
        }
    }
}

/// What a receipt's code means, in words. The receipt's own message has the particulars.
pub fn meaning(accepted: bool, code: &str) -> &'static str {
    if accepted {
        return "It was accepted, and what it asks for was done.";
    }
    match code.split('.').next().unwrap_or_default() {
        "ledger" => "The ledger's own limits refused it. It changed nothing.",
        "tx" => "It was not valid as a transaction: encoding, signatures or time. It changed nothing.",
        "role" | "dataset" | "schema" => "Who signed may not do that, or not now. It changed nothing.",
        "request" => "The request breaks a rule of the market or of its schema. It changed nothing.",
        "contribute" | "contribution" => {
            "The contribution breaks a rule or its proofs do not hold. It changed nothing."
        }
        "open" => "Nothing could be opened by it. It changed nothing.",
        "money" => "The money was not there, was spent, or its proofs do not hold. It changed nothing.",
        _ => "It was refused when its turn came. It changed nothing.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{ContributeFault, MoneyFault, RequestFault, RoleFault, TransactionFault};

    #[test]
    fn the_first_bytes_tell_orders_from_the_rest() {
        assert_eq!(Kind::of(&[1, 0, 10, 0]), Kind::PostRequest);
        assert_eq!(Kind::of(&[1, 0, 11]), Kind::Disclose);
        assert_eq!(Kind::of(&[1, 4]), Kind::Transfer);
        for bytes in [&[][..], &[1], &[2, 1], &[1, 0], &[1, 0, 12], &[1, 9]] {
            assert_eq!(Kind::of(bytes), Kind::Unknown, "{bytes:?}");
        }
    }

    #[test]
    fn every_code_of_the_market_has_a_meaning_of_its_own() {
        let general = meaning(false, "");
        let lists = [
            TransactionFault::CODES,
            RoleFault::CODES,
            RequestFault::CODES,
            ContributeFault::CODES,
            MoneyFault::CODES,
        ];
        for code in lists.concat() {
            assert_ne!(meaning(false, code), general, "{code}");
        }
    }
}
