//! The keys of the three circuits.

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::groth16::{Fingerprint, KeyError, KeyPair, KeyStore, VerifyingKey};
use crate::release::{self, ReleaseCircuit};
use crate::scan::{self, ScanCircuit};
use crate::seal::{self, SealCircuit};

/// The circuits of this version, by the digests of their matrices. Another digest is another statement.
pub mod digest {
    use crate::groth16::CircuitDigest;

    /// Of the scan.
    pub const SCAN: CircuitDigest =
        CircuitDigest::from_hex("22a2a07066016c1e9711ec998dd36cbeeaa908fec84fe793c5245fc03065c7bd");
    /// Of the release.
    pub const RELEASE: CircuitDigest =
        CircuitDigest::from_hex("771f24a732c9124eaffd6f75ed7576e44461d7cb5a6383e2f65ca6f23e985c17");
    /// Of the seal.
    pub const SEAL: CircuitDigest =
        CircuitDigest::from_hex("6159d26287d006773299e830b13bc30a876666b3cb1bbc7095a55185b1a30cfd");
}

/// Key pairs of the three circuits.
#[derive(Debug)]
pub struct Keys {
    /// Of the scan.
    pub scan: KeyPair<{ scan::PUBLIC_INPUTS }>,
    /// Of the release.
    pub release: KeyPair<{ release::PUBLIC_INPUTS }>,
    /// Of the seal.
    pub seal: KeyPair<{ seal::PUBLIC_INPUTS }>,
}

/// Verifying keys of the three circuits.
#[derive(Clone, Debug)]
pub struct VerifyingKeys {
    /// Of the scan.
    pub scan: VerifyingKey<{ scan::PUBLIC_INPUTS }>,
    /// Of the release.
    pub release: VerifyingKey<{ release::PUBLIC_INPUTS }>,
    /// Of the seal.
    pub seal: VerifyingKey<{ seal::PUBLIC_INPUTS }>,
}

/// Fingerprints of the three verifying keys: what a genesis pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFingerprints {
    /// Of the scan.
    pub scan: Fingerprint,
    /// Of the release.
    pub release: Fingerprint,
    /// Of the seal.
    pub seal: Fingerprint,
}

/// Randomness for secrets, whatever its type.
trait SecretRng: RngCore + CryptoRng {}

impl<R: RngCore + CryptoRng> SecretRng for R {}

impl Keys {
    /// Loads the keys of these circuits from a store, or makes them there. One party makes them: for demos and tests.
    /// `report` hears, before each circuit, its name and position among the three.
    ///
    /// # Errors
    /// [`KeyError`] of store or generation.
    pub fn load_or_setup_insecure_single_party(
        store: &KeyStore,
        rng: &mut (impl RngCore + CryptoRng),
        mut report: impl FnMut(&str, usize),
    ) -> Result<Self, KeyError> {
        Self::load_or_setup(store, rng, &mut report)
    }

    /// Not generic, so that the set-up is compiled in this crate, as this crate is optimised, and once.
    fn load_or_setup(
        store: &KeyStore,
        mut rng: &mut dyn SecretRng,
        report: &mut dyn FnMut(&str, usize),
    ) -> Result<Self, KeyError> {
        let rng = &mut rng;
        report("scan", 0);
        let scan = store.load_or_setup_insecure_single_party("scan", ScanCircuit::blank(), rng)?;
        report("release", 1);
        let release = store.load_or_setup_insecure_single_party("release", ReleaseCircuit::blank(), rng)?;
        report("seal", 2);
        let seal = store.load_or_setup_insecure_single_party("seal", SealCircuit::blank(), rng)?;
        Ok(Self { scan, release, seal })
    }

    /// The verifying keys.
    pub fn verifying(&self) -> VerifyingKeys {
        VerifyingKeys {
            scan: self.scan.verifying().clone(),
            release: self.release.verifying().clone(),
            seal: self.seal.verifying().clone(),
        }
    }
}

impl VerifyingKeys {
    /// Checks that these are keys of the circuits of this version.
    ///
    /// # Errors
    /// [`KeyError::Circuit`] for the first that is not.
    pub fn check_circuits(&self) -> Result<(), KeyError> {
        let pairs = [
            (self.scan.circuit(), digest::SCAN),
            (self.release.circuit(), digest::RELEASE),
            (self.seal.circuit(), digest::SEAL),
        ];
        let other = pairs.into_iter().find(|(found, expected)| found != expected);
        other.map_or(Ok(()), |(found, expected)| Err(KeyError::Circuit { found, expected }))
    }

    /// The fingerprints.
    pub fn fingerprints(&self) -> KeyFingerprints {
        KeyFingerprints {
            scan: self.scan.fingerprint(),
            release: self.release.fingerprint(),
            seal: self.seal.fingerprint(),
        }
    }
}
