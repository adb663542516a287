//! The values of a circuit's variables, by a synthesis that also writes the constraints.
//!
//! [`Assignment::of`] leaves the constraints out, which is faster. It cannot be used for these circuits while the hash
//! gadget, in that mode, still carries the terms of its constants: their number doubles with each partial round, until
//! memory ends. Once the gadget drops them, this file is to be replaced by that call; values and their order are the same.

use ark_ff::One;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, SynthesisError, SynthesisMode,
};
use galen_circuits::field::F;
use zeroize::Zeroizing;

use crate::engine::Assignment;

/// Runs `circuit` for its values.
pub(super) fn assignment(circuit: impl ConstraintSynthesizer<F>) -> Result<Assignment, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Prove { construct_matrices: true, generate_lc_assignments: false });
    circuit.generate_constraints(cs.clone())?;
    let mut system = cs.borrow_mut().ok_or(SynthesisError::MissingCS)?;
    let instance = std::mem::take(&mut system.assignments.instance_assignment);
    let witness = Zeroizing::new(std::mem::take(&mut system.assignments.witness_assignment));
    match instance.split_first() {
        Some((one, inputs)) if one.is_one() => Ok(Assignment::from_parts(inputs, &witness)),
        _ => Err(SynthesisError::AssignmentMissing),
    }
}
