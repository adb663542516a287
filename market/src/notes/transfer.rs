//! Transfers: notes are spent and as much money is in the new ones.
//!
//! **Statement.** Each input is a note of its ring, unspent, with a pseudo-commitment to its amount ([`super::ring`]); every output's
//! amount is in 0 … 2^64 − 1 (one aggregated Bulletproof) and its handle is to its commitment ([`super::handle`]);
//! `Σ C′ = Σ C + E`, where E is what is locked besides. As the range of E is known as well, no sum wraps, and the amounts are equal as
//! integers.
//!
//! **What is bound.** The context of range and handle proofs is a digest of the chain, K, the purpose, E and all outputs; the message
//! of every ring signature one of that, the places of all rings, all images and pseudo-commitments and both proofs; each says the
//! notes of its ring itself.
//!
//! There are always two outputs, in random order, one of them change, of which the amount may be zero: how many somebody
//! was paid by, and which is the change, does not show.

use std::collections::BTreeSet;

use curve25519_dalek::traits::Identity;
use curve25519_dalek::{RistrettoPoint, Scalar};
use galen_ledger::ChainId;
use rand::{CryptoRng, Rng, RngCore};

use super::group::Point;
use super::handle::HandleProof;
use super::keys::Address;
use super::note::{Note, Opening, Owned};
use super::range::{AMOUNT_BITS, Range, Use};
use super::ring::{Member, RING, RingFault, RingSignature};
use crate::amount::Amount;
use crate::codec::{Canonical, canonical, hex_json};

/// Outputs of a transfer.
pub const OUTPUTS: usize = 2;
/// Most inputs of a transfer.
pub const MAX_INPUTS: usize = 8;

const RANGE: &[u8] = b"galen 2026 money range v1";

/// A spent note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The places of the ring's notes on the ledger, in order.
    pub ring: Vec<u32>,
    /// By the owner of one of them.
    pub signature: RingSignature,
}

canonical!(struct Input { ring, signature });

/// A transfer with all its proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// What is spent.
    pub inputs: Vec<Input>,
    /// What it becomes.
    pub outputs: Vec<Note>,
    range: Range,
    handles: HandleProof,
}

canonical!(struct Transfer { inputs, outputs, range, handles });
hex_json!(Transfer);

/// What a transfer is for. Everything here is bound by its proofs.
#[derive(Clone, Copy, Debug)]
pub struct Purpose<'a> {
    /// The chain.
    pub chain: &'a ChainId,
    /// K.
    pub authority: &'a Point,
    /// What else the transfer is part of: a digest.
    pub of: &'a [u8; 32],
    /// E: what is locked besides the outputs; the identity if nothing is. That it holds no negative amount is not checked
    /// here: the price that it is made of must have been.
    pub locked: &'a RistrettoPoint,
}

/// A note that is to be spent, in a ring.
pub struct Spend {
    /// The ring.
    pub ring: Vec<Member>,
    /// Where in it the note is.
    pub place: usize,
    /// What its owner knows.
    pub owned: Owned,
}

/// Why a transfer is refused, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferFault {
    /// The numbers of inputs, outputs, rings.
    #[error(
        "a transfer has 1 to {MAX_INPUTS} inputs, each with a ring of {RING} notes, and {OUTPUTS} outputs"
    )]
    Shape,
    /// An input of a ring.
    #[error("input {input}: {fault}")]
    Ring {
        /// Which.
        input: usize,
        /// Why.
        fault: RingFault,
    },
    /// One note is spent twice in the transfer.
    #[error("one note is spent twice")]
    Twice,
    /// The sums.
    #[error("inputs and outputs do not add up to the same")]
    Balance,
    /// The range proof.
    #[error("the range proof of the outputs does not hold")]
    Range,
    /// The handles.
    #[error("an audit handle is not of its commitment")]
    Handle,
    /// Making one: what is spent is not enough.
    #[error("the notes that are to be spent hold less than is to be paid")]
    Insufficient,
    /// Making one: chance.
    #[error("a random number was zero: try again")]
    Chance,
}

