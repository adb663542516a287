//! How money comes into being: sixteen notes at once, of amounts that nobody but treasury and payee know, never more than the cap
//! in all.
//!
//! **Statement.** Every note's amount is in 0 … 2^64 − 1 and its handle is to its commitment; with I, the sum of the commitments of all
//! issues before, `(cap − 1)·B − (I + Σ C_j)`, with a cap of 2^40, is a commitment to an amount in 0 … 2^64 − 1 as well, so that no more than the cap was ever issued.
//! Sixteen amounts below 2^64 and one below the cap add up to less than ℓ: the sum holds for integers.

use curve25519_dalek::{RistrettoPoint, Scalar};
use galen_ledger::ChainId;
use rand::{CryptoRng, Rng, RngCore};

use super::group::{Exponent, Point, bases};
use super::handle::HandleProof;
use super::keys::Address;
use super::note::{Note, Opening};
use super::range::{AMOUNT_BITS, Range, Use};
use crate::amount::{Amount, ISSUE_CAP};
use crate::codec::{Canonical, CodecFault, Reader, canonical, hex_json};

/// Notes of an issue: a ring can be drawn from them at once.
pub const ISSUED: usize = super::ring::RING;

const RANGE: &[u8] = b"galen 2026 money issue range v1";
const CAP: &[u8] = b"galen 2026 money issue cap v1";

/// New money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// The notes.
    pub notes: Vec<Note>,
    range: Range,
    handles: HandleProof,
    cap: Range,
}

canonical!(struct Issuance { notes, range, handles, cap });
hex_json!(Issuance);

/// What a treasury keeps: the opening of all that it ever issued.
#[derive(Clone, Copy)]
pub struct Book(Opening);

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Book")
    }
}

/// Why an issue is refused, or cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueFault {
    /// Not sixteen notes.
    #[error("an issue makes {ISSUED} notes")]
    Shape,
    /// A note's range.
    #[error("the range proof of the notes does not hold")]
    Range,
    /// A note's handle.
    #[error("an audit handle is not of its commitment")]
    Handle,
    /// The cap.
    #[error("this is not shown to stay below 2^40 minor units together with all issues before")]
    Cap,
    /// Making one: chance.
    #[error("a random number was zero: try again")]
    Chance,
}

impl Canonical for Book {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.amount.write(out);
        Exponent(self.0.blinding).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecFault> {
        Ok(Self(Opening { amount: u64::read(reader)?, blinding: Exponent::read(reader)?.0 }))
    }
}
hex_json!(Book);

impl Default for Book {
    fn default() -> Self {
        Self(Opening { amount: 0, blinding: Scalar::ZERO })
    }
}

impl Book {
    /// The commitment to all that was issued.
    pub fn commitment(&self) -> RistrettoPoint {
        self.0.commit()
    }

    /// All that was issued.
    pub fn issued(&self) -> u64 {
        self.0.amount
    }
}

/// An amount in sixteen parts, at random.
pub fn split(total: Amount, rng: &mut (impl RngCore + CryptoRng)) -> [u64; ISSUED] {
    let mut cuts = [0; ISSUED];
    cuts.iter_mut().skip(1).for_each(|cut| *cut = rng.gen_range(0..=total.get()));
    cuts.sort_unstable();
    let mut parts = [0; ISSUED];
    let ends = cuts.iter().skip(1).chain([&total.get()]).copied().collect::<Vec<_>>();
    for (part, (from, to)) in parts.iter_mut().zip(cuts.iter().zip(ends)) {
        *part = to - from;
    }
    parts
}

fn context(chain: &ChainId, authority: &Point, before: &RistrettoPoint, notes: &[Note]) -> [u8; 32] {
    let mut bytes = chain.as_bytes().to_vec();
    bytes.extend_from_slice(authority.as_bytes());
    bytes.extend_from_slice(before.compress().as_bytes());
    notes.iter().for_each(|note| note.write(&mut bytes));
    blake3::derive_key("galen 2026 money context of an issue v1", &bytes)
}

impl Issuance {
    /// Makes notes of these amounts for an owner, after what the book says was issued before. Gives the book after it.
    ///
    /// # Errors
    /// [`IssueFault::Cap`], [`IssueFault::Chance`].
    pub fn new(
        chain: &ChainId,
        authority: &Point,
        book: &Book,
        to: &Address,
        amounts: &[u64; ISSUED],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Self, Book), IssueFault> {
        let mut made = Vec::with_capacity(ISSUED);
        for amount in amounts {
            let amount = Amount::new(*amount).map_err(|_| IssueFault::Cap)?;
            made.push(Note::pay(to, amount, authority, rng).ok_or(IssueFault::Chance)?);
        }
        let notes: Vec<Note> = made.iter().map(|(note, _)| *note).collect();
        let openings: Vec<Opening> = made.iter().map(|(_, opening)| *opening).collect();
        let total = openings.iter().try_fold(book.0.amount, |sum, opening| sum.checked_add(opening.amount));
        let total = total.filter(|total| *total < ISSUE_CAP).ok_or(IssueFault::Cap)?;
        let blinding = book.0.blinding + openings.iter().map(|opening| opening.blinding).sum::<Scalar>();
        let context = context(chain, authority, &book.commitment(), &notes);
        let range = Range::new(Use { label: RANGE, context: &context, bits: AMOUNT_BITS }, &openings, rng);
        let handled: Vec<_> = notes.iter().map(Note::handled).zip(openings).collect();
        let handles = HandleProof::new(&context, authority, &handled, rng);
        let left = Opening { amount: ISSUE_CAP - 1 - total, blinding: -blinding };
        let cap = Range::new(Use { label: CAP, context: &context, bits: AMOUNT_BITS }, &[left], rng);
        let (Some(range), Some(cap)) = (range, cap) else { return Err(IssueFault::Range) };
        Ok((Self { notes, range, handles, cap }, Book(Opening { amount: total, blinding })))
    }

    /// Checks it after issues with this sum of commitments; gives the sum after it.
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn check(
        &self,
        chain: &ChainId,
        authority: &Point,
        before: &RistrettoPoint,
    ) -> Result<RistrettoPoint, IssueFault> {
        if self.notes.len() != ISSUED {
            return Err(IssueFault::Shape);
        }
        let context = context(chain, authority, before, &self.notes);
        let after = before + self.notes.iter().map(|note| note.commitment.get()).sum::<RistrettoPoint>();
        let left = Scalar::from(ISSUE_CAP - 1) * bases().B - after;
        if !self.cap.holds(Use { label: CAP, context: &context, bits: AMOUNT_BITS }, &[left.compress()]) {
            return Err(IssueFault::Cap);
        }
        let handled: Vec<_> = self.notes.iter().map(Note::handled).collect();
        if !self.handles.holds(&context, authority, &handled) {
            return Err(IssueFault::Handle);
        }
        let commitments: Vec<_> = self.notes.iter().map(|note| note.commitment.compressed()).collect();
        let of = Use { label: RANGE, context: &context, bits: AMOUNT_BITS };
        if self.range.holds(of, &commitments) { Ok(after) } else { Err(IssueFault::Range) }
    }
}

#[cfg(test)]
#[path = "issue_tests.rs"]
mod tests;
