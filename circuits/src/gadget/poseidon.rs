//! Poseidon inside circuits: three constraints an S-box, nothing for constants and matrices.
//!
//! In partial rounds the eight untouched lanes stay linear combinations. Their coefficients are the same in every
//! permutation, so they are worked out once ([`Plan`]) over the basis (1, the lanes after the first full rounds, the
//! output of each partial S-box).

use std::sync::LazyLock;

use ark_ff::{One, Zero};

use super::wire::{Builder, Wire};
use crate::field::F;
use crate::poseidon::{Domain, FULL_ROUNDS, NARROW, Parameters, RATE, WIDE};

struct Plan {
    /// For each partial round, the input of its S-box over the basis.
    inputs: Vec<Vec<F>>,
    /// The lanes after the last partial round, over the basis.
    outputs: Vec<Vec<F>>,
}

static NARROW_PLAN: LazyLock<Plan> = LazyLock::new(|| Plan::new(&NARROW));
static WIDE_PLAN: LazyLock<Plan> = LazyLock::new(|| Plan::new(&WIDE));

impl Plan {
    fn new(p: &Parameters) -> Self {
        let size = 1 + p.width + p.partial_rounds;
        let mut lanes: Vec<Vec<F>> = (0..p.width).map(|lane| unit(size, 1 + lane)).collect();
        let mut inputs = Vec::with_capacity(p.partial_rounds);
        for round in 0..p.partial_rounds {
            for (lane, constant) in lanes.iter_mut().zip(&p.ark[FULL_ROUNDS / 2 + round]) {
                lane[0] += constant;
            }
            let boxed = unit(size, 1 + p.width + round);
            inputs.push(std::mem::replace(&mut lanes[0], boxed));
            lanes = mix(p, &lanes);
        }
        Self { inputs, outputs: lanes }
    }
}

fn unit(size: usize, place: usize) -> Vec<F> {
    let mut vector = vec![F::zero(); size];
    vector[place] = F::one();
    vector
}

fn mix(p: &Parameters, lanes: &[Vec<F>]) -> Vec<Vec<F>> {
    let size = lanes[0].len();
    p.mds
        .iter()
        .map(|row| (0..size).map(|i| row.iter().zip(lanes).map(|(m, lane)| *m * lane[i]).sum()).collect())
        .collect()
}

impl Builder {
    /// [`crate::poseidon::compress`]: 240 constraints when the tag is the only constant lane.
    pub fn compress(&mut self, domain: Domain, left: &Wire, right: &Wire) -> Wire {
        let mut state = vec![Wire::constant(domain.tag(2)), left.clone(), right.clone()];
        self.permute(&NARROW, &NARROW_PLAN, &mut state);
        state.swap_remove(0)
    }

    /// [`crate::poseidon::hash`]: 402 to 405 constraints for each eight inputs.
    pub fn hash(&mut self, domain: Domain, inputs: &[Wire]) -> Wire {
        let mut state = vec![Wire::zero(); RATE + 1];
        state[0] = Wire::constant(domain.tag(inputs.len()));
        for block in inputs.chunks(RATE) {
            for (lane, input) in state[1..].iter_mut().zip(block) {
                lane.add_scaled(F::one(), input);
            }
            self.permute(&WIDE, &WIDE_PLAN, &mut state);
        }
        state.swap_remove(0)
    }

    /// [`crate::poseidon::keystream`].
    pub fn keystream(&mut self, domain: Domain, key: &Wire, nonce: &Wire, length: usize) -> Vec<Wire> {
        let mut out = Vec::with_capacity(length.next_multiple_of(RATE));
        for block in 0..length.div_ceil(RATE) {
            let mut state = vec![Wire::zero(); RATE + 1];
            state[0] = Wire::constant(domain.tag(3));
            state[1] = key.clone();
            state[2] = nonce.clone();
            state[3] = Wire::constant(F::from(block as u64));
            self.permute(&WIDE, &WIDE_PLAN, &mut state);
            out.extend(state.into_iter().skip(1));
        }
        out.truncate(length);
        out
    }

    fn permute(&mut self, p: &Parameters, plan: &Plan, state: &mut Vec<Wire>) {
        let half = FULL_ROUNDS / 2;
        for round in 0..half {
            self.full_round(p, round, state);
        }
        if self.builds_matrices() {
            self.partial_rounds_with_terms(plan, state);
        } else {
            self.partial_rounds_values_only(p, state);
        }
        for round in half + p.partial_rounds..FULL_ROUNDS + p.partial_rounds {
            self.full_round(p, round, state);
        }
    }

    fn full_round(&mut self, p: &Parameters, round: usize, state: &mut Vec<Wire>) {
        let boxed: Vec<Wire> = state
            .iter()
            .zip(&p.ark[round])
            .map(|(lane, constant)| self.sbox(&lane.plus(*constant)))
            .collect();
        *state = p.mds.iter().map(|row| Wire::combination(row.iter().copied().zip(&boxed))).collect();
    }

    /// x^5. A constant costs nothing: the lanes that a fixed arity leaves empty, and the tag in the first round.
    fn sbox(&mut self, wire: &Wire) -> Wire {
        match wire.as_constant() {
            Some(value) => Wire::constant(value * value * value * value * value),
            None => self.fifth_power(wire),
        }
    }

    fn partial_rounds_with_terms(&mut self, plan: &Plan, state: &mut Vec<Wire>) {
        let mut basis = vec![Wire::one()];
        basis.append(state);
        for input in &plan.inputs {
            let wire = Wire::combination(input.iter().copied().zip(&basis).filter(|(c, _)| !c.is_zero()));
            let boxed = self.fifth_power(&wire);
            basis.push(boxed);
        }
        *state =
            plan.outputs.iter().map(|lane| Wire::combination(lane.iter().copied().zip(&basis))).collect();
    }

    /// On bare values: constants carry a term even where no linear combination is wanted, and 63 rounds of mixing would
    /// multiply those nine by nine.
    fn partial_rounds_values_only(&mut self, p: &Parameters, state: &mut Vec<Wire>) {
        let mut lanes: Vec<F> = state.iter().map(Wire::value).collect();
        for constants in &p.ark[FULL_ROUNDS / 2..FULL_ROUNDS / 2 + p.partial_rounds] {
            lanes.iter_mut().zip(constants).for_each(|(lane, constant)| *lane += constant);
            lanes[0] = self.fifth_power(&Wire::bare(lanes[0])).value();
            lanes = p.mds.iter().map(|row| row.iter().zip(&lanes).map(|(m, lane)| *m * lane).sum()).collect();
        }
        *state = lanes.into_iter().map(Wire::bare).collect();
    }
}
