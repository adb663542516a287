//! Keys on disk, under the digest of their circuit.
//!
//! `<dir>/<name>-<digest>.pk` holds a pair, `.vk` its verifying half alone, `.lock` serializes generators. A file is
//! written under a temporary name, synced, and renamed: a reader sees all of it or none. A damaged file, or one of
//! another format, is made anew; a good one of another circuit cannot be met, since its name differs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ark_bls12_381::{Bls12_381, Fr};
use ark_groth16::Groth16;
use ark_relations::gr1cs::ConstraintSynthesizer;
use rand::{CryptoRng, RngCore};

use super::{KeyError, KeyPair, Origin, Trust, file};
use crate::groth16::matrices::{CircuitDigest, Matrices};
use crate::groth16::verifying_key::VerifyingKey;

const LONGEST_NAME: usize = 64;

/// A directory of keys, shared by any number of processes.
#[derive(Debug, Clone)]
pub struct KeyStore {
    directory: PathBuf,
    trust: Trust,
}

impl KeyStore {
    /// Opens the store in `directory`, which is created (readable by its owner only) when missing.
    ///
    /// # Errors
    /// [`KeyError::Io`] when it cannot be created.
    pub fn open(directory: impl Into<PathBuf>, trust: Trust) -> Result<Self, KeyError> {
        let directory = directory.into();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&directory).map_err(at(&directory))?;
        Ok(Self { directory, trust })
    }

    /// The keys of `circuit`, if they are there and sound.
    ///
    /// # Errors
    /// [`KeyError`] for a circuit that cannot be synthesized, a bad name, or a file that is there and not good.
    pub fn load<const N: usize, C>(&self, name: &str, circuit: C) -> Result<Option<KeyPair<N>>, KeyError>
    where
        C: ConstraintSynthesizer<Fr>,
    {
        let matrices = Matrices::of(circuit)?;
        let digest = matrices.digest();
        let path = self.path(name, &digest, "pk")?;
        let Some((proving, verifying)) = self.read::<N>(&path, &digest)? else { return Ok(None) };
        KeyPair::with_digest(proving, matrices, digest, verifying.origin()).map(Some)
    }

    /// The keys of `circuit`; made by [`Origin::InsecureSingleParty`] and kept when there are none, or damaged ones.
    ///
    /// Processes that ask at the same time wait for one to make the keys.
    ///
    /// # Errors
    /// [`KeyError::InsecureOrigin`] unless the store was opened with [`Trust::Development`]; otherwise as [`Self::load`].
    pub fn load_or_setup_insecure_single_party<const N: usize, C, R>(
        &self,
        name: &str,
        circuit: C,
        rng: &mut R,
    ) -> Result<KeyPair<N>, KeyError>
    where
        C: ConstraintSynthesizer<Fr> + Clone,
        R: RngCore + CryptoRng,
    {
        Origin::InsecureSingleParty.accept(self.trust)?;
        let matrices = Matrices::of(circuit.clone())?;
        let digest = matrices.digest();
        let path = self.path(name, &digest, "pk")?;
        let lock = self.lock(name, &digest)?;
        let (proving, origin) = match self.read::<N>(&path, &digest) {
            Ok(Some((proving, verifying))) => (proving, verifying.origin()),
            Ok(None) | Err(KeyError::Damaged(_) | KeyError::Mismatch | KeyError::Version(_)) => {
                let proving = Groth16::<Bls12_381>::generate_random_parameters_with_reduction(circuit, rng)?;
                let verifying =
                    VerifyingKey::<N>::new(proving.vk.clone(), digest, Origin::InsecureSingleParty)?;
                self.write(&self.path(name, &digest, "vk")?, &verifying.to_bytes())?;
                self.write(&path, &file::encode(&proving, &verifying)?)?;
                (proving, Origin::InsecureSingleParty)
            }
            Err(error) => return Err(error),
        };
        drop(lock);
        KeyPair::with_digest(proving, matrices, digest, origin)
    }

    /// Where the verifying key of a circuit is kept, as bytes for [`VerifyingKey::from_bytes`].
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn verifying_key_path(&self, name: &str, circuit: &CircuitDigest) -> Result<PathBuf, KeyError> {
        self.path(name, circuit, "vk")
    }

    fn path(&self, name: &str, circuit: &CircuitDigest, extension: &str) -> Result<PathBuf, KeyError> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            return Err(KeyError::Name);
        }
        Ok(self.directory.join(format!("{name}-{circuit}.{extension}")))
    }

    /// Waits for the exclusive right to make these keys; given back when the file is dropped, also by a crash.
    fn lock(&self, name: &str, circuit: &CircuitDigest) -> Result<File, KeyError> {
        let path = self.path(name, circuit, "lock")?;
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    }

    #[allow(clippy::type_complexity)]
    fn read<const N: usize>(
        &self,
        path: &Path,
        circuit: &CircuitDigest,
    ) -> Result<Option<(ark_groth16::ProvingKey<Bls12_381>, VerifyingKey<N>)>, KeyError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(path)(error)),
        };
        let (proving, verifying) = file::decode::<N>(&bytes, self.trust)?;
        if verifying.circuit() != *circuit {
            return Err(KeyError::Circuit { expected: *circuit, found: verifying.circuit() });
        }
        Ok(Some((proving, verifying)))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("tmp-{}-{serial}", std::process::id()));
        let written = (|| {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, path)?;
            File::open(&self.directory)?.sync_all()
        })();
        written.map_err(|error| {
            // The temporary file is of no use to anybody; failing to remove it changes nothing.
            let _ = fs::remove_file(&temporary);
            at(path)(error)
        })
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> KeyError + '_ {
    move |source| KeyError::Io { path: path.to_path_buf(), source }
}
