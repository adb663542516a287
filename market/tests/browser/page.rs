//! A page in a browser, as a person uses it.
//!
//! What is done fails with words: what was looked for, where, and what was there instead; a picture of the page is kept.
//! A page must be ended by [`Page::finish`], which fails when the console had an error, a violation of the policy of
//! contents among them.

mod access;
mod console;
mod download;
mod find;
mod form;
mod look;
mod read;
mod session;
mod wait;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::Client;

use crate::browser::Driver;
pub use find::Role;

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Pixels of CSS.
    pub width: u32,
    /// Pixels of CSS.
    pub height: u32,
    /// The colours that the person prefers.
    pub dark: bool,
    /// Whether pages may run scripts.
    pub scripts: bool,
}

impl Window {
    /// A desk.
    pub const WIDE: Self = Self { width: 1_280, height: 900, dark: false, scripts: true };
    /// A telephone.
    pub const NARROW: Self = Self { width: 400, height: 800, dark: false, scripts: true };

    /// The same for a person who prefers dark colours.
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same for a browser that runs no scripts.
    pub const fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }
}

/// One session of a browser with one page.
pub struct Page {
    client: Client,
    window: Window,
    problems: Mutex<Vec<String>>,
    patience: Duration,
    finished: bool,
    /// Ends before its profile goes.
    driver: Arc<Driver>,
    profile: tempfile::TempDir,
}

impl Page {
    /// Waits so long, instead of 20 s, for anything that is looked for.
    pub fn patient(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Goes to an address.
    pub async fn goto(&self, url: &str) {
        self.must(&format!("go to {url}"), self.client.goto(url).await).await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.must("reload", self.client.refresh().await).await;
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        self.client.current_url().await.map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    /// What can be read on the page.
    pub async fn text(&self) -> String {
        self.script("return document.body ? document.body.innerText : ''", vec![])
            .await
            .as_str()
            .unwrap_or("")
            .to_owned()
    }

    /// Everything that was loaded for the page: its address first, and how many bytes came over the wire with headers.
    pub async fn loaded(&self) -> Vec<(String, u64)> {
        let script = "return performance.getEntries().filter(e => e.transferSize !== undefined)
            .map(e => [e.name, e.transferSize])";
        serde_json::from_value(self.script(script, vec![]).await).expect("names and sizes")
    }

    /// Ends the session; fails when the console had an error.
    pub async fn finish(mut self) {
        self.quiet().await;
        self.finished = true;
        let _ = self.client.clone().close().await;
    }

    /// Gives what came out well; else fails in words, with a picture.
    async fn must<T, E: std::fmt::Display>(&self, what: &str, result: Result<T, E>) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(&format!("cannot {what}: {error}")).await,
        }
    }

    async fn fail(&self, why: &str) -> ! {
        let picture =
            self.picture("failed").await.map_or_else(|error| error, |path| path.display().to_string());
        let text: String = self.text_or_nothing().await.chars().take(2_000).collect();
        panic!("{why}\nat {}\npicture: {picture}\n--- the page\n{text}\n---", self.url().await);
    }

    async fn text_or_nothing(&self) -> String {
        let text = self.client.execute("return document.body ? document.body.innerText : ''", vec![]).await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    fn downloads(&self) -> PathBuf {
        self.profile.path().join("downloads")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "a page was not finished: its console was not looked at"
        );
    }
}
