//! Files that a page gives.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Page;

impl Page {
    /// Clicks, waits for the file, gives where it is; it goes with the page.
    pub async fn download(&self, name: &str) -> PathBuf {
        let folder = self.downloads();
        let before = files(&folder);
        self.click(name).await;
        match self.until(async || whole(&before, &files(&folder))).await {
            Some(file) => file,
            None => self.fail(&format!("{name:?} gives no file; there is {:?}", files(&folder))).await,
        }
    }
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|file| file.path()).collect()
}

/// The new file, once it is whole. The browser writes to a name of its own, then makes an empty file of the last name (so
/// that it gets the rights of a new file) and renames the one over the other: a new name alone may be that empty file, and
/// only when nothing is left that is being written is it the whole one.
fn whole(before: &BTreeSet<PathBuf>, now: &BTreeSet<PathBuf>) -> Option<PathBuf> {
    let written = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with('.') || name.ends_with(".crdownload") || name.ends_with(".tmp")
    };
    if now.iter().any(written) {
        return None;
    }
    now.difference(before).next().cloned()
}

#[test]
fn a_file_is_whole_when_nothing_is_being_written() {
    let set = |names: &[&str]| names.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
    let before = set(&["/d/data.csv"]);
    let given = |names: &[&str]| whole(&before, &set(names));
    assert_eq!(given(&["/d/data.csv"]), None);
    assert_eq!(given(&["/d/data.csv", "/d/.com.google.Chrome.x1"]), None);
    assert_eq!(given(&["/d/data.csv", "/d/.com.google.Chrome.x1", "/d/note.txt"]), None, "empty as yet");
    assert_eq!(given(&["/d/data.csv", "/d/note.txt", "/d/note.txt.crdownload"]), None, "empty as yet");
    assert_eq!(given(&["/d/data.csv", "/d/note.txt"]), Some(PathBuf::from("/d/note.txt")));
}
