//! Wires, bits and the builder that allocates and constrains them.

use ark_ff::{AdditiveGroup, Field, One, Zero};
use ark_relations::gr1cs::{ConstraintSystemRef, LinearCombination, SynthesisError, Variable};

use super::forgery::{Forgery, Role};
use crate::field::{F, power_of_two, to_bits};

/// A value inside a circuit, and the linear combination of variables that must equal it. `Debug` shows no value.
#[derive(Clone)]
pub struct Wire {
    value: F,
    /// Made of constants alone: the same for every witness.
    constant: bool,
    /// Left empty when only the assignment is wanted.
    terms: Vec<(F, Variable)>,
}

/// A wire that the constraints hold to 0 or 1.
#[derive(Clone, Debug)]
pub struct Bit(Wire);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire(..)")
    }
}

impl Wire {
    /// The constant `value`.
    pub fn constant(value: F) -> Self {
        let terms = if value.is_zero() { Vec::new() } else { vec![(value, Variable::One)] };
        Self { value, constant: true, terms }
    }

    /// The constant 0.
    pub fn zero() -> Self {
        Self { value: F::zero(), constant: true, terms: Vec::new() }
    }

    /// The constant 1.
    pub fn one() -> Self {
        Self::constant(F::one())
    }

    /// A value that depends on witnesses, without its linear combination: for synthesis of values only.
    pub(super) fn bare(value: F) -> Self {
        Self { value, constant: false, terms: Vec::new() }
    }

    /// The wire's value.
    pub fn value(&self) -> F {
        self.value
    }

    /// self + other. No constraint.
    pub fn add(&self, other: &Wire) -> Wire {
        let mut sum = self.clone();
        sum.add_scaled(F::one(), other);
        sum
    }

    /// self − other. No constraint.
    pub fn sub(&self, other: &Wire) -> Wire {
        let mut difference = self.clone();
        difference.add_scaled(-F::one(), other);
        difference
    }

    /// self · factor. No constraint.
    pub fn scale(&self, factor: F) -> Wire {
        let mut scaled = Wire::zero();
        scaled.add_scaled(factor, self);
        scaled
    }

    /// self + constant. No constraint.
    pub fn plus(&self, constant: F) -> Wire {
        self.add(&Wire::constant(constant))
    }

    /// self − constant. No constraint.
    pub fn minus(&self, constant: F) -> Wire {
        self.plus(-constant)
    }

    /// 1 − self. No constraint.
    pub fn not(&self) -> Wire {
        Wire::one().sub(self)
    }

    /// self += factor · other. No constraint.
    pub fn add_scaled(&mut self, factor: F, other: &Wire) {
        self.value += factor * other.value;
        self.constant &= other.constant;
        self.terms
            .extend(other.terms.iter().map(|(coefficient, variable)| (*coefficient * factor, *variable)));
    }

    /// Σ factorᵢ · wireᵢ. No constraint.
    pub fn combination<'a>(terms: impl IntoIterator<Item = (F, &'a Wire)>) -> Wire {
        let mut sum = Wire::zero();
        for (factor, wire) in terms {
            sum.add_scaled(factor, wire);
        }
        sum
    }

    fn linear_combination(&self) -> LinearCombination<F> {
        let mut terms = LinearCombination(self.terms.clone());
        terms.compactify();
        terms.retain(|(coefficient, _)| !coefficient.is_zero());
        terms
    }

    /// The value of a wire that is made of constants alone.
    pub fn as_constant(&self) -> Option<F> {
        self.constant.then_some(self.value)
    }
}

impl Bit {
    /// The constant bit.
    pub fn constant(value: bool) -> Self {
        Self(Wire::constant(F::from(value)))
    }

    /// The bit as a wire.
    pub fn wire(&self) -> &Wire {
        &self.0
    }

    /// The bit's value. A wire that a forger has set to neither 0 nor 1 reads as set.
    pub fn is_set(&self) -> bool {
        !self.0.value.is_zero()
    }

    /// ¬self. No constraint.
    pub fn not(&self) -> Bit {
        Bit(self.0.not())
    }

    /// Declares that other constraints already hold `wire` to 0 or 1.
    pub fn trusted(wire: Wire) -> Bit {
        Bit(wire)
    }

