//! Reading what a page says of one thing.

use fantoccini::Locator;
use serde_json::json;

use super::Page;

/// The value of a term in a list of facts; of a hash, all of it.
const FACT: &str =
    "const term = [...document.querySelectorAll('dt')].find(e => e.textContent.trim() === arguments[0]);
    const value = term?.nextElementSibling;
    return value ? value.querySelector('[data-copy]')?.dataset.copy ?? value.textContent.trim() : null;";
/// The first address below a path that a link of the content leads to.
const LINK: &str = "const link = [...document.querySelectorAll('main a[href]')]
    .find(e => e.pathname.startsWith(arguments[0]) && e.pathname.length > arguments[0].length);
    return link ? link.href : null;";

impl Page {
    /// What the page says of this, in a list of facts.
    pub async fn fact(&self, name: &str) -> String {
        self.told(FACT, name, "fact").await
    }

    /// Where a link leads whose path begins so.
    pub async fn link_to(&self, path: &str) -> String {
        self.told(LINK, path, "link to").await
    }

    /// Follows the link of the content that leads to this path.
    pub async fn follow(&self, path: &str) {
        let css = format!("main a[href=\"{path}\"]");
        let link = self.element(&css).await;
        self.must(&format!("open {path}"), link.click().await).await;
    }

    /// Goes to a place by the navigation at the top.
    pub async fn section(&self, name: &str) {
        let path = format!("//nav[@aria-label='Main']//a[normalize-space(.)='{name}']");
        let look = async || self.client.find(Locator::XPath(&path)).await.ok();
        match self.until(look).await {
            Some(link) => self.must(&format!("go to {name}"), link.click().await).await,
            None => self.fail(&format!("no {name:?} in the navigation")).await,
        }
    }

    async fn told(&self, script: &str, name: &str, what: &str) -> String {
        let told = async || self.script(script, vec![json!(name)]).await.as_str().map(str::to_owned);
        match self.until(told).await {
            Some(told) => told,
            None => self.fail(&format!("no {what} {name:?}")).await,
        }
    }
}
