//! Each API, asked from its own document with what people never send.

use std::path::{Path, PathBuf};

use super::cast::Cast;
use crate::fuzz::Api;

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api").join(name)
}

/// No call makes a server fail, and every answer is what the document says.
pub fn hold(cast: &Cast) {
    // What waits for news waits, whatever it is asked.
    let waiting = [
        "/v1/feed",
        "/v1/events",
        "/v1/inbox/events",
        "/v1/requests/{id}/events",
        "/v1/imports/{id}/events",
        "/v1/jobs/{id}/events",
    ];
    for (name, url, token) in [
        ("node.json", &cast.node, None),
        ("researcher.json", &cast.researcher.url, Some(cast.researcher.token.as_str())),
        ("auditor.json", &cast.auditor.url, Some(cast.auditor.token.as_str())),
        ("hospital.json", &cast.hospital.url, Some(cast.hospital.token.as_str())),
    ] {
        Api { url, document: &document(name), token, without: &waiting }.holds();
    }
}
