//! Assignments that lie in chosen places and are consistent everywhere else.
//!
//! A forger sets some witnesses by force; everything computed after them follows. What the forger publishes himself
//! (`outputs`: the state after, D, T_j, C_j …) is then set to what his lie computes, and where the lie runs into an
//! equality with one of his free witnesses, that witness is set to fit. What is still violated is what stops him.

use std::collections::{BTreeMap, BTreeSet};

use ark_ff::{Field, Zero};
use galen_circuits::field::F;
use galen_circuits::gadget::Role;

use crate::system::{Assignment, Circuit, System, assign};

/// Public inputs of the scan that a seller publishes: D and the state after.
pub const SCAN_OUTPUTS: [usize; 2] = [2, 6];
/// Public inputs of the release that a seller publishes: key commitment, T_j, C_j and the state after.
pub const RELEASE_OUTPUTS: [usize; 4] = [5, 6, 7, 9];
/// Public inputs of the seal that a seller publishes: D, key commitment, encapsulation digest, sealed name.
pub const SEAL_OUTPUTS: [usize; 6] = [8, 10, 13, 16, 17, 18];

/// Passes over a lie: each sets free witnesses to fit.
const PASSES: usize = 3;

/// A circuit in a forger's hand.
pub struct Forger<'s, C: Circuit> {
    /// Its constraints.
    pub system: &'s System,
    /// The circuit with its honest values.
    pub circuit: C,
    /// The honest assignment.
    pub honest: Assignment,
    outputs: Vec<(usize, usize)>,
}

impl<'s, C: Circuit> Forger<'s, C> {
    /// A forger who starts from a circuit whose values satisfy it once its `outputs` are set.
    pub fn new(system: &'s System, circuit: C, outputs: &[usize]) -> Self {
        let mut forger = Self::unchecked(system, circuit, outputs);
        let mut z = forger.honest.z.clone();
        forger.repair(&mut z);
        forger.honest.z = z;
        let violated = system.violated(&forger.honest.z);
        assert!(violated.is_empty(), "the honest start violates {:?}", system.sections_of(&violated));
        forger
    }

    fn unchecked(system: &'s System, circuit: C, outputs: &[usize]) -> Self {
        let honest = assign(&circuit, BTreeMap::new());
        let outputs = system.outputs.iter().copied().filter(|(column, _)| outputs.contains(column)).collect();
        Self { system, circuit, honest, outputs }
    }

    /// Sets the outputs to what the rest computes.
    fn repair(&self, z: &mut [F]) {
        for (column, row) in &self.outputs {
            let factor = System::coefficient(self.system.matrices.a(), *row, *column);
            let rest = self.system.matrices.a().row_product(*row, z);
            z[*column] -= rest * factor.inverse().unwrap();
        }
    }

    /// The witnesses in `changes` (by index among witnesses) set by force, all else consistent.
    pub fn forge(&self, changes: &BTreeMap<usize, F>) -> Assignment {
        let mut changes = changes.clone();
        let lies: BTreeSet<usize> = changes.keys().copied().collect();
        let mut forged = assign(&self.circuit, changes.clone());
        self.repair(&mut forged.z);
        for _ in 1..PASSES {
            let fits = self.fitting(&forged, &lies);
            if fits.is_empty() {
                break;
            }
            changes.extend(fits);
            forged = assign(&self.circuit, changes.clone());
            self.repair(&mut forged.z);
        }
        forged
    }

    /// Free witnesses that make violated linear rows hold.
    fn fitting(&self, forged: &Assignment, lies: &BTreeSet<usize>) -> BTreeMap<usize, F> {
        let instance = self.system.matrices.instance_variables();
        let mut fits = BTreeMap::new();
        for row in self.system.violated_since(&self.honest.z, &forged.z) {
            if !self.system.is_linear(row) {
                continue;
            }
            let free = |column: usize| {
                let witness = column.checked_sub(instance)?;
                let open = forged.roles[witness] == Role::Free && !lies.contains(&witness);
                open.then_some(witness)
            };
            let found = self.system.matrices.a().row(row).find_map(|(c, f)| free(c).map(|w| (w, *f)));
            if let Some((witness, factor)) = found {
                let rest = self.system.matrices.a().row_product(row, &forged.z);
                fits.insert(witness, forged.z[instance + witness] - rest * factor.inverse().unwrap());
            }
        }
        fits
    }

    /// What a forgery violates.
    pub fn violated(&self, changes: &BTreeMap<usize, F>) -> Vec<usize> {
        self.system.violated_since(&self.honest.z, &self.forge(changes).z)
    }

    /// The value of a witness in the honest assignment.
    pub fn value(&self, witness: usize) -> F {
        self.honest.z[self.system.matrices.instance_variables() + witness]
    }
}

/// What a circuit violates by itself, its published values set to what it computes: for lies that the values of the
/// circuit already tell.
pub fn violations(system: &System, circuit: impl Circuit, outputs: &[usize]) -> Vec<usize> {
    violations_with(system, circuit, outputs, &BTreeMap::new())
}

/// [`violations`], with some witnesses set by force.
pub fn violations_with(
    system: &System,
    circuit: impl Circuit,
    outputs: &[usize],
    changes: &BTreeMap<usize, F>,
) -> Vec<usize> {
    let forger = Forger::unchecked(system, circuit, outputs);
    let mut forged = assign(&forger.circuit, changes.clone());
    forger.repair(&mut forged.z);
    system.violated(&forged.z)
}

/// The sections that stop a lie.
pub fn stopped_by(system: &System, circuit: impl Circuit, outputs: &[usize]) -> Vec<&'static str> {
    let rows = violations(system, circuit, outputs);
    system.sections_of(&rows).into_iter().collect()
}

/// A lie about one witness: the values worth trying.
pub fn lies_about(role: Role, value: F) -> Vec<F> {
    let one = F::from(1u64);
    match role {
        Role::Bit => vec![one - value, F::from(2u64), -one],
        Role::Free | Role::Computed => {
            let mut lies = vec![value + one];
            if !value.is_zero() {
                lies.push(F::zero());
            }
            if value.is_zero() || value == one {
                lies.push(one - value);
            }
            lies
        }
    }
}
