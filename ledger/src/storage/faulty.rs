//! A storage that fails when it is told to, as a full or dying disk does.

use std::io;

use super::{MemoryStorage, Storage};

/// A memory storage of which every operation that writes fails after a number of them; the first that fails keeps
/// half of what it was given.
#[derive(Debug)]
pub struct FaultyStorage {
    inner: MemoryStorage,
    operations_left: usize,
}

impl FaultyStorage {
    /// Allows this many writing operations.
    pub fn new(inner: MemoryStorage, operations: usize) -> Self {
        Self { inner, operations_left: operations }
    }

    fn spend(&mut self) -> io::Result<()> {
        match self.operations_left.checked_sub(1) {
            Some(left) => {
                self.operations_left = left;
                Ok(())
            }
            None => Err(io::Error::from(io::ErrorKind::StorageFull)),
        }
    }
}

impl Storage for FaultyStorage {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        self.inner.len(name)
    }

    fn read(&self, name: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.inner.read(name, offset, length)
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        self.spend()?;
        self.inner.create(name)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.spend().or_else(|error| {
            self.inner.append(name, bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            Err(error)
        })?;
        self.inner.append(name, bytes)
    }

    fn write_at(&mut self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.spend().or_else(|error| {
            self.inner.write_at(name, offset, bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            Err(error)
        })?;
        self.inner.write_at(name, offset, bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.spend()?;
        self.inner.sync(name)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        self.spend()?;
        self.inner.truncate(name, length)
    }
}
