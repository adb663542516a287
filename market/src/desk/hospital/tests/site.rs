//! The API as programs call it.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::clinic::{Clinic, SOURCE, TELLTALE, patients, source};
use crate::desk::hospital::{HospitalDesk, api};
use crate::web::page::SiteName;
use crate::web::session::{Doorkeeper, Sessions};
use crate::web::site::Site;

struct Door(&'static str);

impl Doorkeeper for Door {
    fn find(&self, token: &[u8]) -> Option<String> {
        let (name, of) = std::str::from_utf8(token).ok()?.split_once('@')?;
        (of == self.0).then(|| name.to_owned())
    }
}

fn site(desk: Arc<HospitalDesk>, name: &'static str) -> Router {
    let sessions = Sessions::new(Arc::new(Door(name)), 1);
    let site = Site::desk(SiteName::DataSteward, "127.0.0.1:1".parse().unwrap(), sessions);
    site.around(api::api(Arc::clone(&desk)).0.merge(crate::desk::hospital::pages::pages(desk)))
}

async fn call(
    site: &Router,
    method: &str,
    path: &str,
    token: &str,
    body: impl Into<Body>,
) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:1");
    let request = request.header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/json").body(body.into()).unwrap();
    let response = site.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
}

/// T70: no token, a wrong one, and another hospital's open nothing.
#[tokio::test]
async fn t70_a_desk_answers_its_own_people_only() {
    let clinic = Clinic::new(1).await;
    let site = site(clinic.desk(0, clinic.settings(0)), "here");
    for path in ["/v1/inbox", "/v1/datasets", "/v1/wallet", "/v1/sold", "/v1/jobs", "/v1/status"] {
        for token in ["ada@there", "", "ada"] {
            assert_eq!(call(&site, "GET", path, token, "").await.0, StatusCode::UNAUTHORIZED, "{path}");
        }
        assert_eq!(call(&site, "GET", path, "ada@here", "").await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_program_uploads_and_commits_and_bad_calls_are_refused_in_words() {
    let clinic = Clinic::new(1).await;
    let settings = crate::desk::hospital::Settings { most_upload: 20_000, ..clinic.settings(0) };
    let uploads = settings.folder.join("uploads");
    let desk = clinic.desk(0, settings);
    let site = site(Arc::clone(&desk), "here");
    let who = "ada@here";
    let text = serde_json::json!({ "toml": source() }).to_string();
    let (status, brought) = call(&site, "PUT", &format!("/v1/sources/{SOURCE}"), who, text).await;
    assert_eq!((status, brought["accredited"].as_bool()), (StatusCode::OK, Some(true)), "{brought}");
    let path = format!("/v1/imports?source={SOURCE}");
    let (status, refused) = call(&site, "POST", "/v1/imports?source=none", who, patients(0, 40)).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("source-unknown"))
    );
    let (status, refused) = call(&site, "POST", &path, who, patients(0, 2000)).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too-large")));
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0, "half a file was left");
    let (status, begun) = call(&site, "POST", &path, who, patients(0, 40)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
    let id = begun["id"].as_str().unwrap();
    desk.import_shots(id).unwrap().wait_for(|shot| shot.over).await.unwrap();
    let (_, done) = call(&site, "GET", &format!("/v1/imports/{id}"), who, "").await;
    let dataset = done["dataset"].as_str().unwrap();
    let (status, _) = call(&site, "POST", &format!("/v1/datasets/{dataset}/commit"), who, "").await;
    assert_eq!(status, StatusCode::OK);
    for path in ["/v1/jobs/xyz", "/v1/requests/../preview", "/v1/imports/zz", "/v1/datasets/..%2f..%2fkey"] {
        let (status, problem) = call(&site, "GET", path, who, "").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {problem}");
    }
    for page in
        ["/", "/data", &format!("/data/{dataset}"), &format!("/imports/{id}"), "/jobs", "/sold", "/wallet"]
    {
        let (status, page_text) = call(&site, "GET", page, who, "").await;
        assert_eq!(status, StatusCode::OK, "{page}: {page_text}");
        assert!(!page_text.to_string().contains(TELLTALE));
    }
}

/// T74: what a researcher and a colleague wrote is text.
#[tokio::test]
async fn t74_no_text_becomes_markup_at_a_stewards_desk() {
    let script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let mut clinic = Clinic::new(1).await;
    let desk = clinic.ready(clinic.settings(0)).await;
    let request = clinic.post(script).await;
    let digest = desk.preview(&request).unwrap().digest;
    desk.approve("<img src=x>", request, &digest).await.unwrap();
    desk.approve("ben", request, &digest).await.unwrap();
    let site = site(Arc::clone(&desk), "here");
    let (of_request, of_job) = (format!("/requests/{request}"), format!("/jobs/{request}"));
    for path in ["/", &of_request, "/jobs", &of_job] {
        let (status, shown) = call(&site, "GET", path, "ada@here", "").await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let shown = shown.as_str().unwrap();
        assert!(!shown.contains("<script>alert") && !shown.contains("<img"), "{path}: {shown}");
        assert!(shown.contains("&lt;script&gt;alert"), "{path}: {shown}");
    }
    let _ = desk.cancel(&request).await;
}

#[test]
fn the_document_of_the_api_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api/hospital.json");
    let now = format!("{}\n", api::document().to_pretty_json().unwrap());
    if std::env::var_os("GALEN_WRITE_API").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "the API has changed: GALEN_WRITE_API=1 cargo test -p galen-market --lib desk::hospital"
    );
}
