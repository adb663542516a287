//! The seed: 32 bytes from which all keys of a desk come. At rest it is under a passphrase, in the format of `age` (scrypt
//! recipient), so that `age -d seed.age` opens it as well; or plain, in a file of mode 0600, where the configuration says so.
//!
//! What is encrypted is one line of 64 hex digits, as the plain file holds it.

use std::path::{Path, PathBuf};

use age::{DecryptError, Decryptor, scrypt};
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::config::SeedStorage;
use super::passphrase::{Passphrase, PassphraseFault};
use crate::Signer;
use crate::agent::hospital::HospitalKeys;
use crate::agent::researcher::ResearcherKeys;
use crate::private::{PrivateFault, read_private, write_new_private, write_private};

const ENCRYPTED: &str = "seed.age";
const PLAIN: &str = "seed";
/// 64 hex digits and the end of the line, with room for another way to end it.
const MAX_PLAIN: u64 = 66;
/// A header with one recipient and one block: some 300 bytes. Never grown into, so that a seed is no place to hide data in.
const MAX_ENCRYPTED: u64 = 4096;
/// N = 2^18: what the `age` program takes. It needs 256 MiB and about a second.
const LOG_N: u8 = 18;
/// The most work that opening a file may ask for: 4 GiB. More would be an attack on this machine.
const MAX_LOG_N: u8 = 22;

/// The secret from which all keys come. Wiped when dropped, and never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

/// How much work one guess of a passphrase takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work(u8);

/// How a seed lies on the disk.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Under a passphrase.
    Passphrase(Passphrase, Work),
    /// By the file's mode alone.
    Plain,
}

/// A seed that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedFault {
    /// A file.
    #[error(transparent)]
    File(#[from] PrivateFault),
    /// There is none, although the configuration says so.
    #[error("{} is not there: restore it from its backup; without it nobody can act for this party", .0.display())]
    Missing(PathBuf),
    /// There is the other one.
    #[error(
        "{} is there, but keys.seed in desk.toml is {wanted:?}: change the configuration if that is on purpose",
        found.display()
    )]
    Other {
        /// What is there.
        found: PathBuf,
        /// What the configuration says.
        wanted: &'static str,
    },
    /// The passphrase is wrong.
    #[error("the passphrase does not open {}", .0.display())]
    Wrong(PathBuf),
    /// It is no such file.
    #[error("{} is damaged, or no seed under a passphrase ({reason}): restore it from its backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without what is in it.
        reason: &'static str,
    },
    /// Opening it would take more memory and time than any program asks for.
    #[error("{} asks for more work than 2^{MAX_LOG_N}: no such file was made by this program", .0.display())]
    Excessive(PathBuf),
    /// No passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseFault),
    /// The system's randomness or memory.
    #[error("the seed cannot be encrypted: {0}")]
    Encrypt(String),
}

impl Default for Work {
    fn default() -> Self {
        Self(LOG_N)
    }
}

impl Work {
    /// Next to none, so that tests take no seconds. Never for keys that are worth anything.
    pub const fn for_tests() -> Self {
        Self(4)
    }
}

