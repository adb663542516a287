//! The seal: who sells, from which dataset, which run, to whom. One a contribution.
//!
//! Shows, for its public inputs: a leaf of (body, schema, seller) is in the anchor and (schema, seller) in the recent tree
//! of standing, and the prover knows the seller's secret; the nullifier is that secret's for this request; D commits to
//! that dataset, of at least `min_chunks` chunks, and to the start that beacon and nullifier draw; the data key in the
//! key commitment is encapsulated to the buyer (only the digest is public) and the seller's name to the audit key.

mod circuit;

use ark_ff::BigInteger;
use ark_ff::PrimeField;

pub use circuit::SealCircuit;

use crate::field::{F, low_u64};
use crate::jubjub::{Coordinates, Ephemeral, Sealed};
use crate::merkle::Path;
use crate::poseidon::{Domain, hash};
use crate::scan::RunOpening;

crate::redact::redact!(SealPrivate, Draw);

/// Number of public inputs.
pub const PUBLIC_INPUTS: usize = 18;
/// Draws the start of a run.
pub const START: Domain = Domain("galen.v1.start");
/// Mask of the data key for the buyer.
pub const TO_BUYER: Domain = Domain("galen.v1.seal.buyer");
/// Mask of the seller's name for the audit authority.
pub const TO_AUDITOR: Domain = Domain("galen.v1.seal.auditor");

/// What everybody knows of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealPublic {
    /// The contribution's challenge.
    pub gamma: F,
    /// Digest of the schema.
    pub schema: F,
    /// Least chunks of a dataset.
    pub min_chunks: u64,
    /// Root of the registry of datasets when the request was posted.
    pub anchor: F,
    /// Root of the tree of standing at the last boundary.
    pub recent: F,
    /// The request.
    pub request_id: F,
    /// The request's sampling beacon.
    pub beacon: F,
    /// D.
    pub run: F,
    /// The seller's one use of the request.
    pub nullifier: F,
    /// Commitment to the data key.
    pub key_commitment: F,
    /// The buyer's key.
    pub buyer: Coordinates,
    /// Digest of the encapsulation to the buyer.
    pub encapsulation: F,
    /// The audit authority's key.
    pub auditor: Coordinates,
    /// The seller's name, sealed to the audit authority.
    pub identity: Sealed,
}

impl SealPublic {
    /// The public inputs, in the circuit's order.
    pub fn inputs(&self) -> [F; PUBLIC_INPUTS] {
        [
            self.gamma,
            self.schema,
            F::from(self.min_chunks),
            self.anchor,
            self.recent,
            self.request_id,
            self.beacon,
            self.run,
            self.nullifier,
            self.key_commitment,
            self.buyer.x,
            self.buyer.y,
            self.encapsulation,
            self.auditor.x,
            self.auditor.y,
            self.identity.ephemeral.x,
            self.identity.ephemeral.y,
            self.identity.masked,
        ]
    }
}

/// What only the seller knows of a seal: everything that a prover may choose freely.
#[derive(Clone)]
pub struct SealPrivate {
    /// The seller's secret.
    pub seller_secret: F,
    /// Salt of the dataset's body.
    pub salt: F,
    /// What D hides.
    pub run: RunOpening,
    /// ⌊draw / chunks⌋.
    pub quotient: u64,
    /// The 255 bits of the draw, canonical.
    pub draw: Vec<bool>,
    /// Path of the dataset's leaf in the anchor.
    pub dataset_path: Path,
    /// Path of the standing leaf in the recent tree.
    pub standing_path: Path,
    /// The data key.
    pub key: F,
    /// Blinding of the key commitment.
    pub key_blind: F,
    /// Randomness of the encapsulation.
    pub to_buyer: Ephemeral,
    /// Randomness of the sealed name.
    pub to_auditor: Ephemeral,
}

/// The draw of a run: its canonical bits, quotient and start.
#[derive(Clone, PartialEq, Eq)]
pub struct Draw {
    /// 255 canonical bits of hash(beacon, nullifier).
    pub bits: Vec<bool>,
    /// ⌊low 64 bits / chunks⌋.
    pub quotient: u64,
    /// low 64 bits mod chunks.
    pub start: u64,
}

/// Draws the start of a run for a dataset of `chunks` chunks, at least 1.
pub fn draw(beacon: F, nullifier: F, chunks: u64) -> Draw {
    let value = hash(START, &[beacon, nullifier]);
    let low = low_u64(&value);
    let bits = value.into_bigint().to_bits_le().into_iter().take(255).collect();
    Draw { bits, quotient: low / chunks, start: low % chunks }
}
