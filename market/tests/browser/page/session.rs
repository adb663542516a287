//! How a session begins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use super::{Page, Window};
use crate::browser::Driver;

impl Page {
    /// A new browser with an empty profile.
    pub(crate) async fn open(driver: Arc<Driver>, window: Window) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile, window))
            .connect(&driver.address)
            .await
            .expect("a session of the browser");
        let page = Self {
            client,
            window,
            problems: Mutex::default(),
            patience: Duration::from_secs(20),
            finished: false,
            driver,
            profile,
        };
        page.show(page.window.height).await;
        page.prefer(window.dark).await;
        page.allow_scripts(window.scripts).await;
        page
    }

    /// The window gets this height; below the least width of a real window too, and there as a telephone lays out.
    pub(super) async fn show(&self, height: u32) {
        let metrics = json!({
            "width": self.window.width, "height": height,
            "deviceScaleFactor": 1, "mobile": self.window.width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Whether pages may run scripts from now on.
    pub(super) async fn allow_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !allowed})).await;
    }

    /// Colours as preferred; nothing moves, so that pictures are the same every time.
    pub(super) async fn prefer(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }
}

/// No host but this machine can be reached, so a page that asks for one has an error in its console.
fn capabilities(profile: &tempfile::TempDir, window: Window) -> Map<String, Value> {
    let folder = profile.path().display();
    let options = json!({
        "args": [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
            "--force-color-profile=srgb", "--lang=en-GB",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            format!("--user-data-dir={folder}/profile"),
            format!("--window-size={},{}", window.width, window.height),
        ],
        "prefs": {
            "download.default_directory": format!("{folder}/downloads"),
            "download.prompt_for_download": false,
            "credentials_enable_service": false,
        },
    });
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"script": 60_000, "pageLoad": 60_000},
    });
    wanted.as_object().cloned().unwrap_or_default()
}
