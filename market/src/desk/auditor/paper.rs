//! A signed report to read and to print: one file, without anything from elsewhere.
//!
//! The signed document is the JSON; this says the same, and holds it.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

use super::signed::Signed;
use crate::explorer::pages::{NOT_PROVED, PROVED};
use crate::web::parts::moment;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a2220;background:#fff}\
dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem}";

/// The report as a page of its own.
pub fn paper(signed: &Signed) -> Markup {
    let report = &signed.report;
    let whole = report.about == "chain";
    let title = if whole { "Audit of a chain" } else { "Audit of a contribution" };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { main {
                h1 { (title) }
                p { "As of block " (report.height) " of the chain " (report.name) ", " (moment(report.time_ms)) ". " (report.how) }
                @if report.broken.is_empty() { p { strong { "No rule of the market is broken." } } }
                @else { p { strong { "Broken:" } } ul { @for rule in &report.broken { li { (rule) } } } }
                h2 { "Found" }
                (value(&report.found))
                h2 { "What every accepted contribution proves" }
                ul { @for (name, words) in PROVED { li { (name) ": " (words) "." } } }
                h2 { "What is not proved" }
                ul { @for words in NOT_PROVED { li { (words) } } }
                h2 { "Ordered openings" }
                @if report.openings.is_empty() { p { "None." } }
                @for order in &report.openings { (value(order)) }
                h2 { "Chain and keys" }
                dl {
                    dt { "Chain" } dd { (report.chain) }
                    dt { "State after the block" } dd { (report.app_hash) }
                }
                (value(&report.keys))
                h2 { "Signature" }
                p { "Signed by " (signed.by) ". Save what follows as a file, and check it with " code { "galen auditor check-report FILE" } "." }
                pre { (String::from_utf8_lossy(&signed.to_file())) }
            } }
        }
    }
}

/// A value as people read it: names and values, one under the other.
fn value(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Object(fields) => dl { @for (name, inner) in fields { dt { (name.replace('_', " ")) } dd { (self::value(inner)) } } },
            Value::Array(items) => ul { @for item in items { li { (self::value(item)) } } },
            Value::String(text) => (text),
            Value::Null => "none",
            other => (other.to_string()),
        }
    }
}
