//! Poseidon, as the circuits use it: fixed arity, one domain a purpose.
//!
//! Parameters: α = 5, 8 full rounds, round constants and MDS matrices from arkworks' Grain generator. Width 3 with 57
//! partial rounds for [`compress`], width 9 with 63 for [`hash`] and [`keystream`]. A state is `[capacity, rate…]`; the
//! capacity starts as a tag that names the purpose and the number of inputs, so that neither another purpose nor another
//! length can give the same hash; the output is lane 0 after the last permutation. (Grassi et al., USENIX Security 2021.)

use std::sync::LazyLock;

use ark_crypto_primitives::sponge::poseidon::find_poseidon_ark_and_mds;
use ark_ff::{Field, PrimeField, Zero};

use crate::field::{F, power_of_two};

/// Full rounds, half before and half after the partial rounds.
pub const FULL_ROUNDS: usize = 8;
/// Rate of [`hash`].
pub const RATE: usize = 8;

/// What a hash is for. The name, with the number of inputs, is the capacity's first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain(pub &'static str);

impl Domain {
    /// The capacity's first value: the name's bytes, little-endian, and the number of inputs from bit 200 on.
    pub fn tag(self, inputs: usize) -> F {
        assert!(self.0.len() <= 24, "a domain's name has at most 24 bytes");
        F::from_le_bytes_mod_order(self.0.as_bytes()) + F::from(inputs as u64) * power_of_two(200)
    }
}

/// Round constants and matrix of one width.
pub struct Parameters<P: PrimeField = F> {
    /// Lanes of the state.
    pub width: usize,
    /// Partial rounds.
    pub partial_rounds: usize,
    /// `ark[round][lane]`.
    pub ark: Vec<Vec<P>>,
    /// `mds[row][column]`.
    pub mds: Vec<Vec<P>>,
}

impl<P: PrimeField> Parameters<P> {
    /// arkworks' parameters for this width: rate `width` − 1, α = 5.
    pub fn generate(width: usize, partial_rounds: usize) -> Self {
        let bits = u64::from(P::MODULUS_BIT_SIZE);
        let (ark, mds) =
            find_poseidon_ark_and_mds::<P>(bits, width - 1, FULL_ROUNDS as u64, partial_rounds as u64, 0);
        Self { width, partial_rounds, ark, mds }
    }

    /// Whether every lane goes through the S-box in this round.
    pub fn is_full_round(&self, round: usize) -> bool {
        round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + self.partial_rounds
    }

    /// The permutation.
    pub fn permute(&self, state: &mut [P]) {
        let mut next = vec![P::zero(); self.width];
        for (round, constants) in self.ark.iter().enumerate() {
            for (lane, constant) in state.iter_mut().zip(constants) {
                *lane += constant;
            }
            let boxed = if self.is_full_round(round) { self.width } else { 1 };
            for lane in state.iter_mut().take(boxed) {
                *lane *= lane.square().square();
            }
            for (out, row) in next.iter_mut().zip(&self.mds) {
                *out = P::sum_of_products_slice(row, state);
            }
            state.copy_from_slice(&next);
        }
    }
}

/// A sum of products of equally long slices; `P::sum_of_products` wants arrays.
trait SumOfProducts: Field {
    fn sum_of_products_slice(a: &[Self], b: &[Self]) -> Self {
        a.iter().zip(b).map(|(x, y)| *x * y).sum()
    }
}
impl<P: Field> SumOfProducts for P {}

/// Width 3, for 2-to-1 compression.
pub static NARROW: LazyLock<Parameters> = LazyLock::new(|| Parameters::generate(3, 57));
/// Width 9, for everything else.
pub static WIDE: LazyLock<Parameters> = LazyLock::new(|| Parameters::generate(9, 63));

/// 2-to-1 compression: one permutation of width 3.
pub fn compress(domain: Domain, left: F, right: F) -> F {
    let mut state = [domain.tag(2), left, right];
    NARROW.permute(&mut state);
    state[0]
}

/// Hash of a list whose length the domain fixes: rate 8, lane 0 out.
pub fn hash(domain: Domain, inputs: &[F]) -> F {
    let mut state = [F::zero(); RATE + 1];
    state[0] = domain.tag(inputs.len());
    for block in inputs.chunks(RATE) {
        for (lane, input) in state[1..].iter_mut().zip(block) {
            *lane += input;
        }
        WIDE.permute(&mut state);
    }
    state[0]
}

/// Keystream of `length` elements in counter mode: block b is the rate of the permutation of (tag, key, nonce, b).
pub fn keystream(domain: Domain, key: F, nonce: F, length: usize) -> Vec<F> {
    let mut out = Vec::with_capacity(length.next_multiple_of(RATE));
    for block in 0..length.div_ceil(RATE) {
        let mut state = [F::zero(); RATE + 1];
        state[0] = domain.tag(3);
        state[1] = key;
        state[2] = nonce;
        state[3] = F::from(block as u64);
        WIDE.permute(&mut state);
        out.extend_from_slice(&state[1..]);
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_crypto_primitives::sponge::{
        CryptographicSponge, FieldBasedCryptographicSponge,
        poseidon::{PoseidonConfig, PoseidonSponge},
    };

    /// circomlib's published value of Poseidon(1, 2) over BN254.
    #[test]
    fn agrees_with_circomlib_over_bn254() {
        type B = ark_bn254::Fr;
        let parameters = Parameters::<B>::generate(3, 57);
        let mut state = [B::zero(), B::from(1u64), B::from(2u64)];
        parameters.permute(&mut state);
        assert_eq!(
            state[0].to_string(),
            "7853200120776062878684798364095072458815029376092732009249414926327459813530"
        );
    }

    /// arkworks' own sponge runs the same permutation: after one block its first squeezed element is our lane 1.
    #[test]
    fn agrees_with_the_permutation_of_arkworks() {
        let p = &*WIDE;
        let config =
            PoseidonConfig::new(FULL_ROUNDS, p.partial_rounds, 5, p.mds.clone(), p.ark.clone(), RATE, 1);
        let inputs: Vec<F> = (1..=8u64).map(F::from).collect();
        let mut sponge = PoseidonSponge::new(&config);
        sponge.absorb(&inputs);
        let mut state = vec![F::zero(); 9];
        state[1..].copy_from_slice(&inputs);
        p.permute(&mut state);
        assert_eq!(sponge.squeeze_native_field_elements(8), state[1..].to_vec());
    }

    #[test]
    fn purpose_and_length_separate() {
        let (a, b) = (Domain("a"), Domain("b"));
        let one = F::from(1u64);
        assert_ne!(hash(a, &[one]), hash(b, &[one]));
        assert_ne!(hash(a, &[one]), hash(a, &[one, F::zero()]));
        assert_ne!(keystream(a, one, one, 9)[0], keystream(a, one, F::zero(), 9)[0]);
        assert_eq!(keystream(a, one, one, 9)[..8], keystream(a, one, one, 8)[..]);
    }

    /// Pins the parameters: a change of hash is a change of version.
    #[test]
    fn golden_values() {
        let d = Domain("galen.test");
        assert_eq!(
            (compress(d, F::from(1u64), F::from(2u64)).to_string(), hash(d, &[F::from(3u64)]).to_string()),
            (
                include_str!("../golden/compress.txt").trim().to_owned(),
                include_str!("../golden/hash.txt").trim().to_owned()
            )
        );
    }
}
