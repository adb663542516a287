//! Dealing a secret: publicly verifiable secret sharing (after Schoenmakers).
//!
//! **Statement.** There is a polynomial `p` of degree at most f such that every commitment is `C_j = p_j·H`, and every
//! encrypted share is `Y_i = p(i)·K_i` for holder i with key `K_i`.
//!
//! **Transcript.** Label, chain, cycle, round, dealer, f, every holder with its key, every `C_j`, every `Y_i`, then the
//! announcements `W_j`, `A_i`; the challenge `c` comes last.
//!
//! **Proof.** The map `p ↦ (p_j·H)_j, (p(i)·K_i)_i` is linear. The dealer announces its value at a random polynomial `w`,
//! and responds with the polynomial `z = w + c·p`. The announcements are not sent: the verifier computes
//! `W_j = z_j·H − c·C_j` and `A_i = z(i)·K_i − c·Y_i`, and they must give the challenge again. f + 2 scalars are
//! sent, whatever the number of holders.
//!
//! **Why it is sound.** Two accepting answers to one announcement with challenges c ≠ c′ give
//! `p = (z − z′)/(c − c′)`, which satisfies every equation of the statement. So whoever convinces knows the
//! polynomial, all shares lie on it, and any f + 1 holders can put the secret `p_0·G` together. The dealer is in the
//! transcript: a proof made by one member is no proof from another, and a dealing derived from one of which the
//! polynomial is not known cannot be proven.

use curve25519_dalek::{RistrettoPoint, Scalar};
use merlin::Transcript;

use super::{
    BeaconKey, BeaconSecret, Secret,
    group::{Exponent, NotCanonical, Point, Say, combination, commitment_generator, evaluate},
};
use crate::{
    chain::genesis::MAX_MEMBERS,
    codec::{Decode, DecodeError, Encode, Reader, put_list},
    crypto::Scope,
    types::{MemberIndex, Round},
};

/// A member to which a share is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The member; its share is the polynomial at its number plus 1.
    pub member: MemberIndex,
    /// Its key.
    pub key: BeaconKey,
}

/// What a dealing is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Chain and cycle.
    pub scope: Scope,
    /// The round.
    pub round: Round,
    /// Who deals.
    pub dealer: MemberIndex,
    /// Degree of the polynomial: so many holders together know nothing of the secret, one more know it.
    pub degree: usize,
    /// The members of the cycle, in their order.
    pub holders: &'a [Holder],
}

/// A dealt secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing {
    /// `C_0 … C_f`.
    commitments: Vec<Point>,
    /// `Y_i`, in the order of the holders.
    shares: Vec<Point>,
    challenge: Exponent,
    /// `z_0 … z_f`.
    response: Vec<Exponent>,
}

/// A dealing proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DealingFault {
    /// Not as many commitments, shares or responses as there must be.
    #[error("the dealing is not for a polynomial of degree {degree} and {holders} holders")]
    Shape {
        /// The degree there must be.
        degree: usize,
        /// The holders there must be.
        holders: usize,
    },
    /// A point or scalar.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The secret is that which everybody knows.
    #[error("the dealt secret is zero")]
    Zero,
    /// The proof.
    #[error("the proof of the dealing does not verify")]
    Proof,
}

/// Where the polynomial is shared with a member.
pub(super) fn place(member: MemberIndex) -> Scalar {
    Scalar::from(u64::from(member.get()) + 1)
}

impl Context<'_> {
    /// What the dealer's scalars are derived from: no more than chain, cycle, round, and who deals.
    fn name(&self) -> Vec<u8> {
        let mut bytes = self.scope.chain_id.to_bytes();
        self.scope.cycle.encode(&mut bytes);
        self.round.encode(&mut bytes);
        self.dealer.encode(&mut bytes);
        bytes
    }

    /// Says who, where and when.
    pub(super) fn say(&self, transcript: &mut Transcript) {
        transcript.append_message(b"chain", self.scope.chain_id.as_bytes());
        transcript.number(b"cycle", self.scope.cycle.get());
        transcript.number(b"round", self.round.get());
        transcript.number(b"dealer", u64::from(self.dealer.get()));
    }

    fn transcript(&self, commitments: &[Point], shares: &[Point]) -> Transcript {
        let mut transcript = Transcript::new(b"galen 2026 beacon dealing v1");
        self.say(&mut transcript);
        transcript.number(b"degree", self.degree as u64);
        transcript.number(b"holders", self.holders.len() as u64);
        for holder in self.holders {
            transcript.number(b"holder", u64::from(holder.member.get()));
            transcript.point(b"key", &holder.key.0);
        }
        commitments.iter().for_each(|point| transcript.point(b"commitment", point));
        shares.iter().for_each(|point| transcript.point(b"share", point));
        transcript
    }

    fn keys(&self) -> Result<Vec<RistrettoPoint>, NotCanonical> {
        self.holders.iter().map(|holder| holder.key.0.open()).collect()
    }

    fn place_of(&self, member: MemberIndex) -> Option<usize> {
        self.holders.iter().position(|holder| holder.member == member)
    }
}

