//! How much freedom a gadget leaves: the nullity of its Jacobian.
//!
//! At a satisfying assignment, with public inputs fixed, a direction in which all witnesses can move without leaving
//! Az ∘ Bz = Cz to first order is a vector of the kernel of diag(Az)·B + diag(Bz)·A − C over the witness columns. A
//! gadget that fixes its witnesses has none. Continuous freedom only: a second *separate* solution is not seen.

use std::collections::BTreeMap;

use ark_ff::{Field, Zero};
use galen_circuits::field::F;

use crate::system::{Circuit, System, assign};

/// Witnesses, and how many dimensions of freedom they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freedom {
    /// Witnesses.
    pub witnesses: usize,
    /// Dimension of the kernel.
    pub nullity: usize,
}

/// The freedom of a gadget at the assignment that its own values give.
pub fn freedom(gadget: &(impl Circuit + ?Sized)) -> Freedom {
    let system = System::of(gadget);
    let z = assign(gadget, BTreeMap::new()).z;
    assert!(system.violated(&z).is_empty(), "the Jacobian is taken at a satisfying assignment");
    let instance = system.matrices.instance_variables();
    let witnesses = system.matrices.witness_variables();
    let rows = (0..system.constraints()).map(|row| gradient(&system, &z, row, instance));
    Freedom { witnesses, nullity: witnesses - rank(rows) }
}

fn gradient(system: &System, z: &[F], row: usize, instance: usize) -> BTreeMap<usize, F> {
    let [a, b, _] = system.products(row, z);
    let m = &system.matrices;
    let minus = -F::from(1u64);
    let mut gradient = BTreeMap::new();
    for (matrix, factor) in [(m.a(), b), (m.b(), a), (m.c(), minus)] {
        for (column, coefficient) in matrix.row(row).filter(|(column, _)| *column >= instance) {
            *gradient.entry(column - instance).or_insert_with(F::zero) += factor * coefficient;
        }
    }
    gradient.retain(|_, value| !value.is_zero());
    gradient
}

/// Rank by elimination of sparse rows, each by the pivots found before.
fn rank(rows: impl Iterator<Item = BTreeMap<usize, F>>) -> usize {
    // By highest column: gadgets define later witnesses by earlier ones, so that pivots stay sparse.
    let mut pivots: BTreeMap<usize, BTreeMap<usize, F>> = BTreeMap::new();
    for mut row in rows {
        while let Some((&column, &value)) = row.last_key_value() {
            let Some(pivot) = pivots.get(&column) else {
                let inverse = value.inverse().unwrap();
                row.values_mut().for_each(|v| *v *= inverse);
                pivots.insert(column, row);
                break;
            };
            for (place, factor) in pivot {
                let entry = row.entry(*place).or_insert_with(F::zero);
                *entry -= value * factor;
                if entry.is_zero() {
                    row.remove(place);
                }
            }
        }
    }
    pivots.len()
}
