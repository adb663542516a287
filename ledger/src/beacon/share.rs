//! Decrypted shares, and putting a withheld secret together.
//!
//! **Statement.** The decrypted share `S` is `x⁻¹·Y`, where `Y` is the encrypted share and the holder's key is `x·G`: the
//! logarithm of the key to `G` is that of `Y` to `S`. **Transcript**: label, chain, cycle, round, dealer, holder, key,
//! `Y`, `S`, the two announcements. **Proof**: of equal logarithms (Chaum–Pedersen), two scalars. Sound, as two
//! answers with different challenges give one `x` for both equations.

use curve25519_dalek::{RistrettoPoint, Scalar, constants::RISTRETTO_BASEPOINT_POINT, traits::Identity};
use merlin::Transcript;

use super::{
    BeaconSecret, Context, Dealing, Holder,
    dealing::place,
    group::{Exponent, NotCanonical, Point, Say, combination},
    output::SecretPoint,
};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    types::MemberIndex,
};

/// A share of a dealt secret, decrypted by its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    point: Point,
    challenge: Exponent,
    response: Exponent,
}

/// A decrypted share is not what was dealt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareFault {
    /// Nothing was dealt to this member.
    #[error("member {0} has no share of the secret")]
    NoHolder(MemberIndex),
    /// A point or scalar.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The proof.
    #[error("the share of member {0} is not the decryption of what was dealt to it")]
    Proof(MemberIndex),
}

fn find(context: &Context<'_>, member: MemberIndex) -> Result<Holder, ShareFault> {
    let mut holders = context.holders.iter();
    holders.find(|holder| holder.member == member).copied().ok_or(ShareFault::NoHolder(member))
}

impl Share {
    /// Decrypts the share of `member`, who has `secret`.
    ///
    /// # Errors
    /// When nothing was dealt to it, or not a point (a verified dealing has none such).
    pub fn decrypt(
        dealing: &Dealing,
        context: &Context<'_>,
        member: MemberIndex,
        secret: &BeaconSecret,
    ) -> Result<Self, ShareFault> {
        let holder = find(context, member)?;
        let encrypted = *dealing.share_of(context, member).ok_or(ShareFault::NoHolder(member))?;
        let opened = secret.scalar().invert() * encrypted.open()?;
        let point = Point::from(opened);
        let transcript = transcript(context, &holder, &encrypted, &point);
        let mut said = [0; 32];
        transcript.clone().challenge_bytes(b"mask", &mut said);
        let [mask] = secret.scalars(b"share", &said);
        let announced = [RistrettoPoint::mul_base(&mask), mask * opened].map(Point::from);
        let challenge = challenge(transcript, &announced);
        let response = mask - challenge * secret.scalar();
        Ok(Self { point, challenge: challenge.into(), response: response.into() })
    }

    /// Verifies that this is what was dealt to `member`.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(
        &self,
        dealing: &Dealing,
        context: &Context<'_>,
        member: MemberIndex,
    ) -> Result<(), ShareFault> {
        let holder = find(context, member)?;
        let encrypted = dealing.share_of(context, member).ok_or(ShareFault::NoHolder(member))?;
        let (expected, response) = (self.challenge.open()?, self.response.open()?);
        let announced = [
            combination(&response, &RISTRETTO_BASEPOINT_POINT, &expected, &holder.key.0.open()?),
            combination(&response, &self.point.open()?, &expected, &encrypted.open()?),
        ];
        let transcript = transcript(context, &holder, encrypted, &self.point);
        let same = challenge(transcript, &announced.map(Point::from)) == expected;
        if same { Ok(()) } else { Err(ShareFault::Proof(member)) }
    }
}

fn transcript(context: &Context<'_>, holder: &Holder, encrypted: &Point, decrypted: &Point) -> Transcript {
    let mut transcript = Transcript::new(b"galen 2026 beacon share v1");
    context.say(&mut transcript);
    transcript.number(b"holder", u64::from(holder.member.get()));
    transcript.point(b"key", &holder.key.0);
    transcript.point(b"encrypted", encrypted);
    transcript.point(b"decrypted", decrypted);
    transcript
}

fn challenge(mut transcript: Transcript, announced: &[Point; 2]) -> Scalar {
    announced.iter().for_each(|point| transcript.point(b"announced", point));
    transcript.challenge()
}

/// Puts a secret together from verified shares of distinct members, degree + 1 of them: interpolation at 0.
///
/// # Errors
/// When a share is no point; none that was verified is.
pub fn combine(shares: &[(MemberIndex, Share)]) -> Result<SecretPoint, NotCanonical> {
    let mut secret = RistrettoPoint::identity();
    for (member, share) in shares {
        let at = place(*member);
        let others = shares.iter().filter(|(other, _)| other != member).map(|(other, _)| place(*other));
        let (above, below) = others
            .fold((Scalar::ONE, Scalar::ONE), |(above, below), other| (above * other, below * (other - at)));
        secret += above * below.invert() * share.point.open()?;
    }
    Ok(SecretPoint(secret.into()))
}

impl Encode for Share {
    fn encode(&self, out: &mut Vec<u8>) {
        self.point.encode(out);
        self.challenge.encode(out);
        self.response.encode(out);
    }
}

impl Decode for Share {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            point: Decode::decode(reader)?,
            challenge: Decode::decode(reader)?,
            response: Decode::decode(reader)?,
        })
    }
}
