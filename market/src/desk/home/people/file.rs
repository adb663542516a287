//! `people.json`: read again when it changes, and changed by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rand::{CryptoRng, RngCore};

use super::{MAX_NAME, People, PeopleFault, Token};
use crate::private::{PrivateFault, read_private, write_private};
use crate::web::session::Doorkeeper;

/// Largest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What tells one state of the file from another: it is replaced whole, so its inode changes as well.
type Stamp = (u64, u64, i64, i64);

/// The file of a home. People that are added or removed count at once, also in a process that runs.
#[derive(Debug)]
pub struct PeopleFile {
    path: PathBuf,
    seen: Mutex<Option<(Stamp, Arc<People>)>>,
}

impl People {
    /// Reads a file of mode 0600.
    ///
    /// # Errors
    /// When it is not there, open to others, too large, or no list of people.
    pub fn load(path: &Path) -> Result<Self, PeopleFault> {
        let bytes = read_private(path, MAX_BYTES)?;
        let damaged = |reason: String| PeopleFault::Damaged { path: path.to_owned(), reason };
        let people: Self = serde_json::from_slice(&bytes).map_err(|fault| damaged(fault.to_string()))?;
        let mut names: Vec<&str> = people.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(long) = names.iter().find(|name| name.is_empty() || name.len() > MAX_NAME) {
            return Err(damaged(format!("{} bytes are no name", long.len())));
        }
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => Err(damaged(format!("{:?} is there twice", pair.first().unwrap_or(&"")))),
            None => Ok(people),
        }
    }
}

/// Where the file cannot be read nobody comes in, and the log says why.
impl Doorkeeper for PeopleFile {
    fn find(&self, token: &[u8]) -> Option<String> {
        self.now()?.find(token).map(str::to_owned)
    }

    fn knows(&self, name: &str) -> bool {
        self.now().is_some_and(|people| people.contains(name))
    }
}

impl PeopleFile {
    fn now(&self) -> Option<Arc<People>> {
        self.current().inspect_err(|fault| tracing::error!("nobody can sign in: {fault}")).ok()
    }

    /// The file at a path, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: Mutex::new(None) }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who may use the desk now.
    ///
    /// # Errors
    /// When the file is not there, or damaged: then nobody may.
    pub fn current(&self) -> Result<Arc<People>, PeopleFault> {
        let metadata = fs::metadata(&self.path).map_err(|source| PrivateFault::Io {
            what: "read",
            path: self.path.clone(),
            source,
        })?;
        let stamp = (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, people)) = &*seen
            && *before == stamp
        {
            return Ok(Arc::clone(people));
        }
        let people = Arc::new(People::load(&self.path)?);
        *seen = Some((stamp, Arc::clone(&people)));
        Ok(people)
    }

    /// Adds a person; gives the token, which is kept nowhere.
    ///
    /// # Errors
    /// When the name is none, or taken, or the file cannot be written.
    pub fn add(&self, name: &str, rng: &mut (impl RngCore + CryptoRng)) -> Result<Token, PeopleFault> {
        self.change(|people| people.add(name, Timestamp::now(), rng))
    }

    /// Removes a person.
    ///
    /// # Errors
    /// When there is none of this name, or nobody would be left.
    pub fn remove(&self, name: &str) -> Result<(), PeopleFault> {
        self.change(|people| people.remove(name))
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut People) -> Result<T, PeopleFault>,
    ) -> Result<T, PeopleFault> {
        let _lock = self.lock()?;
        let mut people = if self.path.exists() { People::load(&self.path)? } else { People::default() };
        let done = change(&mut people)?;
        // Names, hashes and times: writing them into memory cannot fail.
        let text = serde_json::to_vec_pretty(&people).unwrap_or_default();
        write_private(&self.path, &text)?;
        Ok(done)
    }

    /// Waits until no other process changes the file: two at a time would each lose what the other did.
    fn lock(&self) -> Result<File, PeopleFault> {
        let path = self.path.with_extension("lock");
        let lock = || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|source| PrivateFault::Io { what: "lock", path: path.clone(), source }.into())
    }
}
