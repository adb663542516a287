//! The desk over HTTP: its pages lead to signed reports, which a public site's do not; and no text becomes markup.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tower::ServiceExt;

use super::paper::paper;
use super::report::{About, Report};
use super::signed::Signed;
use super::site::{self, Desk};
use crate::chain::Chain;
use crate::explorer::rehearsed::{EVIL, Rehearsed, Scene};
use crate::explorer::{Explorer, routes};
use crate::sign::Signer;
use crate::tests::actors::World;
use crate::web::limit::Rates;
use crate::web::page::SiteName;
use crate::web::session::{Doorkeeper, Sessions};
use crate::web::site::Site;

const HERE: &str = "127.0.0.1:7723";

struct Ada;

impl Doorkeeper for Ada {
    fn find(&self, token: &[u8]) -> Option<String> {
        (token == b"ada's token").then(|| "Ada".to_owned())
    }
}

/// The chain, and its request's and its contribution's id.
fn chain(seed: u64) -> (Arc<Rehearsed>, String, String) {
    let Scene { chain, request, contribution, .. } = Rehearsed::with_a_contribution(seed);
    (chain, request.to_string(), contribution.to_string())
}

fn signer() -> Signer {
    Signer::generate(&mut ChaCha20Rng::seed_from_u64(1))
}

fn desk(chain: Arc<Rehearsed>) -> Router {
    let listen = HERE.parse().unwrap();
    let around = Site::desk(SiteName::Auditor, listen, Sessions::new(Arc::new(Ada), 7723));
    around.around(site::routes(&Desk::new(chain, signer())))
}

fn public(chain: Arc<Rehearsed>) -> Router {
    let many = NonZeroU32::new(10_000).unwrap();
    let around = Site::public(SiteName::Explorer, Rates { per_second: many, burst: many, at_a_time: 64 });
    around.around(routes(Explorer::start(chain, None)))
}

async fn call(router: &Router, path: &str, token: Option<&str>) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path).header("host", HERE).header("accept", "text/html,application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8_lossy(&bytes).into_owned())
}

