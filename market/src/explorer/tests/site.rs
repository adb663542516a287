//! The site over HTTP: every route answers, nothing that people wrote becomes markup, and the API's document is the one
//! that is checked in.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::rehearsed::{Rehearsed, Scene};
use crate::explorer::{Explorer, api, routes};
use crate::tests::actors::World;
use crate::web::limit::Rates;
use crate::web::page::SiteName;
use crate::web::site::Site;

async fn get(router: &Router, path: &str) -> (StatusCode, String, String) {
    let request =
        Request::get(path).header("host", "galen.example").header("accept", "text/html,application/json");
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let csp = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned(), csp)
}

fn site() -> (Router, Vec<String>) {
    let Scene { chain, world, request: id, posting, contribution } = Rehearsed::with_a_contribution(311);
    let (account, schema) = (world.researcher.account.key(), world.schema());
    let paths = [
        "/",
        "/blocks",
        "/requests",
        "/participants",
        "/schemas",
        "/members",
        "/openings",
        "/api",
        "/notes/0",
        "/v1/chain",
        "/v1/blocks",
        "/v1/requests",
        "/v1/participants",
        "/v1/schemas",
        "/v1/members",
        "/v1/cycle",
        "/v1/governance",
        "/v1/openings",
        "/search?q=%3Cscript%3Ealert(1)",
        "/v1/search?q=1",
        "/verify/worker.js",
        "/verify/snarkjs.min.js",
        "/api/openapi.json",
    ];
    let mut paths: Vec<String> = paths.map(str::to_owned).to_vec();
    for below in ["", "/v1"] {
        paths.push(format!("{below}/requests/{id}"));
        paths.push(format!("{below}/contributions/{contribution}"));
        paths.push(format!("{below}/transactions/{}", posting));
        paths.push(format!("{below}/blocks/{}", world.chain.height));
        paths.push(format!("{below}/participants/{account}"));
        paths.push(format!("{below}/schemas/{schema}"));
    }
    paths.push(format!("/v1/requests/{id}/contributions"));
    paths.push(format!("/contributions/{contribution}/verify"));
    let many = NonZeroU32::new(10_000).unwrap();
    let rates = Rates { per_second: many, burst: many, at_a_time: 64 };
    let around = Site::public(SiteName::Explorer, rates);
    (around.around(routes(Explorer::start(chain, None))), paths)
}

#[tokio::test]
async fn t74_every_route_answers_and_no_text_becomes_markup() {
    let (router, paths) = site();
    for path in paths {
        let (status, body, csp) = get(&router, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        let page = !path.starts_with("/v1") && !path.starts_with("/verify") && !path.ends_with(".json");
        assert!(!page || !body.contains("<script>alert"), "{path}");
        assert_eq!(csp.contains("wasm-unsafe-eval"), path.starts_with("/verify/"), "{path}: {csp}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_that_says_so() {
    let (router, _) = site();
    let none = "00".repeat(32);
    for path in [
        format!("/v1/requests/{none}"),
        format!("/v1/contributions/{none}"),
        format!("/v1/contributions/{none}/proofs"),
        format!("/v1/transactions/{none}"),
        format!("/requests/{none}"),
        "/v1/blocks/99999999".to_owned(),
        "/v1/blocks/x".to_owned(),
        "/v1/requests/x".to_owned(),
        "/v1/inclusion/thing/1".to_owned(),
        "/v1/health".to_owned(),
        "/nowhere".to_owned(),
    ] {
        let (status, body, _) = get(&router, &path).await;
        // A chain without its verifying keys cannot look further.
        let expected =
            if path.ends_with("/proofs") { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NOT_FOUND };
        assert_eq!(status, expected, "{path}: {body}");
    }
    for path in
        ["/v1/blocks?after=zz", "/v1/blocks?after=00", "/v1/requests?limit=0", "/v1/participants?limit=9999"]
    {
        assert_eq!(get(&router, path).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

/// To renew it: `GALEN_RENEW=1 cargo test -p galen-market --lib explorer`.
#[tokio::test]
async fn the_document_is_the_one_that_is_checked_in() {
    let (_, document) = api::api(&Explorer::start(Rehearsed::new(&World::new(313, 0)), None));
    let text = format!("{}\n", document.to_pretty_json().unwrap());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/node.json");
    if std::env::var_os("GALEN_RENEW").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "docs/api/node.json is not what the program serves: renew it with GALEN_RENEW=1");
}

#[tokio::test]
async fn news_of_a_block_come_to_who_listens() {
    let mut world = World::new(312, 1);
    let chain = Rehearsed::new(&world);
    let site = Explorer::start(Arc::clone(&chain) as Arc<dyn crate::chain::Chain>, None);
    let mut news = site.news();
    let before = news.borrow_and_update().revision;
    chain.block(&mut world, &[]);
    news.changed().await.unwrap();
    assert_eq!(news.borrow().data["height"], before + 1);
}
