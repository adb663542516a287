//! What leads to an auditor's signed reports, where they are made. The desk itself is in [`crate::desk::auditor`].

use maud::{Markup, html};

use crate::web::parts::{Weight, button_link};

/// The page on which a report is asked for.
pub(crate) const PATH: &str = "/reports";
/// What a report of the whole chain is about.
pub(crate) const CHAIN: &str = "chain";

/// Leads to the signed report about the chain, or about a contribution by its id; says what is signed.
pub(crate) fn links(about: &str) -> Markup {
    html! {
        p {
            "This desk makes the report now and signs it with the auditor's key. The signature covers all of it: what was found and what is "
            "broken, with the chain, the block, the root of the state and the fingerprints of the verifying keys. It does not say that "
            "committed rows are true."
        }
        div.actions {
            (button_link(Weight::Quiet, "Signed report (HTML)", &format!("/v1/reports/{about}/paper")))
            (button_link(Weight::Quiet, "Signed report (JSON)", &format!("/v1/reports/{about}")))
        }
    }
}
