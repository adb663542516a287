//! Files in memory, which know what of them would survive a power cut.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Storage;

#[derive(Clone, Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// What was there at the last synchronisation.
    durable: Vec<u8>,
}

/// Files in memory. Clones share them, as two openings of one folder do.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<BTreeMap<String, Contents>>>);

impl MemoryStorage {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a power cut leaves: of what was appended and not synchronised, the first `kept` bytes of each file.
    pub fn after_power_cut(&self, kept: usize) -> Self {
        let survive = |contents: &Contents| {
            let mut bytes = contents.durable.clone();
            if contents.bytes.starts_with(&bytes) {
                let end = (bytes.len() + kept).min(contents.bytes.len());
                bytes = contents.bytes.get(..end).unwrap_or_default().to_vec();
            }
            Contents { durable: bytes.clone(), bytes }
        };
        let files = self.files().iter().map(|(name, contents)| (name.clone(), survive(contents))).collect();
        Self(Arc::new(Mutex::new(files)))
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Contents>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Contents) -> io::Result<T>) -> io::Result<T> {
        act(self.files().get_mut(name).ok_or(io::ErrorKind::NotFound)?)
    }
}

fn range(bytes: &[u8], offset: u64, length: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
    let end = start.checked_add(length).filter(|end| *end <= bytes.len());
    Ok(start..end.ok_or(io::ErrorKind::UnexpectedEof)?)
}

impl Storage for MemoryStorage {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.with(name, |contents| Ok(contents.bytes.len() as u64))
    }

    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.with(name, |contents| {
            let range = range(&contents.bytes, offset, length)?;
            Ok(contents.bytes.get(range).unwrap_or_default().to_vec())
        })
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        if self.files().contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.files().insert(name.to_owned(), Contents::default());
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.with(name, |contents| {
            contents.bytes.extend_from_slice(bytes);
            Ok(())
        })
    }

    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(name, |contents| {
            let start = usize::try_from(offset).map_err(|_| io::ErrorKind::InvalidInput)?;
            let end = start + bytes.len();
            if start > contents.bytes.len() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            contents.bytes.resize(contents.bytes.len().max(end), 0);
            contents.bytes.splice(start..end, bytes.iter().copied());
            Ok(())
        })
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.with(name, |contents| {
            contents.durable = contents.bytes.clone();
            Ok(())
        })
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        self.with(name, |contents| {
            contents.bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            contents.durable = contents.bytes.clone();
            Ok(())
        })
    }
}
