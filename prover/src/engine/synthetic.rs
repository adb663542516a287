//! A circuit of any size with the profile of the real ones, for tests and measurements of engines.
//!
//! Words are unpacked into bits, most of them 0, and chains of x ↦ x⁵ with sums in between stand for hashing. It
//! proves nothing of interest.

use ark_bls12_381::Fr;
use ark_ff::{Field, One};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Public inputs of the circuit.
pub const SYNTHETIC_INPUTS: usize = 2;

const WORD_BITS: usize = 64;
/// Three constraints a round: x², x⁴, x⁵.
const ROUNDS: usize = 6;
/// Of four bits about one is 1.
const ONES: f64 = 0.27;

/// `words` words of 64 bits each, and a chain of six rounds for each word.
#[derive(Debug, Clone)]
pub struct Synthetic {
    words: usize,
    seed: u64,
}

impl Synthetic {
    /// The circuit with at least `constraints` constraints; the seed chooses the values, not the circuit.
    pub fn with_constraints(constraints: usize, seed: u64) -> Self {
        Self { words: constraints.div_ceil(WORD_BITS + 1 + 3 * ROUNDS), seed }
    }
}

impl ConstraintSynthesizer<Fr> for Synthetic {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        let salt = Fr::from(rng.r#gen::<u64>());
        let words: Vec<u64> = (0..self.words).map(|_| sparse_word(&mut rng)).collect();
        let digest = words.iter().fold(salt, |state, word| chain(state + Fr::from(*word)));
        let salt_input = cs.new_input_variable(|| Ok(salt))?;
        let digest_input = cs.new_input_variable(|| Ok(digest))?;
        let (mut state, mut value) = (LinearCombination::from(salt_input), salt);
        for word in words {
            let packed = unpack(&cs, word)?;
            value += Fr::from(word);
            let absorbed = state + packed;
            (state, value) = rounds(&cs, absorbed, value)?;
        }
        let last = state;
        let one = || LinearCombination::from(Variable::One);
        cs.enforce_r1cs_constraint(|| last, one, || LinearCombination::from(digest_input))
    }
}

fn sparse_word(rng: &mut ChaCha20Rng) -> u64 {
    (0..WORD_BITS).fold(0, |word, bit| word | u64::from(rng.gen_bool(ONES)) << bit)
}

/// The bits of a word, each shown to be a bit, and the word as their combination.
fn unpack(cs: &ConstraintSystemRef<Fr>, word: u64) -> Result<Variable, SynthesisError> {
    let packed = cs.new_witness_variable(|| Ok(Fr::from(word)))?;
    let mut sum = LinearCombination::zero();
    let mut weight = Fr::one();
    for i in 0..WORD_BITS {
        let bit = cs.new_witness_variable(|| Ok(Fr::from(word >> i & 1)))?;
        cs.enforce_r1cs_constraint(
            || LinearCombination::from(bit),
            || LinearCombination::from(bit) - Variable::One,
            LinearCombination::zero,
        )?;
        sum += (weight, bit);
        weight += weight;
    }
    cs.enforce_r1cs_constraint(
        || sum,
        || LinearCombination::from(Variable::One),
        || LinearCombination::from(packed),
    )?;
    Ok(packed)
}

fn chain(mut state: Fr) -> Fr {
    for round in 0..ROUNDS {
        state = (state + Fr::from(round as u64)).pow([5]);
    }
    state
}

fn rounds(
    cs: &ConstraintSystemRef<Fr>,
    state: LinearCombination<Fr>,
    value: Fr,
) -> Result<(LinearCombination<Fr>, Fr), SynthesisError> {
    let (mut state, mut value) = (state, value);
    for round in 0..ROUNDS {
        let constant = Fr::from(round as u64);
        let input = state + (constant, Variable::One);
        value += constant;
        let square = multiply(cs, input.clone(), input.clone(), value.square())?;
        let fourth = multiply(cs, square.into(), square.into(), value.square().square())?;
        let fifth = multiply(cs, fourth.into(), input, value.pow([5]))?;
        (state, value) = (fifth.into(), value.pow([5]));
    }
    Ok((state, value))
}

fn multiply(
    cs: &ConstraintSystemRef<Fr>,
    left: LinearCombination<Fr>,
    right: LinearCombination<Fr>,
    product: Fr,
) -> Result<Variable, SynthesisError> {
    let result = cs.new_witness_variable(|| Ok(product))?;
    cs.enforce_r1cs_constraint(|| left, || right, || LinearCombination::from(result))?;
    Ok(result)
}
