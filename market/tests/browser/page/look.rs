//! Pictures, and whether a page fits its window.

use std::fs;
use std::path::{Path, PathBuf};

use super::Page;

/// The tallest picture.
const TALLEST: u64 = 20_000;
/// What is wider than the window, outside of what scrolls by itself.
const TOO_WIDE: &str = r"
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) return [];
    const scrolls = e => e && e !== document.body && e !== document.documentElement
        && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    return [...document.querySelectorAll('body *')]
        .filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement))
        .slice(0, 8).map(e => `${e.localName}.${e.className} ${Math.round(e.getBoundingClientRect().right)} px`)
        .concat(`the page is ${document.scrollingElement.scrollWidth} px wide, the window ${width}`);";

impl Page {
    /// Everything that holds for every page: it fits, it is accessible in light and in dark, its console is quiet; and a
    /// picture in light and one in dark are kept under this name.
    pub async fn look(&self, name: &str) {
        self.fits().await;
        for dark in [self.window.dark, !self.window.dark] {
            self.prefer(dark).await;
            let name = if dark { format!("{name}-dark") } else { name.to_owned() };
            self.screenshot(&name).await;
            self.accessible(dark != self.window.dark).await;
        }
        self.prefer(self.window.dark).await;
        self.quiet().await;
    }

    /// A picture of the whole page, as `target/screenshots/<name>-<width>.png`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let picture = self.picture(name).await;
        self.must("take a picture", picture).await
    }

    /// Fails when one has to scroll sideways.
    pub async fn fits(&self) {
        let wide = self.script(TOO_WIDE, vec![]).await;
        if wide.as_array().is_some_and(|wide| !wide.is_empty()) {
            self.fail(&format!("one has to scroll sideways: {wide:#}")).await;
        }
    }

    pub(super) async fn picture(&self, name: &str) -> Result<PathBuf, String> {
        let measured = self.client.execute("return document.documentElement.scrollHeight", vec![]).await;
        let height = measured.ok().and_then(|height| height.as_u64()).unwrap_or(0).min(TALLEST);
        let height = u32::try_from(height).unwrap_or(0).max(self.window.height);
        self.show(height).await;
        let picture = self.client.screenshot().await;
        self.show(self.window.height).await;
        let path = folder().join(format!("{name}-{}.png", self.window.width));
        fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
        fs::write(&path, picture.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
        Ok(path)
    }
}

/// Where pictures are kept.
fn folder() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::env::var_os("GALEN_SCREENSHOTS").map_or_else(usual, PathBuf::from)
}
