//! A member's lanes: mini-blocks that wait, proposals that wait for mini-blocks, and what is to be sent when the log is
//! synchronised.

use std::{
    io,
    time::{Duration, Instant},
};

use super::{Frame, held::HeldProposals};
use crate::{
    lanes::{Flight, LaneLimits, LanePool, Numbering, Numbers},
    storage::NumberFile,
    types::{Cycle, MemberIndex, MiniHash, TxHash},
};

/// While a mini-block of its own is on its way, a member gathers transactions for so long before it makes the next.
pub(super) const GATHERING: Duration = Duration::from_millis(10);

/// A member's lanes.
pub(super) struct Lanes {
    pub pool: LanePool,
    pub flight: Flight,
    pub held: HeldProposals,
    pub limits: LaneLimits,
    /// What may be sent once everything written so far is durable.
    pub outgoing: Vec<(Vec<MemberIndex>, Frame)>,
    /// Since when something waits to be put into a mini-block.
    pub gathering: Option<Duration>,
    /// Mini-blocks of which some transaction was refused, although their author found it good: to be checked once more when
    /// a block is final.
    pub unsure: Vec<MiniHash>,
    /// Δ: what is asked for is asked for again after it.
    pub patience: Duration,
    numbering: Numbering,
    file: NumberFile,
    begun: Instant,
}

impl Lanes {
    pub fn new(
        pool: LanePool,
        limits: LaneLimits,
        patience: Duration,
        (file, numbers): (NumberFile, Numbers),
    ) -> Self {
        Self {
            pool,
            flight: Flight::default(),
            held: HeldProposals::default(),
            limits,
            outgoing: Vec::new(),
            gathering: None,
            unsure: Vec::new(),
            patience,
            numbering: Numbering::after(numbers),
            file,
            begun: Instant::now(),
        }
    }

    /// The time since the node started.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether a transaction is in a mini-block, or in a block under way.
    pub fn is_busy(&self, tx: &TxHash) -> bool {
        self.flight.contains(tx) || self.pool.carries(tx)
    }

    /// A number for a mini-block, durably reserved; none in a cycle that is over.
    pub fn number(&mut self, cycle: Cycle) -> io::Result<Option<u64>> {
        let Some((number, reserve)) = self.numbering.next(cycle) else { return Ok(None) };
        if let Some(reserve) = reserve {
            self.file.write(&reserve)?;
        }
        Ok(Some(number))
    }

    /// How long until something is due, if anything is.
    pub fn until_due(&self, asked: bool) -> Option<Duration> {
        let now = self.now();
        let held = self.held.next_due().map(|due| due.saturating_sub(now));
        let cut = self.gathering.map(|since| (since + GATHERING).saturating_sub(now));
        let asked = asked.then_some(self.patience / 4);
        held.into_iter().chain(cut).chain(asked).min()
    }
}
