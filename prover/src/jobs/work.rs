//! A job that is being worked on: its circuits, and how each becomes a proof.

use ark_relations::gr1cs::ConstraintSynthesizer;
use galen_circuits::contribution::{Contribution, ContributionFault, Statement, Which};
use galen_circuits::field::F;
use galen_circuits::groth16::Proof;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use super::id::ProofId;
use super::keys::Circuit;
use super::{Failure, FailureCode, JobSpec, Outcome, ProvingKeys, SpecFault};
use crate::engine::{Assignment, Blinding, Engine, EngineError, FastEngine};
use crate::plan::Plan;

/// A job in memory: raw rows and secrets included.
pub(super) struct Work {
    statement: Statement,
    plan: Plan,
    /// Key of the function that blinds the proofs: a hash of everything in the job.
    blinding: Zeroizing<[u8; 32]>,
}

impl Work {
    /// Opens a job. `json` is its canonical form.
    pub(super) fn new(spec: &JobSpec, json: &[u8]) -> Result<Self, SpecFault> {
        let plan = spec.open()?;
        let blinding = Zeroizing::new(blake3::derive_key("galen 2026 prover blinding", json));
        Ok(Self { statement: spec.statement().clone(), plan, blinding })
    }

    pub(super) fn scans(&self) -> usize {
        self.plan.scans.len()
    }

    pub(super) fn proofs(&self) -> usize {
        self.plan.proofs()
    }

    /// The proof of an index: scans, then releases, then the seal.
    fn which(&self, index: usize) -> Which {
        let scans = self.plan.scans.len();
        match index.checked_sub(scans) {
            None => Which::Scan(index),
            Some(release) if release < self.plan.releases.len() => Which::Release(release),
            Some(_) => Which::Seal,
        }
    }

    /// The name of a proof under these keys.
    pub(super) fn name(&self, keys: &ProvingKeys, index: usize) -> ProofId {
        match self.which(index) {
            Which::Scan(i) => ProofId::of(keys.fingerprints.scan, &self.plan.scans[i].public.inputs()),
            Which::Release(j) => {
                ProofId::of(keys.fingerprints.release, &self.plan.releases[j].public.inputs())
            }
            Which::Seal => ProofId::of(keys.fingerprints.seal, &self.plan.seal.public.inputs()),
        }
    }

    /// Whether a proof that was kept holds.
    pub(super) fn holds(&self, keys: &ProvingKeys, index: usize, proof: &Proof) -> bool {
        match self.which(index) {
            Which::Scan(i) => keys.scan.holds(&self.plan.scans[i].public.inputs(), proof),
            Which::Release(j) => keys.release.holds(&self.plan.releases[j].public.inputs(), proof),
            Which::Seal => keys.seal.holds(&self.plan.seal.public.inputs(), proof),
        }
    }

    /// Makes a proof and verifies it.
    pub(super) fn prove(&self, keys: &ProvingKeys, index: usize) -> Result<Proof, Failure> {
        let blinding = self.blinding(&self.name(keys, index));
        let which = self.which(index);
        match which {
            Which::Scan(i) => {
                let circuit = &self.plan.scans[i];
                keys.scan.prove(circuit.clone(), &circuit.public.inputs(), &blinding)
            }
            Which::Release(j) => {
                let circuit = &self.plan.releases[j];
                keys.release.prove(circuit.clone(), &circuit.public.inputs(), &blinding)
            }
            Which::Seal => {
                let circuit = &self.plan.seal;
                keys.seal.prove(circuit.clone(), &circuit.public.inputs(), &blinding)
            }
        }
        .map_err(|fault| fault.of(which))
    }

    /// The blinding of a proof: as good as random to anybody who does not know the whole job, and the same after a crash.
    /// Another witness is another job's bytes, hence another key: no two proofs share it.
    fn blinding(&self, id: &ProofId) -> Blinding {
        let seed = Zeroizing::new(*blake3::keyed_hash(&self.blinding, &id.0).as_bytes());
        Blinding::random(&mut ChaCha20Rng::from_seed(*seed))
    }

    /// Puts the proofs together and verifies the contribution and its ciphertext as the ledger will.
    pub(super) fn finish(&self, keys: &ProvingKeys, proofs: Vec<Proof>) -> Result<Outcome, Failure> {
        let contribution = self.assemble(proofs).ok_or_else(|| Failure {
            code: FailureCode::Internal,
            message: "the proofs are not as many as planned".into(),
        })?;
        let refused = |fault: ContributionFault| {
            let message = format!("the contribution does not hold: {fault}");
            Failure { code: FailureCode::DoesNotHold, message }
        };
        keys.verifier.verify(&self.statement, &contribution).map_err(refused)?;
        contribution.header.check_blob(&self.plan.blob).map_err(refused)?;
        Ok(Outcome { contribution, blob: self.plan.blob.clone(), encapsulation: self.plan.encapsulation })
    }

    fn assemble(&self, mut proofs: Vec<Proof>) -> Option<Contribution> {
        let expected = proofs.len() == self.plan.proofs();
        let seal = proofs.pop().filter(|_| expected)?;
        let releases = proofs.split_off(self.plan.scans.len());
        Some(self.plan.contribution(proofs, releases, seal))
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Work({} proofs)", self.proofs())
    }
}

/// Why a circuit gave no proof, before it is known which it was.
enum Fault {
    Engine(EngineError),
    Inputs,
    Refused,
}

impl Fault {
    fn of(self, which: Which) -> Failure {
        let (code, message) = match self {
            Self::Engine(EngineError::Unsatisfied { .. }) => {
                (FailureCode::Unsatisfied, "its statement does not follow from the job's private part")
            }
            Self::Engine(EngineError::Degenerate(_)) => {
                (FailureCode::DoesNotHold, "the proving key is damaged")
            }
            Self::Engine(_) => (FailureCode::Internal, "its values do not fit the key's circuit"),
            Self::Inputs => (FailureCode::Internal, "its public inputs are not the planned ones"),
            Self::Refused => (
                FailureCode::DoesNotHold,
                "the finished proof does not hold: the keys do not belong together",
            ),
        };
        Failure { code, message: format!("{which}: {message}") }
    }
}

impl<const N: usize> Circuit<N> {
    fn holds(&self, inputs: &[F; N], proof: &Proof) -> bool {
        self.verifying.verify(inputs, proof).is_ok()
    }

    fn prove(
        &self,
        circuit: impl ConstraintSynthesizer<F>,
        inputs: &[F; N],
        blinding: &Blinding,
    ) -> Result<Proof, Fault> {
        let assignment = Assignment::of(circuit).map_err(|error| Fault::Engine(error.into()))?;
        if assignment.inputs_array::<N>().as_ref() != Some(inputs) {
            return Err(Fault::Inputs);
        }
        let proof = FastEngine.prove(&self.proving, &assignment, blinding).map_err(Fault::Engine)?;
        if self.holds(inputs, &proof) { Ok(proof) } else { Err(Fault::Refused) }
    }
}
