//! A contribution: `sample` scans in order, the releases, and one seal, tied by a challenge and a chain of states.
//!
//! The challenge γ is drawn from a transcript of everything that the seller fixes before it: every word that may enter or
//! leave `acc` is committed by then (D fixes the chunks, the T_j fix the blocks). γ is a public input of every proof, so no
//! proof can move to another contribution. The transcript's second output is the contribution's id.

mod encoding;
mod transcript;
mod verify;

use serde::{Deserialize, Serialize};

pub use encoding::{DecodeError, blob_bytes, blob_elements};
pub use transcript::Challenge;
pub use verify::{ContributionFault, Verifier, Which};

use crate::field::{F, hex_serde};
use crate::groth16::Proof;
use crate::jubjub::{PublicKey, Sealed};
use crate::release::ReleasePublic;
use crate::request::Terms;
use crate::scan::ScanPublic;
use crate::seal::SealPublic;
use crate::shape::BLOCK_ROWS;
use crate::state::{State, Totals};

/// What a request and the ledger fix for every contribution to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The chain that the request lives on.
    pub chain_id: String,
    /// The request's id, which covers price, deadline, limits and all else that circuits do not see.
    #[serde(with = "hex_serde")]
    pub request_id: F,
    /// What is asked of rows and classes.
    pub terms: Terms,
    /// Least chunks of a dataset, from the schema.
    pub min_chunks: u64,
    /// Root of the registry of datasets when the request was posted.
    #[serde(with = "hex_serde")]
    pub anchor: F,
    /// The request's sampling beacon.
    #[serde(with = "hex_serde")]
    pub beacon: F,
    /// Scans of a contribution.
    pub sample: u32,
    /// The buyer's key.
    pub buyer: PublicKey,
    /// The audit authority's key.
    pub auditor: PublicKey,
    /// Limits on suppression and loss.
    pub limits: Limits,
}

/// Limits that keep a release from saying nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Suppressed rows among all matching rows, per mille.
    pub max_suppressed_per_mille: u16,
    /// Σ weight · width of the boxes, for each released row on average.
    pub max_loss_per_row: u64,
}

/// The public commitments of one release block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// T_j.
    pub rows: F,
    /// C_j.
    pub ciphertext: F,
}

/// What pays whom; fixed in γ. What the bytes mean is the market's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The one-time key that signs the contribution and is paid.
    pub key: [u8; 32],
    /// Digest of everything else that the payment needs.
    pub memo: [u8; 32],
}

/// Everything that a seller fixes before γ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Root of the tree of standing at the last boundary.
    pub recent: F,
    /// D.
    pub run: F,
    /// The seller's one use of the request.
    pub nullifier: F,
    /// T_j and C_j, in order.
    pub blocks: Vec<BlockHeader>,
    /// Rows released and suppressed, and the loss.
    pub totals: Totals,
    /// Commitment to the data key.
    pub key_commitment: F,
    /// Digest of the encapsulation to the buyer.
    pub encapsulation: F,
    /// The seller's name, sealed to the audit authority.
    pub identity: Sealed,
    /// Who is paid.
    pub payout: Payout,
}

/// A contribution: header, states between the proofs, proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What was fixed before γ.
    pub header: Header,
    /// Commitments to the states between proofs: one fewer than scans and releases together.
    pub states: Vec<F>,
    /// One a chunk of the run, in order.
    pub scans: Vec<Proof>,
    /// One a block.
    pub releases: Vec<Proof>,
    /// The seal.
    pub seal: Proof,
}

impl Header {
    /// Release blocks that so many rows need.
    pub fn blocks_for(totals: &Totals) -> usize {
        (totals.released as usize + totals.suppressed as usize).div_ceil(BLOCK_ROWS)
    }

    /// The public inputs of the i-th scan.
    pub fn scan(
        &self,
        statement: &Statement,
        challenge: &Challenge,
        index: u64,
        states: [F; 2],
    ) -> ScanPublic {
        ScanPublic {
            index,
            run: self.run,
            request_digest: challenge.request_digest(statement),
            gamma: challenge.gamma,
            state_in: states[0],
            state_out: states[1],
        }
    }

    /// The public inputs of the j-th release; `None` when there is no such block.
    pub fn release(
        &self,
        statement: &Statement,
        challenge: &Challenge,
        index: usize,
        states: [F; 2],
    ) -> Option<ReleasePublic> {
        let block = self.blocks.get(index)?;
        Some(ReleasePublic {
            index: index as u64,
            last: index + 1 == self.blocks.len(),
            request_digest: challenge.request_digest(statement),
            gamma: challenge.gamma,
            key_commitment: self.key_commitment,
            rows: block.rows,
            ciphertext: block.ciphertext,
            state_in: states[0],
            state_out: states[1],
        })
    }

    /// The public inputs of the seal.
    pub fn seal(&self, statement: &Statement, challenge: &Challenge) -> SealPublic {
        SealPublic {
            gamma: challenge.gamma,
            schema: statement.terms.schema,
            min_chunks: statement.min_chunks,
            anchor: statement.anchor,
            recent: self.recent,
            request_id: statement.request_id,
            beacon: statement.beacon,
            run: self.run,
            nullifier: self.nullifier,
            key_commitment: self.key_commitment,
            buyer: statement.buyer.coordinates(),
            encapsulation: self.encapsulation,
            auditor: statement.auditor.coordinates(),
            identity: self.identity,
        }
    }
}

/// The whole chain of states: the first constant, those between, the last constant.
pub fn chain(states: &[F], totals: Totals) -> Vec<F> {
    let first = State::first().commit_in_the_clear();
    let last = State::last(totals).commit_in_the_clear();
    std::iter::once(first).chain(states.iter().copied()).chain(std::iter::once(last)).collect()
}
