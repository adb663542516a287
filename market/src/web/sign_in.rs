//! The page that takes a person's token for a cookie.
//!
//! The token is pasted, or comes after the `#` of the address, where browsers keep it to themselves: a script puts it into the
//! form and takes it out of the address.

use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use super::assets;
use super::extract::Query;
use super::page::{Page, SiteName};
use super::parts::{self, Field, Tone};

/// What follows the question mark.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Where to go then.
    #[serde(default)]
    next: String,
    /// Whether a token was wrong.
    #[serde(default)]
    wrong: Option<String>,
}

/// The page.
pub async fn page(site: SiteName, Query(asked): Query<Asked>) -> Response {
    let form = html! {
        (parts::hidden("next", &asked.next))
        (Field::secret("token", "Your token")
            .hint("The file owner.token in this desk's home holds the owner's; others were given theirs by the owner.")
            .autocomplete("current-password")
            .required())
        div.actions { (parts::button(parts::Weight::Primary, "Sign in")) }
    };
    let main = html! {
        h1 { "Sign in" }
        p { "This desk acts with its owner's keys. Only people on its list may use it." }
        @if asked.wrong.is_some() {
            (parts::notice(Tone::Bad, "That token is not known here.", html! { p { "Check that it is whole, and this desk's." } }))
        }
        div.narrow data-sign-in { (parts::post("/sign-in", form)) }
    };
    Page::new("Sign in", site).script(&assets::SIGN_IN_JS).render(main).into_response()
}