/// Values of the map whose preimage is proven: commitments to a polynomial, and its shares under the keys.
fn image(polynomial: &[Scalar], context: &Context<'_>, keys: &[RistrettoPoint]) -> (Vec<Point>, Vec<Point>) {
    let commitments = polynomial.iter().map(|coefficient| (coefficient * commitment_generator()).into());
    let places = context.holders.iter().map(|holder| place(holder.member));
    let shares = places.zip(keys).map(|(at, key)| (evaluate(polynomial, &at) * key).into());
    (commitments.collect(), shares.collect())
}

fn challenge(mut transcript: Transcript, announced: &(Vec<Point>, Vec<Point>)) -> Scalar {
    announced.0.iter().for_each(|point| transcript.point(b"announced commitment", point));
    announced.1.iter().for_each(|point| transcript.point(b"announced share", point));
    transcript.challenge()
}

impl Dealing {
    /// Deals the secret that belongs to a context: the same whenever it is asked for again.
    ///
    /// # Errors
    /// When the key of a holder is no point; none of a committee is.
    pub fn deal(context: &Context<'_>, secret: &BeaconSecret) -> Result<Self, NotCanonical> {
        let keys = context.keys()?;
        let polynomial = polynomial(context, secret);
        let (commitments, shares) = image(&polynomial, context, &keys);
        let transcript = context.transcript(&commitments, &shares);
        let masks = masks(&transcript, context, secret);
        let challenge = challenge(transcript, &image(&masks, context, &keys));
        let response = masks.iter().zip(&polynomial).map(|(mask, p)| (mask + challenge * p).into()).collect();
        Ok(Self { commitments, shares, challenge: challenge.into(), response })
    }

    /// The secret that the owner of `secret` deals in a context.
    pub fn secret(context: &Context<'_>, secret: &BeaconSecret) -> Secret {
        let constant = polynomial(context, secret).first().copied().unwrap_or_default();
        Secret(constant.into())
    }

    /// Verifies that all shares lie on one committed polynomial, and that the dealer made this dealing for its context.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, context: &Context<'_>) -> Result<(), DealingFault> {
        let (degree, holders) = (context.degree, context.holders.len());
        let coefficients = degree + 1;
        if self.commitments.len() != coefficients
            || self.response.len() != coefficients
            || self.shares.len() != holders
        {
            return Err(DealingFault::Shape { degree, holders });
        }
        if self.commitments.first().is_none_or(Point::is_identity) {
            return Err(DealingFault::Zero);
        }
        let expected = self.challenge.open()?;
        let announced = self.announced(context, &-expected)?;
        let transcript = context.transcript(&self.commitments, &self.shares);
        if challenge(transcript, &announced) == expected { Ok(()) } else { Err(DealingFault::Proof) }
    }

    /// What the dealer must have announced, given the negated challenge.
    fn announced(
        &self,
        context: &Context<'_>,
        negated: &Scalar,
    ) -> Result<(Vec<Point>, Vec<Point>), NotCanonical> {
        let response: Vec<_> = self.response.iter().map(Exponent::open).collect::<Result<_, _>>()?;
        let mut commitments = Vec::with_capacity(response.len());
        for (z, commitment) in response.iter().zip(&self.commitments) {
            let announced = combination(z, commitment_generator(), negated, &commitment.open()?);
            commitments.push(announced.into());
        }
        let mut shares = Vec::with_capacity(self.shares.len());
        for ((holder, key), share) in context.holders.iter().zip(context.keys()?).zip(&self.shares) {
            let z = evaluate(&response, &place(holder.member));
            shares.push(combination(&z, &key, negated, &share.open()?).into());
        }
        Ok((commitments, shares))
    }

    /// The commitment to the secret, `C_0`.
    pub(super) fn commitment(&self) -> Option<&Point> {
        self.commitments.first()
    }

    /// The encrypted share of a member.
    pub(super) fn share_of(&self, context: &Context<'_>, member: MemberIndex) -> Option<&Point> {
        self.shares.get(context.place_of(member)?)
    }
}

fn polynomial(context: &Context<'_>, secret: &BeaconSecret) -> Vec<Scalar> {
    let mut stream = secret.stream(b"polynomial", &context.name());
    (0..=context.degree).map(|_| stream()).collect()
}

/// The polynomial that hides the other in the response. It depends on all that was said, so that two statements never
/// share it.
fn masks(transcript: &Transcript, context: &Context<'_>, secret: &BeaconSecret) -> Vec<Scalar> {
    let mut said = [0; 32];
    transcript.clone().challenge_bytes(b"mask", &mut said);
    let mut stream = secret.stream(b"mask", &said);
    (0..=context.degree).map(|_| stream()).collect()
}

impl Encode for Dealing {
    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, &self.commitments);
        put_list(out, &self.shares);
        self.challenge.encode(out);
        put_list(out, &self.response);
    }
}

impl Decode for Dealing {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            commitments: reader.list(MAX_MEMBERS, "commitments of a dealing")?,
            shares: reader.list(MAX_MEMBERS, "shares of a dealing")?,
            challenge: Decode::decode(reader)?,
            response: reader.list(MAX_MEMBERS, "response of a dealing")?,
        })
    }
}
