//! The desk's refusals, as the API and pages show them.

use axum::http::StatusCode;

use super::fault::DeskFault;
use crate::agent::researcher::CollectFault;
use crate::web::Problem;

impl From<DeskFault> for Problem {
    fn from(fault: DeskFault) -> Self {
        let (words, remedy) = (fault.to_string(), fault.remedy());
        match fault {
            DeskFault::Chain(error) => error.into(),
            DeskFault::Fields(_) => Self::bad("draft.fields", words, remedy),
            DeskFault::Unknown(what) => Self::not_found(what),
            DeskFault::Signed(_) => Self::new(StatusCode::CONFLICT, "draft.signed", words, remedy),
            DeskFault::NotOwn(_) => Self::new(StatusCode::FORBIDDEN, "request.not_own", words, remedy),
            DeskFault::Insufficient { .. } => Self::bad("wallet.insufficient", words, remedy),
            DeskFault::Wallet(_) => Self::bad("wallet.cannot_spend", words, remedy),
            DeskFault::NoSeller => {
                Self::new(StatusCode::CONFLICT, "request.no_seller", words, remedy).retry(10)
            }
            DeskFault::Refused { code, .. } => Self::bad(code, words, remedy),
            DeskFault::NothingYet => Self::new(StatusCode::CONFLICT, "request.nothing_yet", words, remedy),
            DeskFault::Collect(CollectFault::Missing(_)) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "collect.missing", words, remedy).retry(10)
            }
            DeskFault::Collect(_) => Self::bad("collect.damaged", words, remedy),
            DeskFault::Deliver(_) | DeskFault::File { .. } | DeskFault::Internal(_) => Self::internal(words),
        }
    }
}

impl From<DeskFault> for Box<Problem> {
    fn from(fault: DeskFault) -> Self {
        Self::new(fault.into())
    }
}
