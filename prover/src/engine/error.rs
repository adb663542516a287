//! What can go wrong between a circuit and its proof.

use ark_relations::gr1cs::SynthesisError;
use galen_circuits::groth16::EncodingError;

/// Why there is no proof. No variant carries a witness value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The circuit could not compute its values.
    #[error("circuit: {0}")]
    Synthesis(#[from] SynthesisError),
    /// The assignment has other counts of variables than the key's circuit.
    #[error(
        "the assignment has {instance} instance and {witness} witness variables, \
         the key's circuit {expected_instance} and {expected_witness}"
    )]
    Shape {
        /// Instance variables of the assignment.
        instance: usize,
        /// Witness variables of the assignment.
        witness: usize,
        /// Instance variables of the key's circuit.
        expected_instance: usize,
        /// Witness variables of the key's circuit.
        expected_witness: usize,
    },
    /// A constraint does not hold: the statement is false, or the circuit's values are wrong.
    #[error("constraint {row} is not satisfied")]
    Unsatisfied {
        /// The first such constraint.
        row: usize,
    },
    /// The proof has a degenerate point: of negligible probability unless the key is damaged.
    #[error("degenerate proof, the key may be damaged: {0}")]
    Degenerate(#[from] EncodingError),
}
