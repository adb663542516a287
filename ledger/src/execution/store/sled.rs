//! A store on disk. `sled` 0.34 does not synchronise what it flushes, which is why nothing here is relied upon: on
//! opening, the position it holds is compared with the log, and the rest rebuilt.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Store, StoreEntries, StoreError};
use crate::{state::overlay::Writes, storage::explained};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A store on disk, in one tree, as only batches of one tree are atomic.
#[derive(Debug)]
pub struct SledStore(sled::Db);

impl SledStore {
    /// Opens a folder. When sled cannot read it, the folder is set aside and an empty store made in its place.
    ///
    /// # Errors
    /// When it cannot be made either.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        // No flushing in the background: it is done after a number of blocks, and on closing.
        let config = sled::Config::default().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        match when_let_go(|| config.open()) {
            Ok(db) => Ok(Self(db)),
            Err(
                error @ (sled::Error::Corruption { .. }
                | sled::Error::ReportableBug(_)
                | sled::Error::Unsupported(_)),
            ) => {
                tracing::warn!(%error, folder = %folder.display(), "state store is damaged: rebuilding it from the log");
                let aside = folder.with_extension("damaged");
                let _ = std::fs::remove_dir_all(&aside);
                std::fs::rename(folder, &aside).map_err(|error| StoreError::Io(error.to_string()))?;
                config.open().map(Self).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// How long sled may take to let go of its file.
const LET_GO: Duration = Duration::from_secs(5);

/// Opens a database. When one was closed in this process a moment ago, a thread of sled's that wrote for it may still hold the
/// file; that no other process has it is known by the folder's lock. The prover's records wait in the same way: neither crate knows
/// of the other.
fn when_let_go<T>(open: impl Fn() -> sled::Result<T>) -> sled::Result<T> {
    let begun = Instant::now();
    loop {
        match open() {
            Err(error) if is_held(&error) && begun.elapsed() < LET_GO => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// Whether somebody has the file: sled says it in words only.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

fn failed(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Corruption { .. } => StoreError::Damaged(error.to_string()),
        sled::Error::Io(error) => StoreError::Io(explained(&error)),
        error => StoreError::Io(error.to_string()),
    }
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn scan<'a>(&'a self, start: &[u8], end: Option<&[u8]>) -> StoreEntries<'a> {
        let entries = match end {
            Some(end) if end <= start => return Box::new(std::iter::empty()),
            Some(end) => self.0.range(start.to_vec()..end.to_vec()),
            None => self.0.range(start.to_vec()..),
        };
        Box::new(entries.map(|entry| {
            let (key, value) = entry.map_err(failed)?;
            Ok((key.to_vec(), value.to_vec()))
        }))
    }

    fn apply(&self, batch: Writes) -> Result<(), StoreError> {
        let mut atomic = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => atomic.insert(key, value),
                None => atomic.remove(key),
            }
        }
        self.0.apply_batch(atomic).map_err(failed)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.0.clear().map_err(failed)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.0.flush().map(|_| ()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::{is_held, when_let_go};

    #[test]
    fn a_file_that_is_still_held_is_waited_for_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let config = sled::Config::new().path(directory.path());
        let holder = config.open().unwrap();
        assert!(is_held(&sled::open(directory.path()).unwrap_err()), "sled says it in other words");
        let tries = std::cell::Cell::new(0);
        let opened = when_let_go(|| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { sled::open(directory.path()).map(drop) } else { Ok(()) }
        });
        assert_eq!((opened, tries.get()), (Ok(()), 3));
        drop(holder);
        tries.set(0);
        let opened = when_let_go(|| -> sled::Result<()> {
            tries.set(tries.get() + 1);
            Err(sled::Error::Io(std::io::Error::other("no space")))
        });
        assert!(opened.is_err() && tries.get() == 1);
    }
}
