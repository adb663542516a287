//! That several elements have one logarithm, each to its own base, and that it is known.
//!
//! With one pair this is Schnorr's proof of knowledge, and with a message in its context a signature; with two it is
//! Chaum and Pedersen's proof of equal logarithms.
//!
//! **Statement.** For pairs (G_i, X_i) there is an x with `X_i = x·G_i` for all i.
//!
//! **Transcript** (a label for each use): the context, the number of pairs, every G_i and X_i, the announcements
//! `T_i = a·G_i`; the challenge c last.
//!
//! **Proof.** c and `z = a + c·x`. The announcements are not sent.
//!
//! **Checks.** With `T_i = z·G_i − c·X_i` the transcript gives c again.
//!
//! **Why it is sound.** Two answers to one announcement with c ≠ c′ give x = (z − z′)/(c − c′), and it fits every pair. The group
//! has prime order, so there is no part of an element that the equations do not see.

use curve25519_dalek::traits::VartimeMultiscalarMul;
use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::Transcript;
use rand::{CryptoRng, RngCore};

use super::group::{Exponent, Say};
use crate::codec::canonical;

/// A base, and an element of which the logarithm to it is meant.
pub type Pair = (RistrettoPoint, RistrettoPoint);

/// The proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameLogarithm {
    challenge: Exponent,
    response: Exponent,
}

canonical!(struct SameLogarithm { challenge, response });

/// What a proof is for.
#[derive(Clone, Copy, Debug)]
pub struct Meaning<'a> {
    /// The protocol that it is part of.
    pub label: &'static [u8],
    /// Everything public that it is bound to besides the pairs.
    pub context: &'a [u8],
}

impl Meaning<'_> {
    fn begin(&self, pairs: &[Pair]) -> Transcript {
        let mut transcript = Transcript::new(self.label);
        transcript.append_message(b"context", self.context);
        transcript.number(b"pairs", pairs.len() as u64);
        for (base, image) in pairs {
            transcript.point(b"G", base);
            transcript.point(b"X", image);
        }
        transcript
    }
}

fn answer(mut transcript: Transcript, announced: impl Iterator<Item = RistrettoPoint>) -> Scalar {
    announced.for_each(|point| transcript.point(b"T", &point));
    transcript.challenge(b"c")
}

impl SameLogarithm {
    /// Proves for pairs with their logarithm.
    pub fn new(
        meaning: Meaning<'_>,
        pairs: &[Pair],
        logarithm: &Scalar,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let transcript = meaning.begin(pairs);
        let nonce = transcript.nonces(&[*logarithm], 1, rng).pop().unwrap_or_default();
        let challenge = answer(transcript, pairs.iter().map(|(base, _)| nonce * base));
        Self { challenge: Exponent(challenge), response: Exponent(nonce + challenge * logarithm) }
    }

    /// Whether it is a proof for these pairs.
    #[must_use]
    pub fn holds(&self, meaning: Meaning<'_>, pairs: &[Pair]) -> bool {
        let scalars = [self.response.0, -self.challenge.0];
        let announced = pairs
            .iter()
            .map(|(base, image)| RistrettoPoint::vartime_multiscalar_mul(scalars, [*base, *image]));
        answer(meaning.begin(pairs), announced) == self.challenge.0
    }
}

#[cfg(test)]
#[path = "sigma_tests.rs"]
mod tests;
