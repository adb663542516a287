//! What can be wrong with a light proof: the first fault.

use crate::{
    chain::{CertificateFault, GenesisFault},
    codec::DecodeError,
    types::{ChainId, Cycle, Height},
};

/// The first fault of a light proof, or of the walk to a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LightFault {
    /// Not a light proof.
    #[error("not a light proof")]
    NotAProof,
    /// Of another version.
    #[error("light proof of version {0}, which this program does not know")]
    Version(u16),
    /// The digest at the end does not match.
    #[error("the proof is damaged: its digest does not match")]
    Digest,
    /// Bytes that are no canonical encoding.
    #[error("{place}: {error}")]
    Decode {
        /// Where.
        place: &'static str,
        /// What.
        error: DecodeError,
    },
    /// The genesis cannot be that of a chain.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisFault),
    /// Only the chain's id is known, and the proof has no genesis with it.
    #[error("the proof is without a genesis: give the genesis file of the chain")]
    NoGenesis,
    /// Another chain than expected.
    #[error("this is chain {found}, not {expected}")]
    OtherChain {
        /// What it is.
        found: ChainId,
        /// What it should be.
        expected: ChainId,
    },
    /// A header is of another cycle than the committee that has been reached.
    #[error("height {height}: the header is not of cycle {expected}, to which the walk has come")]
    Cycle {
        /// The header's height.
        height: Height,
        /// The cycle.
        expected: Cycle,
    },
    /// Only the last block of a cycle names the next committee.
    #[error("height {height} is not the last of cycle {cycle}")]
    NotLast {
        /// The height.
        height: Height,
        /// The cycle.
        cycle: Cycle,
    },
    /// A certificate is for another block or another outcome.
    #[error("height {0}: the certificate is for another block, view or outcome")]
    Statement(Height),
    /// A certificate proves nothing.
    #[error("height {height}: certificate: {fault}")]
    Certificate {
        /// Where.
        height: Height,
        /// What.
        fault: CertificateFault,
    },
    /// The certified receipts of a cycle's last block name another committee, or none.
    #[error("cycle {0}: the committee is not the one that the certified receipts before it name")]
    Committee(Cycle),
    /// A proof is of another state than that of the newest header.
    #[error("claim {claim}: its proof is of another state than that after height {height}")]
    OtherState {
        /// Which, from 0.
        claim: usize,
        /// The newest header's height.
        height: Height,
    },
    /// A proof does not prove what it is there for.
    #[error("claim {claim}: the state does not have {} at this key", if *.absent { "nothing" } else { "this value" })]
    Claim {
        /// Which, from 0.
        claim: usize,
        /// Whether it is claimed that nothing is there.
        absent: bool,
    },
}