impl Purpose<'_> {
    fn context(&self, outputs: &[Note]) -> [u8; 32] {
        let mut bytes = self.chain.as_bytes().to_vec();
        bytes.extend_from_slice(self.authority.as_bytes());
        bytes.extend_from_slice(self.of);
        bytes.extend_from_slice(self.locked.compress().as_bytes());
        outputs.iter().for_each(|output| output.write(&mut bytes));
        blake3::derive_key("galen 2026 money context of a transfer v1", &bytes)
    }
}

/// What is said of an input before it is signed: its ring, its image, its pseudo-commitment.
type Public = (Vec<u32>, RistrettoPoint, RistrettoPoint);

/// What every ring signature signs: the same for all inputs, so that none can be put into another transfer.
fn message(context: &[u8; 32], inputs: &[Public], range: &Range, handles: &HandleProof) -> [u8; 32] {
    let mut bytes = context.to_vec();
    (inputs.len() as u32).write(&mut bytes);
    for (ring, image, pseudo) in inputs {
        ring.write(&mut bytes);
        bytes.extend_from_slice(image.compress().as_bytes());
        bytes.extend_from_slice(pseudo.compress().as_bytes());
    }
    range.write(&mut bytes);
    handles.write(&mut bytes);
    blake3::derive_key("galen 2026 money message of a transfer v1", &bytes)
}

impl Transfer {
    /// Pays an amount to one owner and the rest to another, and locks what `locked` opens besides.
    ///
    /// # Errors
    /// [`TransferFault`].
    pub fn new(
        purpose: Purpose<'_>,
        spends: &[Spend],
        (to, amount): (&Address, Amount),
        change: &Address,
        locked: Opening,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, TransferFault> {
        if spends.is_empty() || spends.len() > MAX_INPUTS || locked.commit() != *purpose.locked {
            return Err(TransferFault::Shape);
        }
        let spent = spends.iter().try_fold(0u64, |sum, spend| sum.checked_add(spend.owned.opening.amount));
        let paid = amount.get().checked_add(locked.amount);
        let rest = spent.zip(paid).and_then(|(spent, paid)| spent.checked_sub(paid));
        let rest = rest.and_then(|rest| Amount::new(rest).ok()).ok_or(TransferFault::Insufficient)?;
        let mut pay = |to, amount| Note::pay(to, amount, purpose.authority, rng).ok_or(TransferFault::Chance);
        let mut made = vec![pay(to, amount)?, pay(change, rest)?];
        if rng.r#gen() {
            made.reverse();
        }
        let (outputs, openings): (Vec<Note>, Vec<Opening>) = made.into_iter().unzip();
        let mut pseudo: Vec<Scalar> = (1..spends.len()).map(|_| Scalar::random(rng)).collect();
        let out = openings.iter().map(|opening| opening.blinding).sum::<Scalar>() + locked.blinding;
        pseudo.push(out - pseudo.iter().sum::<Scalar>());
        let context = purpose.context(&outputs);
        let handles: Vec<_> = outputs.iter().map(Note::handled).zip(openings.iter().copied()).collect();
        let handles = HandleProof::new(&context, purpose.authority, &handles, rng);
        let of = Use { label: RANGE, context: &context, bits: AMOUNT_BITS };
        let range = Range::new(of, &openings, rng).ok_or(TransferFault::Range)?;
        Self::sign(&context, spends, &pseudo, (outputs, range, handles), rng)
    }

