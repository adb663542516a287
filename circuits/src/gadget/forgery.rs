//! A forger's hand on single witnesses: for the evidence that the circuits are sound.
//!
//! A prover may put any value in any witness. A [`Builder`] that forges puts the values that it is told in place of the
//! computed ones, and goes on computing from them: everything that follows is consistent with the lie, so that only the
//! constraint that forbids it is left to object. Nothing here is a danger to a verifier, who never trusts a builder.

use std::collections::BTreeMap;

use super::wire::Builder;
use crate::field::F;
use ark_relations::gr1cs::ConstraintSystemRef;

/// How a witness comes about when nobody lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The prover's own choice.
    Free,
    /// A bit, of a choice or of another wire.
    Bit,
    /// Computed from other wires by the constraint that follows it.
    Computed,
}

/// Values in place of computed ones, and what the witnesses are.
#[derive(Default)]
pub(super) struct Forgery {
    inputs: BTreeMap<usize, F>,
    inputs_so_far: usize,
    changes: BTreeMap<usize, F>,
    pub(super) roles: Vec<Role>,
}

impl Forgery {
    pub(super) fn input(&mut self, value: F) -> F {
        self.inputs_so_far += 1;
        self.inputs.get(&(self.inputs_so_far - 1)).copied().unwrap_or(value)
    }

    pub(super) fn witness(&mut self, role: Role, value: F) -> F {
        let index = self.roles.len();
        self.roles.push(role);
        self.changes.get(&index).copied().unwrap_or(value)
    }
}

impl Builder {
    /// A builder that sets the public inputs and witnesses of these indices to these values, whatever they ought to be.
    pub fn forging(
        cs: ConstraintSystemRef<F>,
        inputs: BTreeMap<usize, F>,
        changes: BTreeMap<usize, F>,
    ) -> Self {
        let mut builder = Self::new(cs);
        builder.forgery = Some(Forgery { inputs, changes, ..Forgery::default() });
        builder
    }

    /// What the witnesses so far are, when the builder forges; else nothing.
    pub fn roles(&self) -> &[Role] {
        self.forgery.as_ref().map_or(&[], |forgery| &forgery.roles)
    }
}
