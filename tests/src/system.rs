//! The constraints of a circuit, and which of them an assignment violates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ark_ff::{One, Zero};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, SynthesisError, SynthesisMode,
};
use galen_circuits::field::F;
use galen_circuits::gadget::{Builder, Role};
use galen_circuits::groth16::{Matrices, SparseMatrix};
use galen_circuits::release::ReleaseCircuit;
use galen_circuits::scan::ScanCircuit;
use galen_circuits::seal::SealCircuit;
use rayon::prelude::*;

/// Anything that writes constraints.
pub trait Circuit: Sync {
    /// Writes them.
    fn write(&self, b: &mut Builder);
}

impl<T: Fn(&mut Builder) + Sync> Circuit for T {
    fn write(&self, b: &mut Builder) {
        self(b);
    }
}

impl Circuit for ScanCircuit {
    fn write(&self, b: &mut Builder) {
        self.build(b);
    }
}

impl Circuit for ReleaseCircuit {
    fn write(&self, b: &mut Builder) {
        self.build(b);
    }
}

impl Circuit for SealCircuit {
    fn write(&self, b: &mut Builder) {
        self.build(b);
    }
}

/// The values of every variable: 1, public inputs, witnesses.
#[derive(Clone)]
pub struct Assignment {
    /// The values.
    pub z: Vec<F>,
    /// What each witness is.
    pub roles: Vec<Role>,
}

/// Runs a circuit for its values, with these witnesses (by index among witnesses) set by force.
pub fn assign(circuit: &(impl Circuit + ?Sized), changes: BTreeMap<usize, F>) -> Assignment {
    assign_with_inputs(circuit, BTreeMap::new(), changes)
}

/// [`assign`], with these public inputs (by index, from 0) set by force too.
pub fn assign_with_inputs(
    circuit: &(impl Circuit + ?Sized),
    inputs: BTreeMap<usize, F>,
    changes: BTreeMap<usize, F>,
) -> Assignment {
    let cs = ConstraintSystem::<F>::new_ref();
    cs.set_mode(SynthesisMode::Prove { construct_matrices: false, generate_lc_assignments: false });
    let mut b = Builder::forging(cs.clone(), inputs, changes);
    circuit.write(&mut b);
    let roles = b.roles().to_vec();
    b.finish().unwrap();
    let cs = cs.into_inner().unwrap();
    let mut z = cs.instance_assignment().unwrap().to_vec();
    z.extend_from_slice(cs.witness_assignment().unwrap());
    Assignment { z, roles }
}

struct Synthesizer<'c, C: ?Sized>(&'c C);

impl<C: Circuit + ?Sized> ConstraintSynthesizer<F> for Synthesizer<'_, C> {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        let mut b = Builder::new(cs);
        self.0.write(&mut b);
        b.finish()
    }
}

/// The matrices of a circuit.
pub fn matrices_of(circuit: &(impl Circuit + ?Sized)) -> Matrices {
    Matrices::of(Synthesizer(circuit)).unwrap()
}

/// The constraints of a circuit with the names of their sections.
pub struct System {
    /// The matrices.
    pub matrices: Matrices,
    sections: Vec<(&'static str, usize)>,
    /// For each column, the rows that it stands in.
    pub rows_of: Vec<Vec<u32>>,
    /// Public inputs that a row fixes alone: (column, row). The input is what the row computes.
    pub outputs: Vec<(usize, usize)>,
}

impl System {
    /// The system of a circuit; the values that the circuit holds do not matter.
    pub fn of(circuit: &(impl Circuit + ?Sized)) -> Self {
        let matrices = matrices_of(circuit);
        let cs = ConstraintSystem::<F>::new_ref();
        cs.set_mode(SynthesisMode::Prove { construct_matrices: false, generate_lc_assignments: false });
        let mut b = Builder::new(cs);
        circuit.write(&mut b);
        let sections = b.sections().to_vec();
        let columns = matrices.instance_variables() + matrices.witness_variables();
        let mut rows_of = vec![Vec::new(); columns];
        for row in 0..matrices.constraints() {
            for column in columns_of(&matrices, row) {
                rows_of[column].push(row as u32);
            }
        }
        let mut system = Self { matrices, sections, rows_of, outputs: Vec::new() };
        system.outputs = (1..system.matrices.instance_variables()).filter_map(|c| system.output(c)).collect();
        system
    }

