//! The running state that ties the proofs of a contribution together.
//!
//! Each proof shows `state_in → state_out` between hiding commitments; the first and the last state are public constants
//! without blinding. The state is packed into five field elements so that a circuit opens only what it uses: a scan
//! never unpacks class or totals, a release never unpacks handles.

use ark_ff::{One, UniformRand, Zero};
use rand::RngCore;

use crate::field::{F, power_of_two};
use crate::poseidon::{Domain, hash};

crate::redact::redact!(RunHandles, OpenClass, State);

/// Commitment to a state.
pub const STATE: Domain = Domain("galen.v1.state");

/// Spacing of the counters of a class when packed; each is below 2^16 whenever a release opens them.
pub const COUNTER_SPACING: usize = 20;
/// Spacing of the two counts among the totals; the loss stands above them.
pub const TOTAL_SPACING: usize = 32;

/// Handles seen by the scans.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct RunHandles {
    /// The first present row's handle; 0 while there is none.
    pub first: u64,
    /// The last present row's handle since the start or the wrap; 0 while there is none.
    pub last: u64,
    /// Whether `first` is set.
    pub first_set: bool,
    /// Set at the wrap when `first` was set: from there every handle stays below the first.
    pub bounded: bool,
}

/// The equivalence class that a release is filling.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenClass {
    /// Whether a class is open.
    pub open: bool,
    /// Sensitive cell of its last row.
    pub sensitive: u16,
    /// Rows so far.
    pub rows: u32,
    /// Distinct sensitive values so far.
    pub distinct: u32,
    /// Length of the current run of equal sensitive values.
    pub run: u32,
    /// The longest run so far.
    pub longest: u32,
}

/// What the releases have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Rows released.
    pub released: u32,
    /// Rows suppressed.
    pub suppressed: u32,
    /// Σ weight · width of the boxes of released rows.
    pub loss: u64,
}

/// The running state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Π (γ − word) over rows selected, divided by the same over rows consumed.
    pub acc: F,
    /// Handles seen by the scans.
    pub handles: RunHandles,
    /// Packed box of the open class.
    pub bounds: F,
    /// Counters of the open class.
    pub class: OpenClass,
    /// Totals.
    pub totals: Totals,
}

impl RunHandles {
    /// One element: first, last, first_set, bounded from bit 0 on.
    pub fn packed(&self) -> F {
        F::from(self.first)
            + F::from(self.last) * power_of_two(60)
            + F::from(self.first_set) * power_of_two(120)
            + F::from(self.bounded) * power_of_two(121)
    }
}

impl OpenClass {
    /// One element: open, sensitive, then the four counters.
    pub fn packed(&self) -> F {
        let counters = [u32::from(self.sensitive), self.rows, self.distinct, self.run, self.longest];
        counters.iter().enumerate().fold(F::from(self.open), |sum, (index, counter)| {
            sum + F::from(*counter) * power_of_two(1 + COUNTER_SPACING * index)
        })
    }
}

impl Totals {
    /// One element. Both counts stay below 2^32 and the loss below 2^64 for any number of proofs that a request allows,
    /// so that the sum can be carried without opening it.
    pub fn packed(&self) -> F {
        F::from(self.released)
            + F::from(self.suppressed) * power_of_two(TOTAL_SPACING)
            + F::from(self.loss) * power_of_two(2 * TOTAL_SPACING)
    }
}

impl State {
    /// The state before the first scan.
    pub fn first() -> Self {
        Self {
            acc: F::one(),
            handles: RunHandles::default(),
            bounds: F::zero(),
            class: OpenClass::default(),
            totals: Totals::default(),
        }
    }

    /// The state after the last release, for these totals.
    pub fn last(totals: Totals) -> Self {
        Self { totals, ..Self::first() }
    }

    /// The packed elements: acc, handles, bounds, class, totals.
    pub fn packed(&self) -> [F; 5] {
        [self.acc, self.handles.packed(), self.bounds, self.class.packed(), self.totals.packed()]
    }

    /// The commitment under a blinding factor.
    pub fn commit(&self, blind: F) -> F {
        let [acc, handles, bounds, class, totals] = self.packed();
        hash(STATE, &[acc, handles, bounds, class, totals, blind])
    }

    /// The commitment without blinding, for the first and last states.
    pub fn commit_in_the_clear(&self) -> F {
        self.commit(F::zero())
    }
}

/// A fresh blinding factor.
pub fn fresh_blind(rng: &mut impl RngCore) -> F {
    F::rand(rng)
}
