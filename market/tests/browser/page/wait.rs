//! Waiting for a page, with a deadline and without sleeping for luck.

use std::time::{Duration, Instant};

use fantoccini::Locator;

use super::Page;

/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(50);

impl Page {
    /// Waits until a text can be read.
    pub async fn see(&self, text: &str) {
        let seen = async || self.text_or_nothing().await.contains(text).then_some(());
        if self.until(seen).await.is_none() {
            self.fail(&format!("{text:?} is not to be seen")).await;
        }
    }

    /// Waits until a text can be read in the main part, which the navigation at the top is not.
    pub async fn shows(&self, text: &str) {
        let script = "return document.querySelector('main')?.innerText ?? ''";
        let shown = async || {
            let main = self.client.execute(script, vec![]).await.ok()?;
            main.as_str().is_some_and(|main| main.contains(text)).then_some(())
        };
        if self.until(shown).await.is_none() {
            self.fail(&format!("{text:?} is not to be seen in the main part")).await;
        }
    }

    /// Waits until a text can no longer be read.
    pub async fn gone(&self, text: &str) {
        let gone = async || (!self.text_or_nothing().await.contains(text)).then_some(());
        if self.until(gone).await.is_none() {
            self.fail(&format!("{text:?} does not go")).await;
        }
    }

    /// Waits until the address ends with this.
    pub async fn arrive(&self, end: &str) {
        let there = async || self.url().await.ends_with(end).then_some(());
        if self.until(there).await.is_none() {
            self.fail(&format!("does not come to {end}")).await;
        }
    }

    /// Waits until an element is there.
    pub async fn element(&self, css: &str) -> fantoccini::elements::Element {
        match self.until(async || self.client.find(Locator::Css(css)).await.ok()).await {
            Some(element) => element,
            None => self.fail(&format!("no element {css}")).await,
        }
    }

    /// Looks until there is something, or patience ends.
    pub async fn until<T>(&self, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return Some(found);
            }
            if begun.elapsed() > self.patience {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
