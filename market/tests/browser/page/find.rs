//! Finding what a person would point at: by its role and the name that assistive technology reads out.

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::json;

use super::Page;

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buttons, links, and what opens details.
    Clickable,
    /// Where something is entered.
    Field,
    /// A box or one of several choices.
    Choice,
}

impl Role {
    const fn css(self) -> &'static str {
        match self {
            Self::Clickable => "button,a[href],summary,[role=button],[role=tab],input[type=submit]",
            Self::Field => "input:not([type=checkbox]):not([type=radio]):not([type=submit]),textarea,select",
            Self::Choice => "input[type=checkbox],input[type=radio]",
        }
    }
}

/// Things of a kind whose words contain the name, within the row, the item, or else the smallest part of the page, that has
/// another text.
const CANDIDATES: &str = r"
    const [css, name, near] = arguments;
    const plain = text => (text || '').replace(/\s+/g, ' ').trim();
    const words = e => [e.textContent, e.value, e.getAttribute('aria-label'), e.title, e.alt,
        ...[...(e.labels || [])].map(label => label.textContent),
        ...(e.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent)];
    const within = e => {
        if (near === null) return true;
        const part = e.closest('tr,li') ?? e.closest('article,fieldset,details,dialog,form,section');
        return part !== null && plain(part.textContent).includes(near);
    };
    return [...document.querySelectorAll(css)].filter(e => e.checkVisibility({visibilityProperty: true}) && within(e)
        && words(e).some(text => plain(text).includes(name)));";

impl Page {
    /// The one thing with this name; the whole name counts before a part of it.
    pub async fn find(&self, role: Role, name: &str, near: Option<&str>) -> Element {
        let mut seen = Vec::new();
        let found = self
            .until(async || {
                let named = self.named(role, name, near).await.unwrap_or_default();
                seen = named.iter().map(|(_, name)| name.clone()).collect();
                only(named, name)
            })
            .await;
        match found {
            Some(element) => element,
            None => {
                let place = near.map(|near| format!(" near {near:?}")).unwrap_or_default();
                self.fail(&format!("no single {role:?} with the name {name:?}{place}; there are {seen:?}"))
                    .await
            }
        }
    }

    /// Whether there is something with this name now.
    pub async fn has(&self, role: Role, name: &str) -> bool {
        self.named(role, name, None).await.is_ok_and(|named| !named.is_empty())
    }

    async fn named(
        &self,
        role: Role,
        name: &str,
        near: Option<&str>,
    ) -> Result<Vec<(Element, String)>, CmdError> {
        let found =
            self.client.execute(CANDIDATES, vec![json!(role.css()), json!(name), json!(near)]).await?;
        let mut named = Vec::new();
        for element in found.as_array().into_iter().flatten() {
            let Some(id) = element.as_object().and_then(|fields| fields.values().next()?.as_str()) else {
                continue;
            };
            let label = self.ask(format!("element/{id}/computedlabel")).await?;
            let label = label.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            if label.contains(name) {
                named.push((Element::from_element_id(self.client.clone(), id.to_owned().into()), label));
            }
        }
        Ok(named)
    }
}

fn only(named: Vec<(Element, String)>, name: &str) -> Option<Element> {
    let (exact, partial): (Vec<_>, Vec<_>) = named.into_iter().partition(|(_, label)| label == name);
    let mut best = if exact.is_empty() { partial } else { exact };
    (best.len() == 1).then(|| best.pop()).flatten().map(|(element, _)| element)
}
