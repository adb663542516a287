//! An API that breaks its document is found.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::fuzz::Api;
use crate::selftest::site;

/// Two operations: one holds to this, the other answers 500 to a long text.
fn document() -> Value {
    let answer = |schema: Value| json!({"200": {"description": "Well", "content": {"application/json": {"schema": schema}}}});
    let height =
        json!({"type": "object", "required": ["height"], "properties": {"height": {"type": "integer"}}});
    let text = json!({"name": "q", "in": "query", "required": true, "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "A site with faults", "version": "1"},
        "paths": {
            "/v1/good": {"get": {"responses": answer(height)}},
            "/v1/broken": {"get": {"parameters": [text], "responses": answer(json!({"type": "string"}))}},
        },
    })
}

fn written(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("api.json");
    std::fs::write(&path, document().to_string()).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_server_is_found() {
    let (url, folder) = (site::serve().await, tempfile::tempdir().unwrap());
    let (url, document) = (url.as_str(), written(&folder));
    let Some(found) = (Api { url, document: &document, token: Some("a-token"), without: &[] }).fuzz() else {
        return;
    };
    let said = found.expect_err("it answers 500");
    assert!(said.contains("Server error") && said.contains("/v1/broken"), "{said}");
    Api { url, document: &document, token: None, without: &["/v1/broken"] }.holds();
}
