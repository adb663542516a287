//! A header that a quorum vouches for.

use super::LightFault;
use crate::{
    beacon::Schedule,
    chain::{Certificate, Committee, Header, Outcome, Statement},
    codec::{Decode, DecodeError, Encode, Reader},
};

/// A final block's header, what executing the block gave, and the certificate of finality, which is for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The header.
    pub header: Header,
    /// State and receipts after the block.
    pub outcome: Outcome,
    /// The block's own certificate of finality.
    pub certificate: Certificate,
}

impl Anchor {
    /// Verifies it, given the committee of its cycle.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, schedule: &Schedule, committee: &Committee) -> Result<(), LightFault> {
        let (header, scope) = (&self.header, committee.scope());
        let height = header.height;
        if header.chain_id != scope.chain_id {
            return Err(LightFault::OtherChain { found: header.chain_id, expected: scope.chain_id });
        }
        if header.cycle != scope.cycle || schedule.cycle(height) != scope.cycle {
            return Err(LightFault::Cycle { height, expected: scope.cycle });
        }
        let view = self.certificate.statement().view();
        let expected = Statement::Finalize { view, block: header.hash(), outcome: self.outcome.hash() };
        // Only the last block of a cycle may be proposed, and made final, in later views than its own.
        let again = view > header.view && schedule.is_last(height);
        if *self.certificate.statement() != expected || !(view == header.view || again) {
            return Err(LightFault::Statement(height));
        }
        self.certificate.verify(committee).map_err(|fault| LightFault::Certificate { height, fault })
    }
}

impl Encode for Anchor {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.outcome.encode(out);
        self.certificate.encode(out);
    }
}

impl Decode for Anchor {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Decode::decode(reader)?,
            outcome: Decode::decode(reader)?,
            certificate: Decode::decode(reader)?,
        })
    }
}
