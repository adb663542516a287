//! Keys in the form that workers use.

use galen_circuits::contribution::Verifier;
use galen_circuits::groth16::{Prepared, Proof};
use galen_circuits::keys::{KeyFingerprints, Keys};
use galen_circuits::seal::SealCircuit;
use galen_circuits::{release, scan, seal};
use rand::{CryptoRng, RngCore};

use crate::engine::{Assignment, Blinding, Engine, EngineError, FastEngine, FastKey};

/// One circuit: its key for the engine, and its verifying key made ready.
pub(super) struct Circuit<const N: usize> {
    pub(super) proving: FastKey,
    pub(super) verifying: Prepared<N>,
}

/// The three circuits' keys, ready to prove and to check. About 150 MB: share one between queues.
pub struct ProvingKeys {
    pub(super) scan: Circuit<{ scan::PUBLIC_INPUTS }>,
    pub(super) release: Circuit<{ release::PUBLIC_INPUTS }>,
    pub(super) seal: Circuit<{ seal::PUBLIC_INPUTS }>,
    pub(super) verifier: Verifier,
    pub(super) fingerprints: KeyFingerprints,
}

impl ProvingKeys {
    /// Makes keys ready: a few hundred milliseconds.
    pub fn new(keys: Keys) -> Self {
        let verifying = keys.verifying();
        Self {
            scan: Circuit {
                proving: FastEngine.prepare(keys.scan),
                verifying: Prepared::new(&verifying.scan),
            },
            release: Circuit {
                proving: FastEngine.prepare(keys.release),
                verifying: Prepared::new(&verifying.release),
            },
            seal: Circuit {
                proving: FastEngine.prepare(keys.seal),
                verifying: Prepared::new(&verifying.seal),
            },
            verifier: Verifier::new(&verifying),
            fingerprints: verifying.fingerprints(),
        }
    }

    /// Proves a seal by itself: what accreditation asks for.
    ///
    /// # Errors
    /// The engine's, for a seal that does not hold.
    pub fn prove_seal(
        &self,
        circuit: SealCircuit,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Proof, EngineError> {
        let values = Assignment::of(circuit).map_err(EngineError::Synthesis)?;
        FastEngine.prove(&self.seal.proving, &values, &Blinding::random(rng))
    }

    /// Fingerprints of the verifying keys that proofs are made for.
    pub fn fingerprints(&self) -> &KeyFingerprints {
        &self.fingerprints
    }
}

impl std::fmt::Debug for ProvingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProvingKeys({:?})", self.fingerprints)
    }
}
