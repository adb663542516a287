//! The page on which a browser checks a contribution's proofs with snarkjs, and the files that it needs.
//!
//! The page runs a worker of this site's own; only the worker may compile WebAssembly, by the policy of its own answer.

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::html;

use super::{Here, shell};
use crate::explorer::contribution;
use crate::explorer::site::Explorer;
use crate::explorer::verify::LEFT_TO_TRUST;
use crate::id::ContributionId;
use crate::web::assets::VERIFY_JS;
use crate::web::extract::Path;
use crate::web::guard::Csp;
use crate::web::page::Place;
use crate::web::parts::{crumbs, hash, heading, section};
use crate::web::{Answered, Problem};

/// snarkjs, an implementation that is not ours: see `assets/vendor/snarkjs/README.md`.
pub const SNARKJS: &[u8] = include_bytes!("../../../assets/vendor/snarkjs/snarkjs.min.js");
const WORKER: &[u8] = include_bytes!("../../../assets/verify/worker.js");

/// The page may start workers of this site.
const OF_PAGE: Csp = Csp(
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);
/// The worker may load snarkjs, which compiles its arithmetic to WebAssembly; it may not call anybody.
const OF_WORKER: Csp =
    Csp("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; frame-ancestors 'none'; base-uri 'none'");

/// The worker and snarkjs.
pub(super) fn files() -> Router<Arc<Explorer>> {
    Router::new()
        .route("/verify/worker.js", get(async || script(WORKER)))
        .route("/verify/snarkjs.min.js", get(async || script(SNARKJS)))
}

fn script(bytes: &'static [u8]) -> Response {
    let named = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")];
    let mut response = (named, bytes).into_response();
    response.extensions_mut().insert(OF_WORKER);
    response
}

pub(super) async fn page(site: Here, Path(id): Path<ContributionId>) -> Answered<Response> {
    let found = site.chain.read(|state, at| contribution::contribution(state, &at.chain_id, &id))?;
    let view = found.ok_or_else(|| Box::new(Problem::not_found("contribution")))?;
    let source = format!("/v1/contributions/{id}/proofs");
    let count: usize = view.proofs.iter().map(|line| line.count).sum();
    let above = [
        Place::new("Request", format!("/requests/{}", view.request)),
        Place::new("Contribution", format!("/contributions/{id}")),
    ];
    let main = html! {
        (crumbs(&above, "Verify"))
        (heading("Verify in this browser", None))
        p { "Your browser checks all " (count) " proofs of this contribution with snarkjs, an implementation that is not Galen's. Nothing is sent anywhere." }
        p { "Contribution " (hash(&view.line.id)) }
        section id="verification" data-source=(source) data-worker="/verify/worker.js" data-tamper-signal="nullifier" data-state="pending" {
            h2 { "Proofs" }
            p data-summary role="status" aria-live="polite" { "Waiting for the script of this page." }
            noscript { p { "This is the one page that needs scripts. Without them take the files from " a href=(source) { "here" } " and run snarkjs yourself." } }
            div.actions {
                button.button.primary type="button" data-again disabled { "Verify again" }
                button.button.quiet type="button" data-tamper disabled { "Try a tampered proof" }
            }
            ol.proofs data-proofs-list {}
        }
        (section("What this leaves to trust", html! { ul { @for words in LEFT_TO_TRUST { li { (words) } } } }))
    };
    let mut response = shell(&site, "Verify", "/requests").script(&VERIFY_JS).render(main).into_response();
    response.extensions_mut().insert(OF_PAGE);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use galen_ledger::BlobHash;

    /// What is handed out is the published file, byte for byte.
    #[test]
    fn snarkjs_is_the_published_file() {
        let digest = BlobHash::of(super::SNARKJS).to_string();
        assert_eq!(super::SNARKJS.len(), 688_758);
        assert_eq!(digest, "6ebd46a302c24f1decf63f010b8a2bffb35c0842cb08c07b00304edd7cebf9bd");
    }
}