    /// The scan.
    pub fn scan() -> &'static Self {
        static SYSTEM: OnceLock<System> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::of(&ScanCircuit::blank()))
    }

    /// The release.
    pub fn release() -> &'static Self {
        static SYSTEM: OnceLock<System> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::of(&ReleaseCircuit::blank()))
    }

    /// The seal.
    pub fn seal() -> &'static Self {
        static SYSTEM: OnceLock<System> = OnceLock::new();
        SYSTEM.get_or_init(|| Self::of(&SealCircuit::blank()))
    }

    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.matrices.constraints()
    }

    /// The name of the section that a constraint stands in.
    pub fn section(&self, row: usize) -> &'static str {
        let after = self.sections.partition_point(|(_, first)| *first <= row);
        after.checked_sub(1).map_or("", |index| self.sections[index].0)
    }

    /// The names of these constraints' sections.
    pub fn sections_of(&self, rows: &[usize]) -> BTreeSet<&'static str> {
        rows.iter().map(|row| self.section(*row)).collect()
    }

    /// The constraints of a section.
    pub fn rows_in(&self, section: &str) -> Vec<usize> {
        (0..self.constraints()).filter(|row| self.section(*row) == section).collect()
    }

    /// The witness that the n-th constraint of a section defines: alone in C.
    pub fn defined(&self, section: &str, n: usize) -> usize {
        self.defined_by(self.rows_in(section)[n])
    }

    /// The witness that a constraint defines: alone in C.
    pub fn defined_by(&self, row: usize) -> usize {
        self.alone(self.matrices.c(), row)
    }

    /// The witness alone in A in the n-th constraint of a section: the quotient of a division.
    pub fn alone_in_a(&self, section: &str, n: usize) -> usize {
        self.alone(self.matrices.a(), self.rows_in(section)[n])
    }

    /// The witness alone in B in the n-th constraint of a section.
    pub fn alone_in_b(&self, section: &str, n: usize) -> usize {
        self.alone(self.matrices.b(), self.rows_in(section)[n])
    }

    fn alone(&self, matrix: &SparseMatrix, row: usize) -> usize {
        let mut entries = matrix.row(row);
        let (column, _) = entries.next().expect("a witness");
        assert!(entries.next().is_none(), "row {row} of {} has more than one", self.section(row));
        column - self.matrices.instance_variables()
    }

    /// Whether a row reads (Σ …) · 1 = 0.
    pub fn is_linear(&self, row: usize) -> bool {
        let mut b = self.matrices.b().row(row);
        let one = matches!((b.next(), b.next()), (Some((0, factor)), None) if factor.is_one());
        one && self.matrices.c().row(row).next().is_none()
    }

    fn output(&self, column: usize) -> Option<(usize, usize)> {
        match self.rows_of[column].as_slice() {
            [row] if self.is_linear(*row as usize) => Some((column, *row as usize)),
            _ => None,
        }
    }

    /// A row's three inner products.
    pub fn products(&self, row: usize, z: &[F]) -> [F; 3] {
        [self.matrices.a(), self.matrices.b(), self.matrices.c()].map(|m| m.row_product(row, z))
    }

    /// Whether an assignment satisfies a row.
    pub fn holds(&self, row: usize, z: &[F]) -> bool {
        let [a, b, c] = self.products(row, z);
        a * b == c
    }

    /// Every constraint that an assignment violates.
    pub fn violated(&self, z: &[F]) -> Vec<usize> {
        assert_eq!(z.len(), self.rows_of.len(), "an assignment of another circuit");
        (0..self.constraints()).into_par_iter().filter(|row| !self.holds(*row, z)).collect()
    }

    /// Every constraint that `z` violates, where `base` violates none: only rows that touch a difference are looked at.
    pub fn violated_since(&self, base: &[F], z: &[F]) -> Vec<usize> {
        let mut touched = vec![false; self.constraints()];
        for (column, _) in z.iter().zip(base).enumerate().filter(|(_, (new, old))| new != old) {
            self.rows_of[column].iter().for_each(|row| touched[*row as usize] = true);
        }
        let rows = touched.into_iter().enumerate().filter(|(_, touched)| *touched).map(|(row, _)| row);
        rows.filter(|row| !self.holds(*row, z)).collect()
    }

    /// The coefficient of a column in a matrix' row.
    pub fn coefficient(matrix: &SparseMatrix, row: usize, column: usize) -> F {
        matrix.row(row).find(|(c, _)| *c == column).map_or(F::zero(), |(_, factor)| *factor)
    }
}

fn columns_of(matrices: &Matrices, row: usize) -> BTreeSet<usize> {
    [matrices.a(), matrices.b(), matrices.c()].iter().flat_map(|m| m.row(row).map(|(c, _)| c)).collect()
}
