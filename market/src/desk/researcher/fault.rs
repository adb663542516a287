//! Why the desk does not do something: a stable code, a sentence, and what would help.

use galen_prover::deliver::DeliverError;

use super::check::FieldFault;
use crate::agent::researcher::CollectFault;
use crate::amount::Amount;
use crate::chain::ChainError;
use crate::id::RequestId;
use crate::private::PrivateFault;
use crate::wallet::WalletFault;

/// The desk does not do it. Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskFault {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A draft that cannot be posted.
    #[error("{}", listed(.0))]
    Fields(Vec<FieldFault>),
    /// Something that is not here.
    #[error("there is no such {0}")]
    Unknown(&'static str),
    /// A draft that was posted, or is being posted, cannot be changed.
    #[error("this draft is signed: it became, or is becoming, request {0}")]
    Signed(RequestId),
    /// Somebody else's request.
    #[error("request {0} is another institution's: its data are for its own keys only")]
    NotOwn(RequestId),
    /// Not enough money to lock.
    #[error("{needed} are to be locked and the wallet holds {held}: {missing} are missing")]
    Insufficient {
        /// What it holds.
        held: Amount,
        /// What is needed.
        needed: Amount,
        /// The difference.
        missing: u64,
    },
    /// The wallet.
    #[error(transparent)]
    Wallet(#[from] WalletFault),
    /// No hospital could read the price.
    #[error("no hospital was accredited at the last boundary: nobody could read the price")]
    NoSeller,
    /// The ledger refused what was signed.
    #[error("the ledger refused it ({code}): {message}")]
    Refused {
        /// The reason, for programs.
        code: String,
        /// The reason, for people.
        message: String,
        /// The last block at which the same order may still get in; it is not made anew before.
        until: Option<u64>,
    },
    /// Nothing was delivered yet.
    #[error("no contribution to this request was opened yet")]
    NothingYet,
    /// What was delivered cannot be read.
    #[error(transparent)]
    Collect(#[from] CollectFault),
    /// What was delivered cannot be written.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// A file of the desk.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// Something that should always work did not.
    #[error("{0}")]
    Internal(String),
}

fn listed(faults: &[FieldFault]) -> String {
    let each: Vec<String> =
        faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
    each.join("; ")
}

impl From<PrivateFault> for DeskFault {
    fn from(fault: PrivateFault) -> Self {
        Self::Internal(fault.to_string())
    }
}

impl DeskFault {
    /// What the caller can do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Fields(_) => "correct these fields; nothing was signed".into(),
            Self::Signed(_) => "copy it to a new draft, and change that".into(),
            Self::Insufficient { .. } => {
                "have the treasury issue more to this wallet's address, or ask for fewer records".into()
            }
            Self::Wallet(_) => "nothing was spent; see what the wallet holds".into(),
            Self::NoSeller => {
                "wait until a hospital is accredited and a boundary of the registry has passed".into()
            }
            Self::Refused { until: Some(until), .. } => {
                format!("nothing was locked; after block {until} it can be posted anew, and never twice")
            }
            Self::Refused { .. } => {
                "correct what the reason names, and post again; nothing was locked".into()
            }
            Self::NothingYet => "look at the request's page for who acts next, and until when".into(),
            Self::Collect(_) => {
                "try again in a minute; if it stays so, give the contribution to an auditor".into()
            }
            _ => "look for it in the list".into(),
        }
    }
}