impl Protection {
    /// As the configuration names it.
    pub fn storage(&self) -> SeedStorage {
        match self {
            Self::Passphrase(..) => SeedStorage::Encrypted,
            Self::Plain => SeedStorage::Plain,
        }
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

impl Seed {
    /// A fresh one.
    pub fn draw(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A hospital's keys.
    pub fn hospital(&self) -> HospitalKeys {
        HospitalKeys::from_seed(self.0)
    }

    /// A researcher's keys.
    pub fn researcher(&self) -> ResearcherKeys {
        ResearcherKeys::from_seed(&self.0)
    }

    /// An auditor's account.
    pub fn auditor(&self) -> Signer {
        Signer::from_seed(blake3::derive_key("galen 2026 auditor account", &self.0))
    }

    fn line(&self) -> Zeroizing<Vec<u8>> {
        let mut line = Zeroizing::new(vec![b'\n'; 65]);
        if let Some(digits) = line.get_mut(..64) {
            // Of the right length, so it cannot fail.
            let _ = hex::encode_to_slice(self.0, digits);
        }
        line
    }

    fn parse(path: &Path, line: &[u8]) -> Result<Self, SeedFault> {
        let mut seed = Self([0; 32]);
        hex::decode_to_slice(line.trim_ascii_end(), &mut seed.0)
            .map_err(|_| SeedFault::Damaged { path: path.to_owned(), reason: "it holds no 64 hex digits" })?;
        Ok(seed)
    }
}

/// Writes a seed into a home that has none.
///
/// # Errors
/// When there is one, or it cannot be written.
pub fn write_new(folder: &Path, seed: &Seed, protection: &Protection) -> Result<(), SeedFault> {
    for name in [ENCRYPTED, PLAIN] {
        let path = folder.join(name);
        if path.exists() {
            return Err(PrivateFault::Exists(path).into());
        }
    }
    let (name, bytes) = match protection {
        Protection::Plain => (PLAIN, seed.line()),
        Protection::Passphrase(passphrase, work) => {
            (ENCRYPTED, Zeroizing::new(encrypt(seed, passphrase, *work)?))
        }
    };
    Ok(write_new_private(&folder.join(name), &bytes)?)
}

/// Reads a home's seed. `ask` is called only if a passphrase is needed.
///
/// # Errors
/// When it is not there, stored in another way, open to others, or the passphrase is wrong.
pub fn read(
    folder: &Path,
    storage: SeedStorage,
    ask: impl FnOnce() -> Result<Passphrase, PassphraseFault>,
) -> Result<Seed, SeedFault> {
    let (encrypted, plain) = (folder.join(ENCRYPTED), folder.join(PLAIN));
    let (path, other) = match storage {
        SeedStorage::Encrypted => (encrypted, plain),
        SeedStorage::Plain => (plain, encrypted),
    };
    match (path.exists(), other.exists()) {
        (_, true) => return Err(SeedFault::Other { found: other, wanted: storage.name() }),
        (false, false) => return Err(SeedFault::Missing(path)),
        (true, false) => {}
    }
    match storage {
        SeedStorage::Plain => Seed::parse(&path, &read_private(&path, MAX_PLAIN)?),
        SeedStorage::Encrypted => {
            let bytes = read_private(&path, MAX_ENCRYPTED)?;
            let decryptor = recipient(&path, &bytes)?;
            decrypt(&path, decryptor, &ask()?)
        }
    }
}

/// Puts a home's encrypted seed under another passphrase.
///
/// # Errors
/// When the present one is wrong, or the file cannot be written. Nothing is changed then.
pub fn change_passphrase(
    folder: &Path,
    present: &Passphrase,
    new: &Passphrase,
    work: Work,
) -> Result<(), SeedFault> {
    let seed = read(folder, SeedStorage::Encrypted, || Ok(present.clone()))?;
    Ok(write_private(&folder.join(ENCRYPTED), &encrypt(&seed, new, work)?)?)
}

fn encrypt(seed: &Seed, passphrase: &Passphrase, work: Work) -> Result<Vec<u8>, SeedFault> {
    let mut recipient = scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(work.0);
    age::encrypt(&recipient, &seed.line()).map_err(|error| SeedFault::Encrypt(error.to_string()))
}

/// The header, before anybody is asked for a passphrase.
fn recipient<'a>(path: &Path, bytes: &'a [u8]) -> Result<Decryptor<&'a [u8]>, SeedFault> {
    let damaged = |reason| SeedFault::Damaged { path: path.to_owned(), reason };
    let decryptor =
        Decryptor::new_buffered(bytes).map_err(|_| damaged("its header is not of age's format"))?;
    if decryptor.is_scrypt() {
        Ok(decryptor)
    } else {
        Err(damaged("it is encrypted to a key, not to a passphrase"))
    }
}

fn decrypt(path: &Path, decryptor: Decryptor<&[u8]>, passphrase: &Passphrase) -> Result<Seed, SeedFault> {
    use std::io::Read;
    let mut identity = scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(MAX_LOG_N);
    let damaged = |reason| SeedFault::Damaged { path: path.to_owned(), reason };
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let reader = reader.map_err(|error| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            SeedFault::Wrong(path.to_owned())
        }
        DecryptError::ExcessiveWork { .. } => SeedFault::Excessive(path.to_owned()),
        DecryptError::InvalidMac => damaged("its header was changed"),
        _ => damaged("its header is not of age's format"),
    })?;
    // As large as a seed's line ever is, so that it is not moved while it is filled.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_ENCRYPTED as usize));
    reader.take(MAX_ENCRYPTED).read_to_end(&mut line).map_err(|_| damaged("it was cut or changed"))?;
    Seed::parse(path, &line)
}

#[cfg(test)]
mod tests;
