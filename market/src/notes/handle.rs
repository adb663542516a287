//! That commitments and audit handles go together, so that the authority reads the amounts that were committed to.
//!
//! **Statement.** For every output j there are v_j, r_j with `C_j = v_j·B + r_j·B̃` and `A_j = r_j·K`.
//!
//! **Transcript** (`galen 2026 money handles v1`): the context, K, the number of outputs, every C_j and A_j, then the announcements
//! `T_j = a_j·B + b_j·B̃`, `U_j = b_j·K`; the challenge c last.
//!
//! **Proof.** c and the responses `z_j = a_j + c·v_j`, `y_j = b_j + c·r_j`. The announcements are not sent.
//!
//! **Checks.** With `T_j = z_j·B + y_j·B̃ − c·C_j` and `U_j = y_j·K − c·A_j` the transcript gives c again.
//!
//! **Why it is sound.** The map (v, r) ↦ (v·B + r·B̃, r·K) is a homomorphism of groups of prime order; two answers to one
//! announcement with c ≠ c′ give v = (z − z′)/(c − c′), r = (y − y′)/(c − c′), which satisfy the statement. For all outputs c is
//! the same, and each is extracted by itself.

use curve25519_dalek::traits::VartimeMultiscalarMul;
use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::Transcript;
use rand::{CryptoRng, RngCore};

use super::group::{Exponent, Point, Say, bases};
use super::note::Opening;
use crate::codec::canonical;

/// A commitment with its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// C.
    pub commitment: Point,
    /// A.
    pub handle: Point,
}

/// The proof for all outputs of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandleProof {
    challenge: Exponent,
    responses: Vec<Response>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Response {
    amount: Exponent,
    blinding: Exponent,
}

canonical!(struct Response { amount, blinding });
canonical!(struct HandleProof { challenge, responses });

fn begin(context: &[u8; 32], authority: &Point, outputs: &[Handled]) -> Transcript {
    let mut transcript = Transcript::new(b"galen 2026 money handles v1");
    transcript.append_message(b"context", context);
    transcript.point(b"K", authority.get());
    transcript.number(b"outputs", outputs.len() as u64);
    for output in outputs {
        transcript.point(b"C", output.commitment.get());
        transcript.point(b"A", output.handle.get());
    }
    transcript
}

fn answer(mut transcript: Transcript, announced: &[(RistrettoPoint, RistrettoPoint)]) -> Scalar {
    for (commitment, handle) in announced {
        transcript.point(b"T", commitment);
        transcript.point(b"U", handle);
    }
    transcript.challenge(b"c")
}

impl HandleProof {
    /// Proves for outputs with their openings.
    pub fn new(
        context: &[u8; 32],
        authority: &Point,
        outputs: &[(Handled, Opening)],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let scalars = |(output, opening): &(Handled, Opening)| {
            (*output, (Scalar::from(opening.amount), opening.blinding))
        };
        Self::of_scalars(context, authority, &outputs.iter().map(scalars).collect::<Vec<_>>(), rng)
    }

    /// Proves for outputs with v and r, whatever they are: this proof says nothing of ranges.
    pub(super) fn of_scalars(
        context: &[u8; 32],
        authority: &Point,
        outputs: &[(Handled, (Scalar, Scalar))],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let public: Vec<Handled> = outputs.iter().map(|(output, _)| *output).collect();
        let transcript = begin(context, authority, &public);
        let secrets: Vec<Scalar> = outputs.iter().flat_map(|(_, (v, r))| [*v, *r]).collect();
        let nonces = transcript.nonces(&secrets, 2 * outputs.len(), rng);
        let pairs: Vec<(Scalar, Scalar)> =
            nonces.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect();
        let announce = |(a, b): &(Scalar, Scalar)| (bases().commit(*a, *b), b * authority.get());
        let challenge = answer(transcript, &pairs.iter().map(announce).collect::<Vec<_>>());
        let answered = pairs.iter().zip(outputs.iter().map(|(_, opening)| opening));
        let respond = |((a, b), (v, r)): (&(Scalar, Scalar), &(Scalar, Scalar))| Response {
            amount: Exponent(a + challenge * v),
            blinding: Exponent(b + challenge * r),
        };
        let responses = answered.map(respond).collect();
        Self { challenge: Exponent(challenge), responses }
    }

    /// Whether it is a proof for these outputs.
    #[must_use]
    pub fn holds(&self, context: &[u8; 32], authority: &Point, outputs: &[Handled]) -> bool {
        if self.responses.len() != outputs.len() {
            return false;
        }
        let Exponent(c) = self.challenge;
        let announce = |(output, response): (&Handled, &Response)| {
            let (Exponent(z), Exponent(y)) = (response.amount, response.blinding);
            let commitment = RistrettoPoint::vartime_multiscalar_mul(
                [z, y, -c],
                [bases().B, bases().B_blinding, *output.commitment.get()],
            );
            let handle =
                RistrettoPoint::vartime_multiscalar_mul([y, -c], [*authority.get(), *output.handle.get()]);
            (commitment, handle)
        };
        let announced: Vec<_> = outputs.iter().zip(&self.responses).map(announce).collect();
        answer(begin(context, authority, outputs), &announced) == c
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
