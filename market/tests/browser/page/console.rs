//! What the browser wrote to its console.

use serde_json::{Value, json};

use super::Page;

impl Page {
    /// Errors so far: of scripts, of the policy of contents, of what could not be loaded.
    pub async fn problems(&self) -> Vec<String> {
        let entries = self.tell("se/log", json!({"type": "browser"})).await.expect("the console");
        let mut problems = self.problems.lock().unwrap();
        problems.extend(entries.as_array().into_iter().flatten().filter(|entry| bad(entry)).map(told));
        problems.clone()
    }

    /// Fails when there was an error.
    pub async fn quiet(&self) {
        let problems = self.problems().await;
        if !problems.is_empty() {
            self.fail(&format!("the console has errors:\n{}", problems.join("\n"))).await;
        }
    }

    /// There must have been an error with this text, as of a page that is not found; it is forgotten.
    pub async fn forgive(&self, text: &str) {
        let (expected, others): (Vec<_>, Vec<_>) =
            self.problems().await.into_iter().partition(|problem| problem.contains(text));
        if expected.is_empty() {
            self.fail(&format!("the console was to have an error with {text:?}, it has {others:?}")).await;
        }
        *self.problems.lock().unwrap() = others;
    }
}

fn bad(entry: &Value) -> bool {
    entry["level"] == "SEVERE" || told(entry).contains("Content Security Policy")
}

fn told(entry: &Value) -> String {
    format!("[{}] {}", entry["source"].as_str().unwrap_or("?"), entry["message"].as_str().unwrap_or("?"))
}
