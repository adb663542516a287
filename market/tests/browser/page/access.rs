//! Accessibility, judged by axe-core.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use super::Page;

/// A rule that a page breaks.
#[derive(Debug, Deserialize)]
pub struct Violation {
    /// The name of the rule.
    pub id: String,
    /// What it asks for.
    pub help: String,
    /// Where it is broken.
    pub nodes: Vec<Node>,
}

/// An element that breaks a rule.
#[derive(Debug, Deserialize)]
pub struct Node {
    /// Paths to it.
    pub target: Vec<serde_json::Value>,
    /// How to mend it.
    #[serde(rename = "failureSummary")]
    pub summary: Option<String>,
}

const RUN: &str = "const [rules, done] = arguments;
    const chosen = rules === null ? {} : {runOnly: {type: 'rule', values: rules}};
    axe.run(document, {...chosen, resultTypes: ['violations']})
        .then(result => done({violations: result.violations}), error => done({error: String(error)}));";

impl Page {
    /// The rules that the page breaks; of all rules, or of those that depend on colours.
    pub async fn axe(&self, colours_only: bool) -> Vec<Violation> {
        // Axe needs scripts, also where the page has none; those of the page do not come back by this.
        self.allow_scripts(true).await;
        if self.script("return typeof window.axe === 'undefined'", vec![]).await == true {
            self.script(&self.driver.axe, vec![]).await;
        }
        let rules = if colours_only { json!(["color-contrast", "link-in-text-block"]) } else { json!(null) };
        let answer = self.must("run axe", self.client.execute_async(RUN, vec![rules]).await).await;
        self.allow_scripts(self.window.scripts).await;
        match serde_json::from_value(answer["violations"].clone()) {
            Ok(violations) => violations,
            Err(error) => self.fail(&format!("axe: {error}: {answer}")).await,
        }
    }

    /// Fails when the page breaks a rule.
    pub async fn accessible(&self, colours_only: bool) {
        let violations = self.axe(colours_only).await;
        if !violations.is_empty() {
            let listed: Vec<_> = violations.iter().map(Violation::to_string).collect();
            self.fail(&format!("axe finds {} rules broken:\n{}", listed.len(), listed.join("\n"))).await;
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.help)?;
        for node in &self.nodes {
            let summary = node.summary.as_deref().unwrap_or_default().replace('\n', " ");
            write!(f, "\n  {} {summary}", json!(node.target))?;
        }
        Ok(())
    }
}
