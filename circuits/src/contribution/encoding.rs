//! Canonical bytes of a contribution and of its ciphertext.
//!
//! Header: recent, D, nullifier, key commitment, encapsulation, identity (three elements), payout key and memo, released
//! and suppressed (u32), loss (u64), number of scans and of blocks (u32), T_j and C_j. Then the states, the scans, the
//! releases, the seal. Field elements have 32 bytes below r, proofs 192; integers are little-endian; nothing follows.

use super::{BlockHeader, Contribution, Header, Payout};
use crate::field::{F, from_bytes, to_bytes};
use crate::groth16::{EncodingError, PROOF_BYTES, Proof};
use crate::jubjub::{Coordinates, Sealed};
use crate::release::cipher::BLOCK_ELEMENTS;
use crate::state::Totals;

/// No contribution has more scans or blocks.
const MOST_PARTS: u32 = 1 << 14;

/// Bytes that are no contribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end early.
    #[error("the contribution ends early, in its {0}")]
    Short(&'static str),
    /// Bytes follow the end.
    #[error("{0} bytes follow the contribution")]
    Trailing(usize),
    /// A field element of r or above.
    #[error("the contribution's {0} is not a canonical field element")]
    Element(&'static str),
    /// No scans or no blocks, or too many.
    #[error("a contribution has 1 to {MOST_PARTS} {0}")]
    Count(&'static str),
    /// A proof that is no canonical point.
    #[error("a proof of the contribution is refused: {0}")]
    Proof(#[from] EncodingError),
}

impl Contribution {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let h = &self.header;
        let mut out = Vec::new();
        let identity = &h.identity;
        for value in [&h.recent, &h.run, &h.nullifier, &h.key_commitment, &h.encapsulation] {
            out.extend(to_bytes(value));
        }
        for value in [&identity.ephemeral.x, &identity.ephemeral.y, &identity.masked] {
            out.extend(to_bytes(value));
        }
        out.extend(h.payout.key);
        out.extend(h.payout.memo);
        out.extend(h.totals.released.to_le_bytes());
        out.extend(h.totals.suppressed.to_le_bytes());
        out.extend(h.totals.loss.to_le_bytes());
        out.extend((self.scans.len() as u32).to_le_bytes());
        out.extend((h.blocks.len() as u32).to_le_bytes());
        for block in &h.blocks {
            out.extend(to_bytes(&block.rows));
            out.extend(to_bytes(&block.ciphertext));
        }
        self.states.iter().for_each(|state| out.extend(to_bytes(state)));
        for proof in self.scans.iter().chain(&self.releases).chain([&self.seal]) {
            out.extend(proof.to_bytes());
        }
        out
    }

    /// Reads canonical bytes. Checks every element and every point, and no statement.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader(bytes);
        let [recent, run, nullifier, key_commitment, encapsulation] =
            r.elements(["recent root", "run", "nullifier", "key commitment", "encapsulation"])?;
        let [x, y, masked] = r.elements(["identity", "identity", "identity"])?;
        let identity = Sealed { ephemeral: Coordinates { x, y }, masked };
        let payout = Payout { key: r.array("payout key")?, memo: r.array("payout memo")? };
        let totals = Totals {
            released: u32::from_le_bytes(r.array("totals")?),
            suppressed: u32::from_le_bytes(r.array("totals")?),
            loss: u64::from_le_bytes(r.array("totals")?),
        };
        let scans = r.count("scans")?;
        let blocks = r.count("blocks")?;
        let block = |r: &mut Reader| {
            let [rows, ciphertext] = r.elements(["block", "block"])?;
            Ok::<_, DecodeError>(BlockHeader { rows, ciphertext })
        };
        let headers = (0..blocks).map(|_| block(&mut r)).collect::<Result<_, _>>()?;
        let states = (0..scans + blocks - 1).map(|_| r.element("states")).collect::<Result<_, _>>()?;
        let proofs_of = |r: &mut Reader, count| (0..count).map(|_| r.proof()).collect::<Result<Vec<_>, _>>();
        let scans = proofs_of(&mut r, scans)?;
        let releases = proofs_of(&mut r, blocks)?;
        let seal = r.proof()?;
        if !r.0.is_empty() {
            return Err(DecodeError::Trailing(r.0.len()));
        }
        let header = Header {
            recent,
            run,
            nullifier,
            blocks: headers,
            totals,
            key_commitment,
            encapsulation,
            identity,
            payout,
        };
        Ok(Self { header, states, scans, releases, seal })
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(DecodeError::Short(what))?;
        self.0 = tail;
        Ok(*head)
    }

    fn element(&mut self, what: &'static str) -> Result<F, DecodeError> {
        from_bytes(&self.array(what)?).ok_or(DecodeError::Element(what))
    }

    fn elements<const N: usize>(&mut self, what: [&'static str; N]) -> Result<[F; N], DecodeError> {
        let mut out = [F::from(0u64); N];
        for (place, what) in out.iter_mut().zip(what) {
            *place = self.element(what)?;
        }
        Ok(out)
    }

    fn count(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let count = u32::from_le_bytes(self.array(what)?);
        if count == 0 || count > MOST_PARTS { Err(DecodeError::Count(what)) } else { Ok(count as usize) }
    }

    fn proof(&mut self) -> Result<Proof, DecodeError> {
        Ok(Proof::from_bytes(&self.array::<PROOF_BYTES>("proofs")?)?)
    }
}

/// The bytes of all blocks' ciphertext, in order: 64 a row.
pub fn blob_bytes(blocks: &[Vec<F>]) -> Vec<u8> {
    blocks.iter().flatten().flat_map(|element| to_bytes(element)).collect()
}

/// Reads ciphertext of so many blocks; `None` unless it is exactly that, canonical.
pub fn blob_elements(bytes: &[u8], blocks: usize) -> Option<Vec<Vec<F>>> {
    if bytes.len() != blocks * BLOCK_ELEMENTS * 32 {
        return None;
    }
    let element = |chunk: &[u8]| from_bytes(chunk.first_chunk::<32>()?);
    bytes
        .chunks_exact(BLOCK_ELEMENTS * 32)
        .map(|block| block.chunks_exact(32).map(element).collect())
        .collect()
}
