//! What governance orders, in words: all that decides, so that two orders that differ read differently.

use crate::action::Action;
use crate::id::{AccountKey, SchemaId};

/// Governance does not order such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not ordered by governance: who it concerns does it")]
pub struct Unspeakable(&'static str);

/// An action of governance in words.
///
/// # Errors
/// [`Unspeakable`], for any other.
pub fn words(action: &Action) -> Result<String, Unspeakable> {
    Ok(match action {
        Action::AccreditMember(a) => format!(
            "add the governance key {} of {:?}, and let {} keys sign from then on",
            a.key, a.name, a.threshold
        ),
        Action::AccreditHospital(a) => {
            let schemas: Vec<String> = a.schemas.iter().map(ToString::to_string).collect();
            format!(
                "accredit {:?}, account {}, as a hospital with the seller's name {} and the price key {}, for {}",
                a.name,
                a.account,
                a.seller,
                hex::encode(crate::codec::Canonical::to_canonical(&a.sealing.key)),
                if schemas.is_empty() {
                    "no schema".into()
                } else {
                    format!("schema {}", schemas.join(", "))
                }
            )
        }
        Action::AccreditResearcher(a) => {
            format!("accredit {:?}, account {}, as a researcher", a.name, a.account)
        }
        Action::AccreditAuditor(a) => format!("accredit {:?}, account {}, as an auditor", a.name, a.account),
        Action::Suspend(a) => format!("suspend account {}, because {:?}", a.account, a.reason),
        Action::RegisterSchema(a) => {
            let schema = &a.schema;
            format!(
                "approve the schema {:?} version {}, {}: {} columns, k ≥ {}, l ≥ {}, α ≤ {} ‰, at least {} chunks",
                schema.name(),
                schema.version(),
                SchemaId::of(schema),
                schema.columns().len(),
                schema.k_floor(),
                schema.l_floor(),
                schema.alpha_ceiling(),
                schema.min_chunks()
            )
        }
        Action::Disclose(a) => format!("let the audit authority open {}, because {:?}", a.subject, a.reason),
        Action::Issue(_) => return Err(Unspeakable("issuing money")),
        Action::Redeem(_) => return Err(Unspeakable("redeeming money")),
        Action::CommitDataset(_) => return Err(Unspeakable("committing to a dataset")),
        Action::WithdrawDataset(_) => return Err(Unspeakable("withdrawing a dataset")),
        Action::PostRequest(_) => return Err(Unspeakable("posting a request")),
    })
}

/// The account that must sign besides governance keys.
pub(super) fn also_signs(action: &Action) -> Option<AccountKey> {
    match action {
        Action::AccreditHospital(action) => Some(action.account),
        Action::AccreditMember(action) => Some(action.key),
        _ => None,
    }
}
