//! The matrices of a circuit, as keys are made from and proofs computed with.
//!
//! A circuit is A·z ∘ B·z = C·z for z = (1, public inputs, witnesses). The three matrices are kept by rows, with
//! coefficients in a dictionary: real circuits use few different ones.

use std::collections::BTreeMap;
use std::fmt;

use ark_bls12_381::Fr;
use ark_ff::{One, Zero};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, R1CS_PREDICATE_LABEL, SynthesisError,
    SynthesisMode,
};

use super::encoding::encode_field;

/// The name of a circuit: BLAKE3 of its canonical matrices and counts of variables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitDigest(pub [u8; 32]);

impl CircuitDigest {
    /// The digest written in hex, for constants: anything but 64 lower-case digits does not compile.
    pub const fn from_hex(hex: &str) -> Self {
        const fn digit(byte: u8) -> u8 {
            match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ => panic!("a digest is written in lower-case hex"),
            }
        }
        let hex = hex.as_bytes();
        assert!(hex.len() == 64, "a digest has 64 digits");
        let mut bytes = [0; 32];
        let mut at = 0;
        while at < 32 {
            bytes[at] = digit(hex[2 * at]) * 16 + digit(hex[2 * at + 1]);
            at += 1;
        }
        Self(bytes)
    }
}

impl fmt::Display for CircuitDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CircuitDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CircuitDigest({self})")
    }
}

/// A sparse matrix over the scalar field, by rows; columns of a row increase and no coefficient is 0.
#[derive(Clone, PartialEq, Eq)]
pub struct SparseMatrix {
    coefficients: Vec<Fr>,
    /// `entries[ends[i - 1]..ends[i]]` is row i.
    ends: Vec<u32>,
    /// (column, index into `coefficients`). Coefficient 0 of the dictionary is always one.
    entries: Vec<(u32, u32)>,
}

impl SparseMatrix {
    fn from_rows(rows: Vec<Vec<(Fr, usize)>>) -> Result<Self, SynthesisError> {
        let too_large = |_| SynthesisError::PolynomialDegreeTooLarge;
        let mut coefficients = vec![Fr::one()];
        let mut known = BTreeMap::from([(encode_field(&Fr::one()), 0u32)]);
        let mut ends = Vec::with_capacity(rows.len());
        let mut entries = Vec::new();
        for row in rows {
            let mut merged: BTreeMap<usize, Fr> = BTreeMap::new();
            for (coefficient, column) in row {
                *merged.entry(column).or_insert_with(Fr::zero) += coefficient;
            }
            for (column, coefficient) in merged.into_iter().filter(|(_, c)| !c.is_zero()) {
                let next = u32::try_from(coefficients.len()).map_err(too_large)?;
                let index = *known.entry(encode_field(&coefficient)).or_insert_with(|| {
                    coefficients.push(coefficient);
                    next
                });
                entries.push((u32::try_from(column).map_err(too_large)?, index));
            }
            ends.push(u32::try_from(entries.len()).map_err(too_large)?);
        }
        Ok(Self { coefficients, ends, entries })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// Number of coefficients that are not 0.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The columns and coefficients of row `i`; empty beyond the last row.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, &Fr)> {
        self.row_entries(i)
            .iter()
            .filter_map(|(column, index)| Some((*column as usize, self.coefficients.get(*index as usize)?)))
    }

    /// The inner product of row `i` with `vector`; columns beyond its end count as 0.
    pub fn row_product(&self, i: usize, vector: &[Fr]) -> Fr {
        let mut sum = Fr::zero();
        for (column, index) in self.row_entries(i) {
            let Some(value) = vector.get(*column as usize) else { continue };
            if *index == 0 {
                sum += value;
            } else if !value.is_zero() {
                // Most witnesses are bits: one comparison saves most multiplications.
                let coefficient = &self.coefficients[*index as usize];
                sum += if value.is_one() { *coefficient } else { *coefficient * value };
            }
        }
        sum
    }

    fn row_entries(&self, i: usize) -> &[(u32, u32)] {
        let start = if i == 0 { 0 } else { self.ends.get(i - 1).map_or(0, |end| *end as usize) };
        let end = self.ends.get(i).map_or(start, |end| *end as usize);
        &self.entries[start..end]
    }

    fn absorb(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&(self.rows() as u64).to_le_bytes());
        for i in 0..self.rows() {
            hasher.update(&(self.row_entries(i).len() as u64).to_le_bytes());
            for (column, coefficient) in self.row(i) {
                hasher.update(&(column as u64).to_le_bytes());
                hasher.update(&encode_field(coefficient));
            }
        }
    }
}

/// The three matrices of a circuit and its counts of variables.
#[derive(Clone, PartialEq, Eq)]
pub struct Matrices {
    instance: usize,
    witness: usize,
    a: SparseMatrix,
    b: SparseMatrix,
    c: SparseMatrix,
}

impl Matrices {
    /// Synthesizes `circuit` without values, exactly as arkworks' key generator does.
    ///
    /// # Errors
    /// The circuit's own [`SynthesisError`]; [`SynthesisError::PredicateNotFound`] for a circuit that is not R1CS;
    /// [`SynthesisError::PolynomialDegreeTooLarge`] beyond 2^32 entries.
    pub fn of<C: ConstraintSynthesizer<Fr>>(circuit: C) -> Result<Self, SynthesisError> {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Setup);
        circuit.generate_constraints(cs.clone())?;
        cs.finalize();
        let rows = cs.to_matrices()?.remove(R1CS_PREDICATE_LABEL).ok_or(SynthesisError::PredicateNotFound)?;
        let [a, b, c]: [Vec<_>; 3] = rows.try_into().map_err(|_| SynthesisError::PredicateNotFound)?;
        if a.len() != cs.num_constraints() {
            return Err(SynthesisError::PredicateNotFound);
        }
        Ok(Self {
            instance: cs.num_instance_variables(),
            witness: cs.num_witness_variables(),
            a: SparseMatrix::from_rows(a)?,
            b: SparseMatrix::from_rows(b)?,
            c: SparseMatrix::from_rows(c)?,
        })
    }

    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.a.rows()
    }

    /// Number of instance variables: the public inputs and the leading 1.
    pub fn instance_variables(&self) -> usize {
        self.instance
    }

    /// Number of witness variables.
    pub fn witness_variables(&self) -> usize {
        self.witness
    }

    /// The matrix A.
    pub fn a(&self) -> &SparseMatrix {
        &self.a
    }

    /// The matrix B.
    pub fn b(&self) -> &SparseMatrix {
        &self.b
    }

    /// The matrix C.
    pub fn c(&self) -> &SparseMatrix {
        &self.c
    }

    /// The circuit's name.
    pub fn digest(&self) -> CircuitDigest {
        let mut hasher = blake3::Hasher::new_derive_key("galen groth16 circuit matrices v1");
        hasher.update(&(self.instance as u64).to_le_bytes());
        hasher.update(&(self.witness as u64).to_le_bytes());
        self.a.absorb(&mut hasher);
        self.b.absorb(&mut hasher);
        self.c.absorb(&mut hasher);
        CircuitDigest(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for Matrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matrices")
            .field("constraints", &self.constraints())
            .field("instance", &self.instance)
            .field("witness", &self.witness)
            .finish_non_exhaustive()
    }
}