async fn get(router: &Router, path: &str) -> String {
    let (status, _, body) = call(router, path, Some("ada's token")).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

#[tokio::test]
async fn pages_of_the_desk_lead_to_signed_reports_and_those_of_a_public_site_do_not() {
    let (chain, _, id) = chain(331);
    let (desk, public) = (desk(Arc::clone(&chain)), public(chain));
    for (page, about) in [("/".to_owned(), "chain"), (format!("/contributions/{id}"), id.as_str())] {
        let (here, there) = (get(&desk, &page).await, get(&public, &page).await);
        for (href, words) in [
            (format!("href=\"/v1/reports/{about}/paper\""), "Signed report (HTML)"),
            (format!("href=\"/v1/reports/{about}\""), "Signed report (JSON)"),
        ] {
            assert!(here.contains(&href) && here.contains(words), "{page}: {here}");
        }
        assert!(here.contains("The signature covers all of it") && here.contains("href=\"/reports\""));
        assert!(here.contains("Galen Auditor") && here.contains("Ada") && here.contains("/sign-out"));
        assert!(!there.to_lowercase().contains("report"), "{page}: {there}");
        assert!(there.contains("Galen Explorer"));
    }
    for path in ["/reports".to_owned(), "/v1/reports/chain".to_owned(), format!("/v1/reports/{id}/paper")] {
        assert_eq!(call(&public, &path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_pages_lead_to_is_signed_and_checks() {
    let (chain, _, id) = chain(332);
    let name = chain.position().chain_id.to_string();
    let desk = desk(chain);
    for about in ["chain", id.as_str()] {
        let file = get(&desk, &format!("/v1/reports/{about}")).await;
        let signed = Signed::check(file.as_bytes()).unwrap();
        assert_eq!((signed.report.about.as_str(), &signed.report.chain), (about, &name));
        assert_eq!(signed.by, signer().key());
        let path = format!("/v1/reports/{about}/paper");
        let (status, headers, paper) = call(&desk, &path, Some("ada's token")).await;
        assert_eq!(status, StatusCode::OK, "{paper}");
        // It has a style of its own, which the pages' policy would not let it use: it is a file to keep.
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert!(paper.starts_with("<!DOCTYPE html>") && paper.contains("Audit of a"));
    }
    let none = "00".repeat(32);
    for about in [none.as_str(), "nonsense", "Chain", "..%2Fchain"] {
        let (status, _, body) = call(&desk, &format!("/v1/reports/{about}"), Some("ada's token")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{about}: {body}");
    }
}

#[tokio::test]
async fn a_report_is_asked_for_by_the_id_of_a_contribution() {
    let (chain, request, id) = chain(333);
    let desk = desk(chain);
    let page = get(&desk, "/reports").await;
    assert!(page.contains("name=\"about\"") && page.contains("/v1/reports/chain/paper"), "{page}");
    assert!(page.contains("<form method=\"get\" action=\"/reports\">"), "{page}");
    assert!(!page.contains("aria-invalid"), "nothing was asked yet");
    let found = get(&desk, &format!("/reports?about=+{id}")).await;
    assert!(found.contains(&format!("/v1/reports/{id}/paper")), "{found}");
    assert!(found.contains(&format!("href=\"/contributions/{id}\"")) && !found.contains("aria-invalid"));
    for (asked, words) in [
        (request.as_str(), "There is no contribution of that id"),
        ("nonsense", "That is no id"),
        ("", "That is no id"),
    ] {
        let page = get(&desk, &format!("/reports?about={asked}")).await;
        assert!(page.contains(words) && page.contains("aria-invalid=\"true\""), "{asked}: {page}");
    }
}

/// T70: without a token there is no page and no report.
#[tokio::test]
async fn t70_reports_are_for_the_desks_own_people() {
    let (chain, _, id) = chain(334);
    let desk = desk(chain);
    for token in [None, Some("wrong")] {
        for path in ["/".to_owned(), "/reports".to_owned(), "/api".to_owned(), format!("/contributions/{id}")]
        {
            let (status, headers, body) = call(&desk, &path, token).await;
            assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {body}");
            assert!(headers["location"].to_str().unwrap().starts_with("/sign-in"), "{path}");
        }
        for about in ["chain", id.as_str()] {
            for path in [format!("/v1/reports/{about}"), format!("/v1/reports/{about}/paper")] {
                assert_eq!(call(&desk, &path, token).await.0, StatusCode::UNAUTHORIZED, "{path}");
            }
        }
    }
}

/// T74: what people wrote stays text, on the desk's pages and on paper.
#[tokio::test]
async fn t74_no_text_becomes_markup_at_an_auditors_desk() {
    let (chain, request, id) = chain(335);
    let router = desk(Arc::clone(&chain));
    let escaped: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for path in [
        "/".to_owned(),
        "/requests".to_owned(),
        "/participants".to_owned(),
        "/openings".to_owned(),
        "/api".to_owned(),
        "/reports".to_owned(),
        format!("/reports?about={escaped}"),
        format!("/search?q={escaped}"),
        format!("/requests/{request}"),
        format!("/contributions/{id}"),
    ] {
        let page = get(&router, &path).await;
        assert!(!page.contains("<script>alert"), "{path}: {page}");
    }
    let asked = get(&router, &format!("/reports?about={escaped}")).await;
    assert!(asked.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;"), "{asked}");

    let chain: Arc<dyn Chain> = chain;
    let mut report = Report::of(chain.as_ref(), About::Chain, EVIL).unwrap();
    report.name = EVIL.into();
    report.about = EVIL.into();
    report.found = serde_json::json!({ EVIL: [EVIL, { "a": EVIL }] });
    report.broken = vec![EVIL.into()];
    report.openings = vec![serde_json::json!({ "reason": EVIL })];
    report.keys = serde_json::json!({ EVIL: EVIL });
    let paper = paper(&Signed::new(report, &signer()).unwrap()).into_string();
    assert!(!paper.contains("<script") && paper.contains("&lt;script&gt;"), "{paper}");
}

#[tokio::test]
async fn the_page_of_the_api_is_this_desks() {
    let (chain, _, _) = chain(336);
    let desk = desk(chain);
    let page = get(&desk, "/api").await;
    assert!(page.contains("The API of this desk") && page.contains("/v1/reports/{about}/paper"), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "no outside host");
    let document: serde_json::Value = serde_json::from_str(&get(&desk, "/api/openapi.json").await).unwrap();
    assert_eq!(document["info"]["title"], "Galen: auditor's desk");
    assert!(
        document["paths"]["/v1/reports/{about}"].is_object() && document["paths"]["/v1/chain"].is_object()
    );
}

/// To renew it: `GALEN_RENEW=1 cargo test -p galen-market --lib desk::auditor`.
#[tokio::test]
async fn the_document_is_the_one_that_is_checked_in() {
    let (_, document) = site::api(&Desk::new(Rehearsed::new(&World::new(337, 0)), signer()));
    let text = format!("{}\n", document.to_pretty_json().unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/auditor.json");
    if std::env::var_os("GALEN_RENEW").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == text,
        "docs/api/auditor.json is not what the program serves: renew it with GALEN_RENEW=1"
    );
}
