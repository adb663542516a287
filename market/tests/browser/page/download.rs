//! Files that a page gives.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::Page;

impl Page {
    /// Clicks, waits for the file, gives where it is; it goes with the page.
    pub async fn download(&self, name: &str) -> PathBuf {
        let before = self.whole_files();
        self.click(name).await;
        match self.until(async || self.whole_files().difference(&before).next().cloned()).await {
            Some(file) => file,
            None => self.fail(&format!("{name:?} gives no file")).await,
        }
    }

    /// Files that are not half there. The browser writes to a name of its own and renames at the end.
    fn whole_files(&self) -> BTreeSet<PathBuf> {
        let files = fs::read_dir(self.downloads()).into_iter().flatten().filter_map(Result::ok);
        let partial = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with('.') || name.ends_with(".crdownload") || name.ends_with(".tmp")
        };
        files.map(|file| file.path()).filter(|path| !partial(path)).collect()
    }
}
