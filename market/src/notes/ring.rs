//! That one note of a ring is spent by its owner, for the amount of a new commitment, and not for the second time; and not which.
//!
//! CLSAG (Goodell, Noether, RandomRun, eprint 2019/654) over B̃, with Hp of key *and* note, so that two notes with one key are
//! two.
//!
//! **Statement.** For a ring of (id_i, P_i, C_i), a pseudo-commitment C′, I and D: there are l, x, z with `P_l = x·B̃`,
//! `C_l − C′ = z·B̃`, `I = x·H_l`, `D = z·H_l`, where `H_i = Hp(P_i, id_i)`. I is the *key image*: a note has one.
//!
//! **Transcript** (`galen 2026 money ring v1`): the message, the size, every (id_i, P_i, C_i), C′, I, D; the weights μ, ν. Then, for each
//! member in turn, L_i and R_i, and the challenge of the next.
//!
//! **Proof.** With `W_i = μ·P_i + ν·(C_i − C′)` and `Ĩ = μ·I + ν·D`: `L_i = s_i·B̃ + c_i·W_i`, `R_i = s_i·H_i + c_i·Ĩ`, c_(i+1) from L_i and R_i,
//! around the ring. Sent: c_0 and all s_i, with C′, I, D.
//!
//! **Checks.** The ring closes; I and D are not the identity.
//!
//! **Why it is sound.** The ring closes only if, for some l, L_l and R_l were fixed before c_l was known: then W_l = w·B̃ and Ĩ = w·H_l for one w
//! (Chaum–Pedersen). As μ, ν are drawn after everything in W and Ĩ, both sides agree in each part but with negligible
//! probability: P_l = x·B̃, C_l − C′ = z·B̃, I = x·H_l, D = z·H_l. So C_l and C′ hide one amount, and I is that of note l.

use curve25519_dalek::traits::VartimeMultiscalarMul;
use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::Transcript;
use rand::{CryptoRng, RngCore};

use super::group::{Exponent, Point, Say, blinding_base, hash_to_point};
use super::note::{NoteId, Owned};
use crate::codec::canonical;

/// Members of a ring.
pub const RING: usize = 16;

const IMAGE_BASE: &str = "galen 2026 money key image base v1";

/// A note that might be the one that is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its place among all notes of the ledger.
    pub position: u32,
    /// Its name.
    pub id: NoteId,
    /// P.
    pub key: Point,
    /// C.
    pub commitment: Point,
}

impl Member {
    /// Hp(P, id).
    fn image_base(&self) -> RistrettoPoint {
        hash_to_point(IMAGE_BASE, &[self.key.as_bytes(), &self.id])
    }

    /// I, for the one who knows x.
    pub fn image(&self, secret: &Scalar) -> RistrettoPoint {
        secret * self.image_base()
    }
}

/// A signature of a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingSignature {
    /// I: the same whenever this note is spent.
    pub image: Point,
    auxiliary: Point,
    /// C′, to the amount of the note that is spent.
    pub pseudo: Point,
    challenge: Exponent,
    responses: Vec<Exponent>,
}

canonical!(struct RingSignature { image, auxiliary, pseudo, challenge, responses });

/// The ring and everything that the weights depend on.
struct Statement {
    transcript: Transcript,
    /// W_i and H_i.
    members: Vec<(RistrettoPoint, RistrettoPoint)>,
    /// Ĩ.
    image: RistrettoPoint,
    weights: (Scalar, Scalar),
}

impl Statement {
    fn new(message: &[u8; 32], ring: &[Member], pseudo: &Point, image: &Point, auxiliary: &Point) -> Self {
        let mut transcript = Transcript::new(b"galen 2026 money ring v1");
        transcript.append_message(b"message", message);
        transcript.number(b"size", ring.len() as u64);
        for member in ring {
            transcript.append_message(b"id", &member.id);
            transcript.append_message(b"P", member.key.as_bytes());
            transcript.append_message(b"C", member.commitment.as_bytes());
        }
        transcript.append_message(b"C'", pseudo.as_bytes());
        transcript.append_message(b"I", image.as_bytes());
        transcript.append_message(b"D", auxiliary.as_bytes());
        let (mu, nu) = (transcript.challenge(b"mu"), transcript.challenge(b"nu"));
        let weigh = |member: &Member| {
            let rest = member.commitment.get() - pseudo.get();
            let key = RistrettoPoint::vartime_multiscalar_mul([mu, nu], [*member.key.get(), rest]);
            (key, member.image_base())
        };
        let members = ring.iter().map(weigh).collect();
        let image = RistrettoPoint::vartime_multiscalar_mul([mu, nu], [*image.get(), *auxiliary.get()]);
        Self { transcript, members, image, weights: (mu, nu) }
    }

