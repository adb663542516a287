//! The desk as browsers and programs meet it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::town::{FUNDS, Town, classes, draft};
use crate::desk::researcher::api::document;
use crate::desk::researcher::{ResearcherDesk, pages};
use crate::web::session::{Doorkeeper, Sessions};

const HERE: &str = "127.0.0.1:7801";
const TOKEN: &str = "Bearer ada's token";

struct Ada;

impl Doorkeeper for Ada {
    fn find(&self, token: &[u8]) -> Option<String> {
        (token == b"ada's token").then(|| "Ada <i>L</i>".to_owned())
    }
}

/// A desk's site, called without a network.
struct Site(Router);

struct Answer {
    status: StatusCode,
    to: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }
}

impl Site {
    fn new(desk: Arc<ResearcherDesk>) -> Self {
        let listen: SocketAddr = HERE.parse().unwrap();
        Self(pages::site(desk, listen, Sessions::new(Arc::new(Ada), listen.port())).1)
    }

    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HERE);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>("127.0.0.1:1".parse().unwrap()));
        let response = self.0.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let to =
            response.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, to, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[("authorization", TOKEN)], String::new()).await
    }

    /// Sends a form, as a browser without scripts does.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.call(Method::POST, path, &[("authorization", TOKEN), kind], pairs.join("&")).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let kind = ("content-type", "application/json");
        self.call(method, path, &[("authorization", TOKEN), kind], body.to_string()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wizard_leads_from_nothing_to_the_data_without_a_script() {
    let town = Town::new(1).await;
    let site = Site::new(town.desk());
    assert!(site.get("/requests").await.body.contains("No request yet"));
    let begun = site.get("/drafts/new").await.body;
    let schema = crate::id::SchemaId::of(&super::town::schema()).to_string();
    assert!(begun.contains(&schema));
    let begun = site.form("/drafts", &[("schema", &schema)]).await;
    let draft = begun.to.strip_suffix("/purpose").unwrap().to_owned();
    let step =
        async |name: &str, fields: &[(&str, &str)]| site.form(&format!("{draft}/{name}"), fields).await;

    let wrong = step("purpose", &[("title", "Kidneys"), ("purpose", "")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("#purpose") && wrong.body.contains("Kidneys"), "what was given is kept");
    let next = step("purpose", &[("title", "Kidneys"), ("purpose", "HMB")]).await;
    assert_eq!((next.status, next.to), (StatusCode::SEE_OTHER, format!("{draft}/cohort")));

    let codes = step("cohort", &[("from.age", "40"), ("to.age", "79"), ("search.diagnosis", "1")]).await;
    let found = site.get(&codes.to).await;
    assert!(found.body.contains("E08-E13") && found.body.contains("under="), "{}", found.body);
    let codes = format!("{draft}/codes");
    assert!(site.get(&format!("{codes}?column=diagnosis&q=kidneys")).await.body.contains("E11.2"));
    let added = site.form(&codes, &[("column", "diagnosis"), ("code", "E08-E13"), ("q", "")]).await;
    assert!(site.get(&added.to).await.body.contains("Chosen"));
    let shown = site.get(&format!("{draft}/cohort")).await.body;
    assert!(shown.contains("value=\"40\"") && shown.contains("value=\"E08-E13\""), "{shown}");
    let wrong = step("cohort", &[("from.age", "old")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("from.age", "40"), ("to.age", "79"), ("codes.diagnosis", "E08-E13"), ("cohort", "")];
    assert_eq!(step("cohort", &fields).await.to, format!("{draft}/fields"));
    let fields = [
        ("sensitive", "diagnosis"),
        ("released", "diagnosis"),
        ("released", "days"),
        ("released", "remark"),
        ("quasi_identifiers", "age"),
        ("weight.age", "2"),
    ];
    assert_eq!(step("fields", &fields).await.to, format!("{draft}/protection"));
    let low = [("k", "2"), ("l", "2"), ("alpha", "800"), ("max_suppressed", "500"), ("max_loss", "667")];
    assert!(step("protection", &low).await.body.contains("at least 3 patients in every class"));
    let enough = [("k", "3"), ("l", "2"), ("alpha", "800"), ("max_suppressed", "500"), ("max_loss", "667")];
    assert_eq!(step("protection", &enough).await.to, format!("{draft}/price"));
    let early = site.get(&format!("{draft}/review")).await.body;
    let unfinished = "Price and time<span class=\"visually-hidden\">, not finished</span>";
    assert!(early.contains(unfinished) && early.matches("class=\"done\"").count() == 4, "{early}");
    assert!(early.contains("as an amount from 0.01 to 42,949,672.96"), "{early}");
    let wrong = step("price", &[("price", "12,5"), ("max_records", "a lot"), ("sample", "2")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.body.contains("value=\"12,5\"") && wrong.body.contains("value=\"a lot\""),
        "what was typed is kept"
    );
    let dear = [("price", "9,000.00"), ("max_records", "40"), ("sample", "2"), ("life", "400")];
    assert_eq!(step("price", &dear).await.to, format!("{draft}/review"));
    let poor = site.get(&format!("{draft}/review")).await.body;
    assert!(poor.contains("The wallet holds too little") && !poor.contains("name=\"confirm\""), "{poor}");
    step("price", &[("price", "1.25"), ("max_records", "40"), ("sample", "2"), ("life", "400")]).await;
    let review = site.get(&format!("{draft}/review")).await.body;
    assert!(review.contains("Lock 50.00 and post") && review.contains("until about block"), "{review}");
    let unconfirmed = step("post", &[]).await;
    assert_eq!(unconfirmed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(site.get("/v1/requests").await.json()["items"].as_array().unwrap().is_empty());

    let posted = step("post", &[("confirm", "yes")]).await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{}", posted.body);
    assert_eq!(step("post", &[("confirm", "yes")]).await.to, posted.to, "a second click");
    let request: crate::id::RequestId = posted.to.strip_prefix("/requests/").unwrap().parse().unwrap();
    town.sell(0, &request, &classes()).await;
    let shown = site.get(&posted.to).await.body;
    assert!(shown.contains("Collect the data") && shown.contains("proofs hold"), "{shown}");
    let collected = site.form(&format!("{}/collect", posted.to), &[]).await;
    let data = site.get(&collected.to).await.body;
    for file in ["data.csv", "dictionary.json", "report.json", "citation.bib", "ledger.proof"] {
        assert!(data.contains(&format!("{}/files/{file}", posted.to)), "{file}");
        assert_eq!(site.get(&format!("{}/files/{file}", posted.to)).await.status, StatusCode::OK);
    }
    assert!(site.get("/wallet").await.body.contains("9,950.00"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t70_nobody_without_a_session_reaches_anything_and_no_other_site_acts() {
    let town = Town::new(1).await;
    let desk = town.desk();
    let id = desk.begin("Ada", draft()).unwrap().id;
    let request = desk.post(&id).await.unwrap();
    let kept = desk.begin("Ada", draft()).unwrap().id;
    let site = Site::new(desk);
    let paths = [
        "/requests".to_owned(),
        "/wallet".to_owned(),
        format!("/drafts/{kept}/review"),
        format!("/requests/{request}"),
        format!("/requests/{request}/files/data.csv"),
    ];
    for path in &paths {
        let asked = site.call(Method::GET, path, &[], String::new()).await;
        assert!(asked.to.starts_with("/sign-in"), "{path}: {} {}", asked.status, asked.body);
    }
    for path in ["/v1/drafts", "/v1/wallet", "/v1/requests", "/v1/wallet/receipts", "/v1/status"] {
        for headers in [&[][..], &[("authorization", "Bearer eve's token")][..]] {
            let asked = site.call(Method::GET, path, headers, String::new()).await;
            assert_eq!(
                (asked.status, asked.json()["code"].as_str()),
                (StatusCode::UNAUTHORIZED, Some("unauthorized"))
            );
        }
    }
    let post = format!("/drafts/{kept}/post");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let headers = [("authorization", TOKEN), form, (name, value)];
        let asked = site.call(Method::POST, &post, &headers, "confirm=yes".into()).await;
        assert_eq!(asked.status, StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(site.get("/v1/requests").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t74_markup_in_any_text_is_text() {
    let town = Town::new(1).await;
    let desk = town.desk();
    let script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let mut hostile = draft();
    hostile.title = script.into();
    let id = desk.begin(script, hostile.clone()).unwrap().id;
    let request = desk.post(&id).await.unwrap();
    hostile.cohort = script.into();
    let kept = desk.begin(script, hostile).unwrap().id;
    town.sell(0, &request, &classes()).await;
    desk.collect(&request).await.unwrap();
    let site = Site::new(desk);
    let mut paths = vec![
        "/requests".to_owned(),
        "/requests?all=1".to_owned(),
        format!("/requests/{request}"),
        format!("/requests/{request}/data"),
        format!("/drafts/{kept}/codes?column=diagnosis&q=%3Cscript%3Ealert(1)"),
        "/requests?after=%3Cscript%3E".to_owned(),
        "/sign-in?next=%22%3E%3Cscript%3Ealert(1)".to_owned(),
    ];
    paths.extend(
        ["purpose", "cohort", "fields", "protection", "price", "review"]
            .map(|s| format!("/drafts/{kept}/{s}")),
    );
    for path in paths {
        let shown = site
            .call(Method::GET, &path, &[("authorization", TOKEN), ("accept", "text/html")], String::new())
            .await;
        assert!(
            !shown.body.contains("<script>alert") && !shown.body.contains("<img"),
            "{path}: {}",
            shown.body
        );
        assert!(!shown.body.contains("<b>R</b>") && !shown.body.contains("<i>L</i>"), "{path}");
    }
    let wrong =
        site.form(&format!("/drafts/{kept}/cohort"), &[("cohort", script), ("from.age", script)]).await;
    assert!(
        wrong.status == StatusCode::UNPROCESSABLE_ENTITY && !wrong.body.contains("<img"),
        "{}",
        wrong.body
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_do_what_pages_do_and_are_told_stable_codes() {
    let town = Town::new(1).await;
    let desk = town.desk();
    let site = Site::new(Arc::clone(&desk));
    let status = site.get("/v1/status").await.json();
    assert_eq!(status["chain"], json!(town.id().to_string()));
    let schema = site.get("/v1/schemas").await.json()[0]["id"].as_str().unwrap().to_owned();
    let mut wanted = site.get(&format!("/v1/schemas/{schema}/draft")).await.json();
    let made = site.send(Method::POST, "/v1/drafts", &wanted).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let named: Vec<&str> =
        made["faults"].as_array().unwrap().iter().filter_map(|f| f["field"].as_str()).collect();
    assert_eq!(named, ["title", "purpose", "cohort", "price", "max_records"]);
    let path = format!("/v1/drafts/{}", made["id"].as_str().unwrap());
    let refused = site.send(Method::POST, &format!("{path}/post"), &json!({})).await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("draft.fields"))
    );
    for (key, value) in [
        ("title", json!("T")),
        ("purpose", json!("HMB")),
        ("cohort", json!("everyone")),
        ("price", json!(100)),
        ("max_records", json!(50)),
        ("sample", json!(2)),
        ("max_suppressed", json!(500)),
    ] {
        wanted[key] = value;
    }
    let changed = site.send(Method::PUT, &path, &wanted).await.json();
    assert_eq!((&changed["faults"], &changed["cost"]["escrow"]), (&json!([]), &json!(5000)));
    wanted["colour"] = json!("red");
    assert_eq!(site.send(Method::PUT, &path, &wanted).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let posted = site.send(Method::POST, &format!("{path}/post"), &json!({})).await.json();
    let id = posted["request"].as_str().unwrap().to_owned();
    let late = site.send(Method::DELETE, &path, &json!({})).await;
    assert_eq!((late.status, late.json()["code"].as_str()), (StatusCode::CONFLICT, Some("draft.signed")));
    let nothing = site.send(Method::POST, &format!("/v1/requests/{id}/collect"), &json!({})).await;
    assert_eq!(
        (nothing.status, nothing.json()["code"].as_str()),
        (StatusCode::CONFLICT, Some("request.nothing_yet"))
    );
    assert_eq!(site.get(&format!("/v1/requests/{}", "0".repeat(64))).await.json()["code"], "not-found");
    assert_eq!(site.get("/v1/requests/nonsense").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/v1/wallet").await.json()["balance"], json!(FUNDS - 5000));
    let page = site.get("/v1/requests?own=true&limit=1").await.json();
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&json!(id), &Value::Null));

    let request = id.parse().unwrap();
    let mut shots = desk.follow(&request).await.unwrap();
    let before = shots.borrow_and_update().clone();
    town.sell(0, &request, &classes()).await;
    let after = loop {
        shots.changed().await.unwrap();
        let shot = shots.borrow_and_update().clone();
        if shot.data["done"] == json!(6) {
            break shot;
        }
    };
    assert!(after.revision > before.revision && !after.over);
    let asked = site.get(&format!("/v1/requests/{id}/progress")).await.json();
    assert_eq!((&asked["done"], &asked["stage"]), (&json!(6), &after.data["stage"]));
    assert_eq!(
        site.send(Method::POST, &format!("/v1/requests/{id}/collect"), &json!({})).await.json()["records"],
        6
    );
}

/// The document that is checked in is the one that the desk serves. `GALEN_WRITE_API=1` writes it anew.
#[test]
fn the_api_document_is_the_checked_in_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api/researcher.json");
    let mut text = document().to_pretty_json().unwrap();
    text.push('\n');
    if std::env::var_os("GALEN_WRITE_API").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        kept, text,
        "the API changed: run this test with GALEN_WRITE_API=1, look at the difference, and commit it"
    );
}
