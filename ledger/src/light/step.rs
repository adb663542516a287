//! From one committee to the next.

use super::{Anchor, LightFault};
use crate::{
    chain::{Beginning, Committee, Genesis},
    codec::{Decode, DecodeError, Encode, Reader},
};

/// Most steps of a walk.
pub const MAX_STEPS: usize = 1 << 16;

/// The end of a cycle: its last block, and the committee that the block's receipts name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The cycle's last block.
    pub last: Anchor,
    /// The events among its receipts that name the next committee.
    pub receipts: Beginning,
    /// That committee.
    pub next: Committee,
}

impl Step {
    /// Verifies the step, given the committee of the cycle that ends.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, genesis: &Genesis, committee: &Committee) -> Result<(), LightFault> {
        let schedule = genesis.schedule();
        self.last.verify(&schedule, committee)?;
        let (height, cycle) = (self.last.header.height, committee.cycle());
        if !schedule.is_last(height) {
            return Err(LightFault::NotLast { height, cycle });
        }
        if self.receipts.root() != self.last.outcome.receipts_root || !self.names_next() {
            return Err(LightFault::Committee(cycle.next()));
        }
        Ok(())
    }

    /// The ledger's events come before the application's, so the first of this kind is not the application's.
    fn names_next(&self) -> bool {
        let event = self.receipts.events.iter().find(|event| event.kind == "ledger.cycle");
        let named = |event: &crate::application::Event| event.attributes.get("committee").cloned();
        event.and_then(named) == Some(self.next.hash().to_string())
    }
}

/// Walks from the genesis: gives the committee after the last step.
///
/// # Errors
/// The first fault.
pub fn walk(genesis: &Genesis, steps: &[Step]) -> Result<Committee, LightFault> {
    let mut committee = genesis.committee();
    for step in steps {
        step.verify(genesis, &committee)?;
        committee = step.next.clone();
    }
    Ok(committee)
}

impl Encode for Step {
    fn encode(&self, out: &mut Vec<u8>) {
        self.last.encode(out);
        self.receipts.encode(out);
        self.next.encode(out);
    }
}

impl Decode for Step {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            last: Decode::decode(reader)?,
            receipts: Decode::decode(reader)?,
            next: Decode::decode(reader)?,
        })
    }
}
