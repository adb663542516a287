//! The page on which signed reports are asked for.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::report::About;
use crate::explorer::Explorer;
use crate::explorer::pages::signed::{CHAIN, PATH, links};
use crate::explorer::pages::{Here, page};
use crate::id::ContributionId;
use crate::record::ContributionRecord;
use crate::web::Answered;
use crate::web::extract::Query;
use crate::web::parts::{Field, Weight, button, hash_link, heading, section};

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// A contribution's id, as somebody wrote it; none before the form was sent.
    about: Option<String>,
}

/// What became of what was asked for.
enum Found {
    Nothing,
    Contribution(ContributionId),
    Fault(&'static str),
}

/// The desk's pages besides the explorer's.
pub fn pages(explorer: Arc<Explorer>) -> Router {
    Router::new().route(PATH, get(reports)).with_state(explorer)
}

/// Looks for the contribution, so that a mistaken id is told beside its field.
fn find(site: &Here, text: &str) -> Answered<Found> {
    let Ok(id) = text.parse::<ContributionId>() else {
        return Ok(Found::Fault("That is no id: it has 64 hexadecimal digits."));
    };
    let known = site.chain.read(|state, _| ContributionRecord::load(state, &id).is_some())?;
    let missing = Found::Fault("There is no contribution of that id on this chain.");
    Ok(if known { Found::Contribution(id) } else { missing })
}

async fn reports(site: Here, Query(asked): Query<Asked>) -> Answered<Markup> {
    let text = asked.about.as_deref().map(str::trim);
    let found = text.map_or(Ok(Found::Nothing), |text| find(&site, text))?;
    let fault = match &found {
        Found::Fault(words) => Some(*words),
        Found::Nothing | Found::Contribution(_) => None,
    };
    let field = Field::text("about", "Contribution")
        .hint("Its id, as on its page: 64 hexadecimal digits")
        .value(text.unwrap_or_default())
        .maybe_error(fault)
        .required();
    Ok(page(
        &site,
        "Reports",
        PATH,
        html! {
            (heading("Reports", None))
            p { "A report says what this desk found in its own copy of the chain, which it verified itself, at the newest block. Whoever has one checks it with " code { "galen auditor check-report FILE" } ": after signing nothing of it can be changed." }
            @if let Found::Contribution(id) = found {
                @let id = id.to_string();
                (section("About the contribution", html! {
                    p { (hash_link(&id, &format!("/contributions/{id}"))) }
                    (links(&id))
                }))
            }
            (section("About the chain", html! {
                p { "Totals of everything that was proven and paid, and every rule of the market that does not hold. On a long chain it takes a while." }
                (links(CHAIN))
            }))
            (section("About a contribution", html! {
                form method="get" action=(PATH) {
                    (field)
                    div.actions { (button(Weight::Primary, "Show its report")) }
                }
            }))
        },
    ))
}

/// What a report is asked to be about; none when the words name nothing.
pub(super) fn about(text: &str) -> Option<About> {
    match text {
        CHAIN => Some(About::Chain),
        id => id.parse().map(About::Contribution).ok(),
    }
}
