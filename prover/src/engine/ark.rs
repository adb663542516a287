//! arkworks' prover behind [`Engine`]: the reference.

use ark_bls12_381::{Bls12_381, Fr};
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::utils::matrix::Matrix;
use galen_circuits::groth16::{KeyPair, Matrices, Proof, SparseMatrix};

use super::quotient::{check_shape, products};
use super::{Assignment, Blinding, Engine, EngineError};

/// arkworks' prover, with the matrices kept. Slow; for comparison.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArkEngine;

/// A key as arkworks has it.
pub struct ArkKey {
    proving: ProvingKey<Bls12_381>,
    matrices: Matrices,
    rows: [Matrix<Fr>; 3],
}

impl Engine for ArkEngine {
    type Key = ArkKey;

    fn prepare<const N: usize>(&self, keys: KeyPair<N>) -> ArkKey {
        let (proving, _, matrices) = keys.into_parts();
        let rows = [matrices.a(), matrices.b(), matrices.c()].map(rows);
        ArkKey { proving, matrices, rows }
    }

    fn prove(
        &self,
        key: &ArkKey,
        assignment: &Assignment,
        blinding: &Blinding,
    ) -> Result<Proof, EngineError> {
        check_shape(&key.matrices, assignment)?;
        products(&key.matrices, assignment.values())?;
        let proof = Groth16::<Bls12_381>::create_proof_with_reduction_and_matrices(
            &key.proving,
            blinding.r,
            blinding.s,
            &key.rows,
            key.matrices.instance_variables(),
            key.matrices.constraints(),
            assignment.values(),
        )?;
        Ok(Proof::try_from(proof)?)
    }
}

fn rows(matrix: &SparseMatrix) -> Matrix<Fr> {
    let row = |i| matrix.row(i).map(|(column, coefficient)| (*coefficient, column)).collect();
    (0..matrix.rows()).map(row).collect()
}