    /// The challenge after L and R.
    fn next(&self, left: &RistrettoPoint, right: &RistrettoPoint) -> Scalar {
        let mut transcript = self.transcript.clone();
        transcript.point(b"L", left);
        transcript.point(b"R", right);
        transcript.challenge(b"c")
    }

    /// The challenge after a member with this response.
    fn step(&self, member: &(RistrettoPoint, RistrettoPoint), challenge: Scalar, response: Scalar) -> Scalar {
        let (key, base) = member;
        let pair = [response, challenge];
        let left = RistrettoPoint::vartime_multiscalar_mul(pair, [blinding_base(), *key]);
        let right = RistrettoPoint::vartime_multiscalar_mul(pair, [*base, self.image]);
        self.next(&left, &right)
    }

    /// Goes around the ring from the one place where W = w·B̃ and Ĩ = w·H; gives c_0 and all responses.
    fn close(
        &self,
        place: usize,
        base: &RistrettoPoint,
        w: &Scalar,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Exponent, Vec<Exponent>), RingFault> {
        let mut responses = self.transcript.nonces(&[*w], RING + 1, rng);
        let nonce = responses.pop().unwrap_or_default();
        let mut challenge = self.next(&(nonce * blinding_base()), &(nonce * base));
        let mut first = challenge;
        for at in (place + 1..RING).chain(0..place) {
            if at == 0 {
                first = challenge;
            }
            let (Some(member), Some(response)) = (self.members.get(at), responses.get(at)) else {
                return Err(RingFault::Size);
            };
            challenge = self.step(member, challenge, *response);
        }
        if place == 0 {
            first = challenge;
        }
        if let Some(own) = responses.get_mut(place) {
            *own = nonce - challenge * w;
        }
        Ok((Exponent(first), responses.into_iter().map(Exponent).collect()))
    }
}

/// A note cannot be spent so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingFault {
    /// Not sixteen members, in another order than the ledger's, or one of them twice.
    #[error("a ring has {RING} different notes, in the order in which the ledger has them")]
    Size,
    /// The note is not in the ring, or the secrets are not its own.
    #[error("the note that is to be spent is not in the ring under these secrets")]
    NotOwned,
    /// The signature does not hold.
    #[error("the ring signature does not hold")]
    Signature,
}

/// Whether a ring has the right size and no note twice. The order is fixed, so that it says nothing.
fn check(ring: &[Member]) -> Result<(), RingFault> {
    let ordered = ring.is_sorted_by(|one, next| one.position < next.position);
    if ring.len() == RING && ordered { Ok(()) } else { Err(RingFault::Size) }
}

impl RingSignature {
    /// Whether it has as many responses as a ring has members.
    pub fn has_shape(&self) -> bool {
        self.responses.len() == RING
    }

    /// Spends the note at a place of a ring, for a pseudo-commitment of the same amount with this blinding.
    ///
    /// # Errors
    /// [`RingFault`].
    pub fn sign(
        message: &[u8; 32],
        ring: &[Member],
        place: usize,
        owned: &Owned,
        blinding: Scalar,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, RingFault> {
        check(ring)?;
        let spent = ring.get(place).ok_or(RingFault::NotOwned)?;
        let (x, z) = (owned.secret, owned.opening.blinding - blinding);
        let pseudo = super::note::Opening { blinding, ..owned.opening }.commit();
        let base = spent.image_base();
        let points = [pseudo, x * base, z * base].map(Point::new);
        let [Some(pseudo), Some(image), Some(auxiliary)] = points else { return Err(RingFault::NotOwned) };
        if x * blinding_base() != *spent.key.get()
            || spent.commitment.get() - pseudo.get() != z * blinding_base()
        {
            return Err(RingFault::NotOwned);
        }
        let statement = Statement::new(message, ring, &pseudo, &image, &auxiliary);
        let (mu, nu) = statement.weights;
        let (challenge, responses) = statement.close(place, &base, &(mu * x + nu * z), rng)?;
        Ok(Self { image, auxiliary, pseudo, challenge, responses })
    }

    /// Checks it.
    ///
    /// # Errors
    /// [`RingFault`].
    pub fn verify(&self, message: &[u8; 32], ring: &[Member]) -> Result<(), RingFault> {
        check(ring)?;
        if self.responses.len() != RING {
            return Err(RingFault::Size);
        }
        let statement = Statement::new(message, ring, &self.pseudo, &self.image, &self.auxiliary);
        let around = statement.members.iter().zip(&self.responses);
        let last = around.fold(self.challenge.0, |challenge, (member, response)| {
            statement.step(member, challenge, response.0)
        });
        if last == self.challenge.0 { Ok(()) } else { Err(RingFault::Signature) }
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
