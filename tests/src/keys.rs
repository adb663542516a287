//! Real keys and one honest contribution with real proofs, made once.
//!
//! Keys lie in `GALEN_KEYS_DIR`, or in `target/galen-test-keys`, under the digest of their circuit. They are made by one
//! party: anybody with this machine's memory could forge under them, which is what tests may accept.

use std::path::PathBuf;
use std::sync::OnceLock;

use galen_circuits::contribution::{Contribution, Verifier};
use galen_circuits::groth16::{KeyStore, Proof, Trust};
use galen_circuits::keys::{Keys, VerifyingKeys};
use galen_prover::engine::{Assignment, Blinding, Engine, EngineError, FastEngine, FastKey};
use galen_prover::plan::Plan;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use crate::world::honest;

/// Keys in the engine's form, and what verifies.
pub struct Proving {
    scan: FastKey,
    release: FastKey,
    seal: FastKey,
    /// The verifying keys.
    pub verifying: VerifyingKeys,
    /// The verifier.
    pub verifier: Verifier,
}

fn directory() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/galen-test-keys");
    std::env::var_os("GALEN_KEYS_DIR").map_or_else(|| default.into(), PathBuf::from)
}

impl Proving {
    /// The keys, loaded or made.
    pub fn load() -> &'static Self {
        static KEYS: OnceLock<Proving> = OnceLock::new();
        KEYS.get_or_init(|| {
            let store = KeyStore::open(directory(), Trust::Development).unwrap();
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            let keys = Keys::load_or_setup_insecure_single_party(&store, &mut rng, |_, _| ()).unwrap();
            let verifying = keys.verifying();
            Self {
                scan: FastEngine.prepare(keys.scan),
                release: FastEngine.prepare(keys.release),
                seal: FastEngine.prepare(keys.seal),
                verifier: Verifier::new(&verifying),
                verifying,
            }
        })
    }

    /// Proves the seal of a plan alone.
    pub fn prove_seal(&self, plan: &Plan) -> Proof {
        self.try_seal(Assignment::of(plan.seal.clone()).unwrap()).unwrap()
    }

    /// Proves any assignment of the seal.
    ///
    /// # Errors
    /// The engine's, for an assignment that does not satisfy the circuit.
    pub fn try_seal(&self, values: Assignment) -> Result<Proof, EngineError> {
        FastEngine.prove(&self.seal, &values, &Blinding::random(&mut ChaCha20Rng::seed_from_u64(3)))
    }

    /// Proves every part of a plan.
    pub fn prove(&self, plan: &Plan) -> Contribution {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let mut one = |key: &FastKey, values: Assignment| -> Proof {
            FastEngine.prove(key, &values, &Blinding::random(&mut rng)).unwrap()
        };
        let scans = plan.scans.iter().map(|c| one(&self.scan, Assignment::of(c.clone()).unwrap())).collect();
        let releases =
            plan.releases.iter().map(|c| one(&self.release, Assignment::of(c.clone()).unwrap())).collect();
        let seal = one(&self.seal, Assignment::of(plan.seal.clone()).unwrap());
        plan.contribution(scans, releases, seal)
    }
}

/// The honest contribution of [`honest`], proven.
pub fn proven() -> &'static Contribution {
    static PROVEN: OnceLock<Contribution> = OnceLock::new();
    PROVEN.get_or_init(|| Proving::load().prove(&honest().1))
}
