//! What the ledger needs of blocks for itself, beside the application's transactions: messages of the beacon, evidence,
//! changes of the membership.

use super::{Evidence, SignedChange};
use crate::{
    beacon::BeaconMessage,
    codec::{Decode, DecodeError, Encode, Reader, put_list},
};

/// Most items in a block.
pub const MAX_UPKEEP_ITEMS: usize = 4096;
/// Most bytes of them: room for the dealings of a hundred members.
pub const MAX_UPKEEP_BYTES: usize = 1024 * 1024;

/// One of the ledger's own affairs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// For the beacon.
    Beacon(BeaconMessage),
    /// A member broke a rule.
    Evidence(Evidence),
    /// The membership changes.
    Change(SignedChange),
}

/// Digest of the ledger's affairs in a block.
pub fn upkeep_root(upkeep: &[Upkeep]) -> [u8; 32] {
    let mut bytes = Vec::new();
    put_list(&mut bytes, upkeep);
    blake3::derive_key("galen ledger v1 upkeep of a block", &bytes)
}

impl Encode for Upkeep {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Beacon(message) => {
                out.push(1);
                message.encode(out);
            }
            Self::Evidence(evidence) => {
                out.push(2);
                evidence.encode(out);
            }
            Self::Change(change) => {
                out.push(3);
                change.encode(out);
            }
        }
    }
}

impl Decode for Upkeep {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            1 => Self::Beacon(Decode::decode(reader)?),
            2 => Self::Evidence(Decode::decode(reader)?),
            3 => Self::Change(Decode::decode(reader)?),
            tag => return Err(DecodeError::UnknownTag { what: "upkeep", tag }),
        })
    }
}
