//! The keys of the three circuits.

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::groth16::{Fingerprint, KeyError, KeyPair, KeyStore, VerifyingKey};
use crate::release::{self, ReleaseCircuit};
use crate::scan::{self, ScanCircuit};
use crate::seal::{self, SealCircuit};

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
    /// The fingerprints.
    pub fn fingerprints(&self) -> KeyFingerprints {
        KeyFingerprints {
            scan: self.scan.fingerprint(),
            release: self.release.fingerprint(),
            seal: self.seal.fingerprint(),
        }
    }
}
