//! The values of a circuit's variables, and the randomness of a proof.

use std::fmt;

use ark_bls12_381::Fr;
use ark_ff::{One, UniformRand};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisError, SynthesisMode,
};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroize;

/// Values of all variables: 1, the public inputs, the witnesses. Erased when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    values: Vec<Fr>,
    instance: usize,
}

impl Assignment {
    /// Runs `circuit` for its values only: no matrices are built, which is most of the cost of a synthesis.
    ///
    /// # Errors
    /// The circuit's own [`SynthesisError`].
    pub fn of<C: ConstraintSynthesizer<Fr>>(circuit: C) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Prove { construct_matrices: false, generate_lc_assignments: false });
        circuit.generate_constraints(cs.clone())?;
        let mut system = cs.borrow_mut().ok_or(SynthesisError::MissingCS)?;
        let mut values = std::mem::take(&mut system.assignments.instance_assignment);
        let instance = values.len();
        values.extend_from_slice(&system.assignments.witness_assignment);
        system.assignments.witness_assignment.zeroize();
        Ok(Self { values, instance })
    }

    /// An assignment computed otherwise, from public inputs (without the leading 1) and witnesses.
    pub fn from_parts(inputs: &[Fr], witnesses: &[Fr]) -> Self {
        let values = [&[Fr::one()], inputs, witnesses].concat();
        Self { values, instance: inputs.len() + 1 }
    }

    /// The public inputs, without the leading 1.
    pub fn inputs(&self) -> &[Fr] {
        self.values.get(1..self.instance).unwrap_or_default()
    }

    /// The public inputs as verification takes them; `None` when there are not `N`.
    pub fn inputs_array<const N: usize>(&self) -> Option<[Fr; N]> {
        self.inputs().try_into().ok()
    }

    /// All values: 1, public inputs, witnesses.
    pub(super) fn values(&self) -> &[Fr] {
        &self.values
    }

    /// Number of instance variables, the leading 1 counted.
    pub fn instance_variables(&self) -> usize {
        self.instance
    }

    /// Number of witness variables.
    pub fn witness_variables(&self) -> usize {
        self.values.len() - self.instance
    }
}

impl Drop for Assignment {
    fn drop(&mut self) {
        self.values.zeroize();
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assignment({} instance, {} witness)", self.instance, self.witness_variables())
    }
}

/// The two scalars that hide the witness. Fresh for every proof: proofs that share them leak.
#[derive(Clone)]
pub struct Blinding {
    pub(super) r: Fr,
    pub(super) s: Fr,
}

impl Blinding {
    /// Draws both.
    pub fn random<R: RngCore + CryptoRng>(rng: &mut R) -> Self {
        Self { r: Fr::rand(rng), s: Fr::rand(rng) }
    }

    /// These scalars, for tests that compare provers.
    pub fn from_scalars(r: Fr, s: Fr) -> Self {
        Self { r, s }
    }
}

impl Drop for Blinding {
    fn drop(&mut self) {
        self.r.zeroize();
        self.s.zeroize();
    }
}

impl fmt::Debug for Blinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinding(..)")
    }
}
