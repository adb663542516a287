//! The blobs that final blocks name. A member that executed blocks without checking them, having been away, may lack
//! some; it works its way from the oldest to the newest, and remembers across restarts how far it has come.
//!
//! ```text
//! home/blobs_complete    a height: all blobs named up to there are in the store. Without the file, or with rubbish in
//!                        it, the chain is gone through from its beginning.
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::types::{BlobHash, Height};

/// Name of the file.
const FILE: &str = "blobs_complete";
/// Missing blobs that are looked for at a time; further blocks are not gone through until one of them is here.
const MOST_MISSING: usize = 256;

/// How far the blobs of the chain are here.
#[derive(Debug)]
pub(super) struct Backlog {
    path: PathBuf,
    /// Blocks have been gone through up to here.
    scanned: Height,
    /// Their blobs that are not here, with the first height that names them.
    missing: BTreeMap<BlobHash, Height>,
    saved: Height,
}

impl Backlog {
    /// Goes on from where the last run of the node was.
    pub fn open(home: &Path) -> Self {
        let path = home.join(FILE);
        let read = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        let saved = Height::new(read.unwrap_or(0));
        Self { path, scanned: saved, missing: BTreeMap::new(), saved }
    }

    /// The block to go through next, if it is final and there is room for what it lacks.
    pub fn next(&self, tip: Height) -> Option<Height> {
        (self.scanned < tip && self.missing.len() < MOST_MISSING).then(|| self.scanned.next())
    }

    /// Goes through a block, given which of its blobs are missing. Out of turn it is passed over, to be read again.
    pub fn note(&mut self, height: Height, missing: impl IntoIterator<Item = BlobHash>) {
        if height == self.scanned.next() {
            self.scanned = height;
            for blob in missing {
                self.missing.entry(blob).or_insert(height);
            }
        }
    }

    /// Passes over the blocks up to a height, which are not here.
    pub fn skip_to(&mut self, height: Height) {
        self.scanned = self.scanned.max(height);
    }

    /// A blob has come.
    pub fn arrived(&mut self, blob: &BlobHash) {
        self.missing.remove(blob);
    }

    /// Blobs missing of the blocks gone through.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// All blobs up to here are in the store.
    pub fn complete(&self) -> Height {
        let first = self.missing.values().min();
        first.map_or(self.scanned, |height| Height::new(height.get().saturating_sub(1)))
    }

    /// Remembers how far it has come. When that fails, the next run begins further back.
    pub fn save(&mut self) {
        let complete = self.complete();
        if complete == self.saved {
            return;
        }
        match write(&self.path, complete) {
            Ok(()) => self.saved = complete,
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "cannot be written"),
        }
    }
}

fn write(path: &Path, height: Height) -> io::Result<()> {
    let draft = path.with_extension("draft");
    fs::write(&draft, format!("{height}\n"))?;
    fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(number: u32) -> BlobHash {
        BlobHash::of(&number.to_le_bytes())
    }

    #[test]
    fn it_goes_on_from_the_first_block_that_lacks_something() {
        let home = tempfile::tempdir().expect("dir");
        let mut backlog = Backlog::open(home.path());
        backlog.note(Height::new(1), []);
        backlog.note(Height::new(2), [blob(1), blob(2)]);
        backlog.note(Height::new(4), [blob(3)]);
        backlog.note(Height::new(3), [blob(1)]);
        assert_eq!(
            (backlog.complete(), backlog.next(Height::new(9))),
            (Height::new(1), Some(Height::new(4)))
        );
        backlog.save();
        assert_eq!(Backlog::open(home.path()).next(Height::new(9)), Some(Height::new(2)));
        backlog.arrived(&blob(1));
        backlog.arrived(&blob(2));
        assert_eq!((backlog.complete(), backlog.missing()), (Height::new(3), 0));
        fs::write(home.path().join(FILE), "rubbish").expect("writes");
        assert_eq!(Backlog::open(home.path()).next(Height::new(9)), Some(Height::new(1)));
    }

    #[test]
    fn it_is_bounded() {
        let home = tempfile::tempdir().expect("dir");
        let mut backlog = Backlog::open(home.path());
        let mut height = 0u32;
        while let Some(next) = backlog.next(Height::new(100_000)) {
            height += 1;
            backlog.note(next, [blob(height)]);
        }
        assert_eq!((height as usize, backlog.missing()), (MOST_MISSING, MOST_MISSING));
        backlog.arrived(&blob(7));
        assert!(backlog.next(Height::new(100_000)).is_some());
    }
}
