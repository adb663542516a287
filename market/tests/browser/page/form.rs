//! What a person does on a page.

use std::path::Path;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::Page;
use super::find::Role;

/// Kinds of input whose text the browser lays out by its language, so that typing is no sure way.
const CHOSEN: [&str; 5] = ["date", "time", "datetime-local", "range", "color"];
/// Enters a value as the browser's own chooser does.
const CHOOSE: &str = "const [field, value] = arguments; field.value = value;
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));";

impl Page {
    /// Clicks a button or a link.
    pub async fn click(&self, name: &str) {
        self.press(name, None).await;
    }

    /// Clicks a button or a link in the row, item, or part of the page that has this text.
    pub async fn click_near(&self, near: &str, name: &str) {
        self.press(name, Some(near)).await;
    }

    async fn press(&self, name: &str, near: Option<&str>) {
        let element = self.find(Role::Clickable, name, near).await;
        self.must(&format!("click {name:?}"), element.click().await).await;
    }

    /// Enters a value into the field with this label; of a list, the choice with this text.
    pub async fn fill(&self, label: &str, value: &str) {
        let field = self.find(Role::Field, label, None).await;
        let filled = self.enter(&field, value).await;
        self.must(&format!("fill {label:?} with {value:?}"), filled).await;
    }

    /// Ticks a box, or makes a choice.
    pub async fn tick(&self, label: &str) {
        self.set(label, None, true).await;
    }

    /// Ticks a box in the row, item, or part of the page that has this text.
    pub async fn tick_near(&self, near: &str, label: &str) {
        self.set(label, Some(near), true).await;
    }

    /// Takes the tick out of a box.
    pub async fn untick(&self, label: &str) {
        self.set(label, None, false).await;
    }

    async fn set(&self, label: &str, near: Option<&str>, wanted: bool) {
        let choice = self.find(Role::Choice, label, near).await;
        let done =
            async { if choice.is_selected().await? == wanted { Ok(()) } else { choice.click().await } };
        self.must(&format!("tick {label:?}"), done.await).await;
    }

    /// Gives a file to the field with this label.
    pub async fn attach(&self, label: &str, file: &Path) {
        let field = self.find(Role::Field, label, None).await;
        let path = file.canonicalize().expect("the file exists");
        let given = field.send_keys(&path.to_string_lossy()).await;
        self.must(&format!("attach {} to {label:?}", path.display()), given).await;
    }

    /// What is in the field with this label.
    pub async fn value(&self, label: &str) -> String {
        let field = self.find(Role::Field, label, None).await;
        self.must("read a field", field.prop("value").await).await.unwrap_or_default()
    }

    async fn enter(&self, field: &Element, value: &str) -> Result<(), CmdError> {
        let kind = field.prop("type").await?.unwrap_or_default();
        if kind.starts_with("select") {
            let choice = format!("option[normalize-space(.)={}]", quoted(value));
            return field.find(Locator::XPath(&format!(".//{choice}"))).await?.click().await;
        }
        if CHOSEN.contains(&kind.as_str()) {
            let arguments = vec![serde_json::to_value(field)?, json!(value)];
            return self.client.execute(CHOOSE, arguments).await.map(|_: Value| ());
        }
        field.clear().await?;
        field.send_keys(value).await
    }
}

/// A text in the language of paths, which knows no escapes.
fn quoted(text: &str) -> String {
    if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") }
}
