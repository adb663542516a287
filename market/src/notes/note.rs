//! Notes: money that is spent once and makes new notes.

use curve25519_dalek::Scalar;
use rand::{CryptoRng, RngCore};

use super::group::{Point, bases};
use super::handle::Handled;
use super::keys::{Address, OneTimeKey, OwnerKeys};
use crate::amount::Amount;
use crate::codec::{canonical, hex_json};

/// The name of a note: a digest of what made it and of its place there; see [`crate::money`].
pub type NoteId = [u8; 32];

/// A note as a transfer makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whose it is.
    pub owner: OneTimeKey,
    /// `C = v·B + r·B̃`.
    pub commitment: Point,
    /// `A = r·K`: the audit authority, which knows k with K = k·B̃, finds `v·B = C − k⁻¹·A`.
    pub handle: Point,
    /// v, sealed to the owner. Of notes that a rule of the ledger makes, which knows no amounts, zeros: their owners know a
    /// price, and how many records.
    pub sealed: [u8; 8],
}

canonical!(struct Note { owner, commitment, handle, sealed });
hex_json!(Note);

/// What opens a note's commitment.
#[derive(Clone, Copy)]
pub struct Opening {
    /// v, in minor units.
    pub amount: u64,
    /// r.
    pub blinding: Scalar,
}

/// What its owner knows of a note.
#[derive(Clone, Copy)]
pub struct Owned {
    /// x, with `P = x·B̃`.
    pub secret: Scalar,
    /// Its opening.
    pub opening: Opening,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening")
    }
}

impl std::fmt::Debug for Owned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Owned")
    }
}

impl Opening {
    /// The commitment to it.
    pub fn commit(&self) -> curve25519_dalek::RistrettoPoint {
        bases().commit(Scalar::from(self.amount), self.blinding)
    }
}

impl Note {
    /// Its commitment with its handle.
    pub fn handled(&self) -> Handled {
        Handled { commitment: self.commitment, handle: self.handle }
    }

    /// A note for an owner, and its opening. None with a probability that is negligible.
    pub fn pay(
        to: &Address,
        amount: Amount,
        authority: &Point,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Option<(Self, Opening)> {
        let (owner, shared) = to.one_time(rng)?;
        let opening = Opening { amount: amount.get(), blinding: shared.blinding() };
        let note = Self {
            owner,
            commitment: Point::new(opening.commit())?,
            handle: Point::new(opening.blinding * authority.get())?,
            sealed: shared.mask(amount.get().to_le_bytes()),
        };
        Some((note, opening))
    }

    /// What an owner knows of a note, if it is its own and opens as its payer said.
    pub fn recognise(&self, keys: &OwnerKeys) -> Option<Owned> {
        let shared = keys.recognise(&self.owner)?;
        let amount = u64::from_le_bytes(shared.mask(self.sealed));
        let opening = Opening { amount, blinding: shared.blinding() };
        (opening.commit() == *self.commitment.get()).then(|| Owned { secret: keys.secret(&shared), opening })
    }
}
