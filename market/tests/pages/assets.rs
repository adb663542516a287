//! Assets: the list, nothing but the list, and as few bytes as can be.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use galen_market::web::assets::{self, Asset, FAVICON, GALEN_CSS, LIVE_JS};
use tower::ServiceExt;

async fn get(path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = assets::router().oneshot(request).await.expect("infallible");
    let (head, body) = response.into_parts();
    (head.status, head.headers, to_bytes(body, usize::MAX).await.expect("a body").to_vec())
}

fn is<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn a_hashed_name_is_kept_for_ever_and_a_bare_one_is_not() {
    for asset in assets::ALL {
        let (status, headers, body) = get(&asset.url(), &[]).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, asset.bytes()), "{}", asset.name());
        assert!(is(&headers, "cache-control").contains("immutable"));
        let (status, headers, body) = get(&format!("/assets/{}", asset.name()), &[]).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, asset.bytes()));
        assert_eq!(is(&headers, "cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn content_types_are_right() {
    for (asset, kind) in [
        (&GALEN_CSS, "text/css; charset=utf-8"),
        (&LIVE_JS, "text/javascript; charset=utf-8"),
        (&FAVICON, "image/svg+xml"),
    ] {
        assert_eq!(is(&get(&asset.url(), &[]).await.1, "content-type"), kind);
    }
}

#[tokio::test]
async fn gzip_is_sent_to_who_takes_it() {
    let url = GALEN_CSS.url();
    for takes in ["gzip", "br;q=1, gzip;q=0.5", "deflate, GZIP"] {
        let (_, headers, body) = get(&url, &[("accept-encoding", takes)]).await;
        assert_eq!(is(&headers, "content-encoding"), "gzip", "{takes}");
        assert!(body.len() * 2 < GALEN_CSS.bytes().len());
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(body.as_slice()), &mut plain)
            .expect("gzip");
        assert_eq!(plain, GALEN_CSS.bytes());
    }
    for refuses in ["", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"] {
        let (_, headers, body) = get(&url, &[("accept-encoding", refuses)]).await;
        assert_eq!(is(&headers, "content-encoding"), "", "{refuses}");
        assert_eq!(is(&headers, "vary"), "accept-encoding");
        assert_eq!(body, GALEN_CSS.bytes());
    }
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let (_, headers, _) = get("/assets/galen.css", &[]).await;
    let tag = is(&headers, "etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let (status, headers, body) = get("/assets/galen.css", &[("if-none-match", &known)]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!(is(&headers, "etag"), tag);
    }
    let (status, ..) = get("/assets/galen.css", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(status, StatusCode::OK);
    let (status, ..) =
        get("/assets/galen.css", &[("if-none-match", &tag), ("accept-encoding", "gzip")]).await;
    assert_eq!(status, StatusCode::OK, "the compressed bytes are others");
}

/// T74: a name is compared with the list; no path reaches a file.
#[tokio::test]
async fn t74_nothing_but_the_list_is_served() {
    for path in [
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/..%5c..%5cCargo.toml",
        "/assets/galen.css%00.txt",
        "/assets/galen.css/",
        "/assets/GALEN.CSS",
        "/assets/galen.0000000000000000.css",
        "/assets/",
        "/assets",
        "/assets/%ff",
        "/assets/galen.rs",
    ] {
        let (status, _, body) = get(path, &[]).await;
        assert!(status.is_client_error(), "{path}: {status}");
        assert!(body.len() < 200, "{path}");
    }
}

#[test]
fn assets_are_small() {
    let size = |asset: &Asset| asset.bytes().len();
    assert!(size(&GALEN_CSS) < 25_000, "{}", size(&GALEN_CSS));
    assert!(size(&LIVE_JS) < 8_000, "{}", size(&LIVE_JS));
}

/// No asset names a host, and the style fetches nothing.
#[test]
fn assets_call_no_other_host() {
    for asset in [&GALEN_CSS, &LIVE_JS] {
        let text = std::str::from_utf8(asset.bytes()).expect("text");
        for call in ["http://", "https://", "//cdn", "url(", "@import", "eval(", "innerHTML", "data:"] {
            assert!(!text.contains(call), "{} has {call}", asset.name());
        }
    }
}