    /// Spends notes, with these blindings of their pseudo-commitments, for what was made.
    fn sign(
        context: &[u8; 32],
        spends: &[Spend],
        pseudo: &[Scalar],
        (outputs, range, handles): (Vec<Note>, Range, HandleProof),
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, TransferFault> {
        let say = |(input, (spend, blinding)): (usize, (&Spend, &Scalar))| {
            let fault = RingFault::NotOwned;
            let spent = spend.ring.get(spend.place).ok_or(TransferFault::Ring { input, fault })?;
            let places = spend.ring.iter().map(|member| member.position).collect();
            let pseudo = Opening { blinding: *blinding, ..spend.owned.opening }.commit();
            Ok((places, spent.image(&spend.owned.secret), pseudo))
        };
        let public = spends.iter().zip(pseudo).enumerate().map(say).collect::<Result<Vec<Public>, _>>()?;
        let message = message(context, &public, &range, &handles);
        let mut inputs = Vec::with_capacity(spends.len());
        for (input, ((spend, blinding), (ring, ..))) in spends.iter().zip(pseudo).zip(public).enumerate() {
            let signed =
                RingSignature::sign(&message, &spend.ring, spend.place, &spend.owned, *blinding, rng);
            let signature = signed.map_err(|fault| TransferFault::Ring { input, fault })?;
            inputs.push(Input { ring, signature });
        }
        Ok(Self { inputs, outputs, range, handles })
    }

    /// Whether it has as many inputs, outputs, ring members and responses as a transfer has: to be asked before anything is
    /// looked up for it.
    pub fn has_shape(&self) -> bool {
        let ring = |input: &Input| input.ring.len() == RING && input.signature.has_shape();
        (1..=MAX_INPUTS).contains(&self.inputs.len())
            && self.outputs.len() == OUTPUTS
            && self.inputs.iter().all(ring)
    }

    /// Checks everything but that its rings are of notes that exist and may be spent, which `rings` says, in the order of the
    /// inputs, and that no image was there before.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, purpose: Purpose<'_>, rings: &[Vec<Member>]) -> Result<(), TransferFault> {
        let inputs = self.inputs.len();
        if inputs == 0 || inputs > MAX_INPUTS || rings.len() != inputs || self.outputs.len() != OUTPUTS {
            return Err(TransferFault::Shape);
        }
        let images: BTreeSet<_> = self.inputs.iter().map(|input| input.signature.image.as_bytes()).collect();
        if images.len() != inputs {
            return Err(TransferFault::Twice);
        }
        let spent: RistrettoPoint = self.inputs.iter().map(|input| input.signature.pseudo.get()).sum();
        let made: RistrettoPoint = self.outputs.iter().map(|output| output.commitment.get()).sum();
        if spent != made + purpose.locked {
            return Err(TransferFault::Balance);
        }
        let context = purpose.context(&self.outputs);
        let public = |Input { ring, signature }: &Input| {
            (ring.clone(), *signature.image.get(), *signature.pseudo.get())
        };
        let public: Vec<_> = self.inputs.iter().map(public).collect();
        let message = message(&context, &public, &self.range, &self.handles);
        for (at, (input, ring)) in self.inputs.iter().zip(rings).enumerate() {
            let faulty = |fault| TransferFault::Ring { input: at, fault };
            if !ring.iter().map(|member| &member.position).eq(&input.ring) {
                return Err(faulty(RingFault::Size));
            }
            input.signature.verify(&message, ring).map_err(faulty)?;
        }
        let outputs: Vec<_> = self.outputs.iter().map(Note::handled).collect();
        if !self.handles.holds(&context, purpose.authority, &outputs) {
            return Err(TransferFault::Handle);
        }
        let commitments: Vec<_> = self.outputs.iter().map(|output| output.commitment.compressed()).collect();
        let of = Use { label: RANGE, context: &context, bits: AMOUNT_BITS };
        if self.range.holds(of, &commitments) { Ok(()) } else { Err(TransferFault::Range) }
    }
}

/// What is locked when nothing is.
pub fn nothing() -> (RistrettoPoint, Opening) {
    (RistrettoPoint::identity(), Opening { amount: 0, blinding: Scalar::ZERO })
}

#[cfg(test)]
#[path = "transfer_tests.rs"]
mod tests;
