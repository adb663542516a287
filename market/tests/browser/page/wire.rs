//! Commands that the client has no word for.

use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::Page;

/// A command below the session's address.
#[derive(Debug)]
struct Command {
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        match &self.body {
            Some(body) => (Method::POST, Some(body.to_string())),
            None => (Method::GET, None),
        }
    }
}

impl Page {
    /// A GET below the session.
    pub(super) async fn ask(&self, path: String) -> Result<Value, CmdError> {
        self.client.issue_cmd(Command { path, body: None }).await
    }

    /// A POST below the session.
    pub(super) async fn tell(&self, path: &str, body: Value) -> Result<Value, CmdError> {
        self.client.issue_cmd(Command { path: path.to_owned(), body: Some(body) }).await
    }

    /// A command of the browser's developer tools.
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.tell("goog/cdp/execute", body).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Runs a script in the page; the policy of contents does not bind it.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.must("run a script", self.client.execute(script, arguments).await).await
    }
}