    /// Σ 2^i · bitᵢ, least significant first. No constraint.
    pub fn number(bits: &[Bit]) -> Wire {
        let mut factor = F::one();
        let mut sum = Wire::zero();
        for bit in bits {
            sum.add_scaled(factor, &bit.0);
            factor.double_in_place();
        }
        sum
    }
}

/// Allocates wires in an arkworks constraint system and adds constraints to it.
pub struct Builder {
    cs: ConstraintSystemRef<F>,
    matrices: bool,
    sections: Vec<(&'static str, usize)>,
    constraints: usize,
    error: Option<SynthesisError>,
    pub(super) forgery: Option<Forgery>,
}

impl Builder {
    /// A builder on `cs`. Whether matrices are built is the constraint system's mode.
    pub fn new(cs: ConstraintSystemRef<F>) -> Self {
        let matrices = cs.should_construct_matrices();
        Self { cs, matrices, sections: Vec::new(), constraints: 0, error: None, forgery: None }
    }

    /// Whether linear combinations are being formed.
    pub(crate) fn builds_matrices(&self) -> bool {
        self.matrices
    }

    /// Names the constraints that follow.
    pub fn section(&mut self, name: &'static str) {
        self.sections.push((name, self.constraints));
    }

    /// The sections: name and index of the first constraint.
    pub fn sections(&self) -> &[(&'static str, usize)] {
        &self.sections
    }

    /// Constraints so far, counted whether or not matrices are built.
    pub fn constraints(&self) -> usize {
        self.constraints
    }

    /// Ends the circuit.
    ///
    /// # Errors
    /// The first error that the constraint system gave.
    pub fn finish(self) -> Result<(), SynthesisError> {
        self.error.map_or(Ok(()), Err)
    }

    /// A wire whose terms are a single variable.
    fn allocated(&mut self, value: F, variable: Result<Variable, SynthesisError>) -> Wire {
        match variable {
            Ok(variable) if self.matrices => {
                Wire { value, constant: false, terms: vec![(F::one(), variable)] }
            }
            Ok(_) => Wire { value, constant: false, terms: Vec::new() },
            Err(error) => {
                self.error.get_or_insert(error);
                Wire { value, constant: false, terms: Vec::new() }
            }
        }
    }

    /// A public input. Inputs are numbered in the order of these calls.
    pub fn input(&mut self, value: F) -> Wire {
        let value = self.forgery.as_mut().map_or(value, |forgery| forgery.input(value));
        let variable = self.cs.new_input_variable(|| Ok(value));
        self.allocated(value, variable)
    }

    /// A free witness.
    pub fn witness(&mut self, value: F) -> Wire {
        self.allocate(Role::Free, value)
    }

    fn allocate(&mut self, role: Role, value: F) -> Wire {
        let value = self.forgery.as_mut().map_or(value, |forgery| forgery.witness(role, value));
        let variable = self.cs.new_witness_variable(|| Ok(value));
        self.allocated(value, variable)
    }

    /// a · b = c. One constraint.
    pub fn enforce(&mut self, a: &Wire, b: &Wire, c: &Wire) {
        self.constraints += 1;
        if !self.matrices {
            return;
        }
        assert!(
            !(a.constant && b.constant && c.constant),
            "a constraint between constants in section {:?}",
            self.sections.last()
        );
        let result = self.cs.enforce_r1cs_constraint(
            || a.linear_combination(),
            || b.linear_combination(),
            || c.linear_combination(),
        );
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    /// a = b. One constraint.
    pub fn enforce_equal(&mut self, a: &Wire, b: &Wire) {
        self.enforce(&a.sub(b), &Wire::one(), &Wire::zero());
    }

    /// when = 0 or wire = 0. One constraint.
    pub fn enforce_zero_when(&mut self, when: &Bit, wire: &Wire) {
        self.enforce(when.wire(), wire, &Wire::zero());
    }

    /// a implies b. One constraint.
    pub fn enforce_implies(&mut self, a: &Bit, b: &Bit) {
        self.enforce_zero_when(a, &b.wire().not());
    }

    /// A new wire holding a · b. One constraint.
    pub fn mul(&mut self, a: &Wire, b: &Wire) -> Wire {
        let product = self.allocate(Role::Computed, a.value * b.value);
        self.enforce(a, b, &product);
        product
    }

    /// A new wire holding numerator / denominator, for a denominator that is never 0. One constraint.
    pub fn quotient(&mut self, numerator: &Wire, denominator: &Wire) -> Wire {
        let inverse = denominator.value.inverse().unwrap_or_default();
        let quotient = self.allocate(Role::Computed, numerator.value * inverse);
        self.enforce(&quotient, denominator, numerator);
        quotient
    }

    /// A new wire holding a^5. Three constraints.
    pub fn fifth_power(&mut self, a: &Wire) -> Wire {
        let square = self.mul(a, a);
        let fourth = self.mul(&square, &square);
        self.mul(&fourth, a)
    }

    /// A new bit. One constraint.
    pub fn bit(&mut self, value: bool) -> Bit {
        let wire = self.allocate(Role::Bit, F::from(value));
        self.enforce(&wire, &wire, &wire);
        Bit(wire)
    }

    /// Holds a wire to 0 or 1. One constraint.
    pub fn enforce_bit(&mut self, wire: &Wire) -> Bit {
        self.enforce(wire, wire, wire);
        Bit(wire.clone())
    }

    /// The lowest `count` bits of a value, as new bits tied to nothing yet. `count` constraints.
    pub fn low_bits(&mut self, value: F, count: usize) -> Vec<Bit> {
        to_bits(&value, count).into_iter().map(|bit| self.bit(bit)).collect()
    }

    /// The bits of a wire in 0..2^count. `count` + 1 constraints; `count` at most 253, so that they are unique.
    pub fn bits(&mut self, wire: &Wire, count: usize) -> Vec<Bit> {
        assert!(count <= 253, "254 bits and more have an alias below the field's order");
        let bits = self.low_bits(wire.value, count);
        self.enforce_equal(&Bit::number(&bits), wire);
        bits
    }

    /// a · b lies in 0..2^count: with a bit for `a`, a range check of `b` where the bit is set. `count` + 1 constraints.
    pub fn enforce_product_in_range(&mut self, a: &Wire, b: &Wire, count: usize) {
        assert!(count <= 253, "254 bits and more have an alias below the field's order");
        let bits = self.low_bits(a.value * b.value, count);
        self.enforce(a, b, &Bit::number(&bits));
    }

    /// Whether a ≥ b, for a and b in 0..2^count. `count` + 1 constraints.
    pub fn at_least(&mut self, a: &Wire, b: &Wire, count: usize) -> Bit {
        let shifted = a.sub(b).plus(power_of_two(count));
        let low = self.low_bits(shifted.value, count);
        let high = shifted.sub(&Bit::number(&low)).scale(power_of_two(count).inverse().unwrap_or_default());
        self.enforce_bit(&high)
    }

    /// Whether a wire is zero. Three constraints; the third leaves no freedom to the inverse of zero.
    pub fn is_zero(&mut self, wire: &Wire) -> Bit {
        let inverse = wire.value.inverse().unwrap_or_default();
        let zero = self.allocate(Role::Computed, F::from(wire.value.is_zero()));
        let inverse = self.allocate(Role::Computed, inverse);
        self.enforce(wire, &inverse, &zero.not());
        self.enforce(wire, &zero, &Wire::zero());
        self.enforce(&inverse, &zero, &Wire::zero());
        Bit(zero)
    }

    /// a ∧ b. One constraint.
    pub fn and(&mut self, a: &Bit, b: &Bit) -> Bit {
        Bit(self.mul(a.wire(), b.wire()))
    }

    /// a ∨ b. One constraint.
    pub fn or(&mut self, a: &Bit, b: &Bit) -> Bit {
        let both = self.mul(a.wire(), b.wire());
        Bit(a.wire().add(b.wire()).sub(&both))
    }

    /// `when` ? a : b. One constraint.
    pub fn select(&mut self, when: &Bit, a: &Wire, b: &Wire) -> Wire {
        self.mul(when.wire(), &a.sub(b)).add(b)
    }

    /// Σ aᵢ · bᵢ. One constraint a pair.
    pub fn inner_product(&mut self, pairs: &[(&Wire, &Wire)]) -> Wire {
        let mut sum = Wire::zero();
        for (a, b) in pairs {
            let product = self.mul(a, b);
            sum.add_scaled(F::one(), &product);
        }
        sum
    }
}
