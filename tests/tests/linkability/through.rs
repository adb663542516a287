//! Who follows money through transfers: from what is redeemed to the transferred note behind it, and to the payout behind that.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::history::{History, Payout};

/// What an observer works out of all rings, if to it every member of each is as likely.
pub struct Through<'a> {
    history: &'a History,
    /// For each transfer: how likely its money came from each payout.
    behind: Vec<BTreeMap<u32, f64>>,
    rng: RefCell<ChaCha20Rng>,
}

/// Below this a payout is left out.
const LEAST: f64 = 2e-4;

/// How well a payout fits what was redeemed.
pub type Fit = fn(&Payout, u64) -> f64;

/// What everybody sees of payouts: that they are, and for how many records.
pub const OPEN: [(&str, Fit); 3] = [
    ("likeliest", |_, _| 1.0),
    ("most records", |payout, _| payout.records as f64),
    ("fewest records", |payout, _| 1.0 / payout.records as f64),
];

/// What accredited hospitals know besides: prices.
pub const PRICED: [(&str, Fit); 3] = [
    ("worth enough", |payout, redeemed| f64::from(payout.worth >= redeemed)),
    ("worth as much", |payout, redeemed| {
        f64::from(payout.worth >= redeemed && 2 * payout.worth < 5 * redeemed)
    }),
    ("least over", |payout, redeemed| match payout.worth.checked_sub(redeemed) {
        Some(over) => 1.0 / (1.0 + over as f64),
        None => 0.0,
    }),
];

impl<'a> Through<'a> {
    pub fn of(history: &'a History, seed: u64) -> Self {
        let mut behind: Vec<BTreeMap<u32, f64>> = Vec::new();
        for transfer in &history.transfers {
            let mut sources: BTreeMap<u32, f64> = BTreeMap::new();
            let rings = transfer.spends.clone().map(|at| &history.spends[at].ring);
            for member in rings.flatten() {
                let share = 1.0 / (16 * transfer.spends.len()) as f64;
                if history.payouts.contains_key(member) {
                    *sources.entry(*member).or_default() += share;
                }
                for (payout, part) in history.made.get(member).into_iter().flat_map(|made| &behind[*made]) {
                    *sources.entry(*payout).or_default() += share * part;
                }
            }
            // What is that unlikely no strategy would guess; and there is much of it.
            sources.retain(|_, share| *share >= LEAST);
            behind.push(sources);
        }
        Self { history, behind, rng: RefCell::new(ChaCha20Rng::seed_from_u64(seed + 2)) }
    }

    /// The payout that a redemption came from.
    pub fn payout(&self, transfer: usize, fit: Fit) -> Option<u32> {
        let redeemed = self.history.transfers[transfer].redeemed;
        let score =
            |(payout, share): (&u32, &f64)| (*payout, share * fit(&self.history.payouts[payout], redeemed));
        self.highest(self.behind[transfer].iter().map(score))
    }

    /// The member of a ring that was redeemed, by what is behind the transfer that made it.
    pub fn member(&self, at: usize, fit: Fit) -> usize {
        let spend = &self.history.spends[at];
        let redeemed = self.history.transfers[spend.transfer].redeemed;
        let score = |member: &u32| -> f64 {
            let sources = self.history.made.get(member).into_iter().flat_map(|made| &self.behind[*made]);
            sources.map(|(payout, share)| share * fit(&self.history.payouts[payout], redeemed)).sum()
        };
        let scores = spend.ring.iter().map(score);
        self.highest((0..).zip(scores)).unwrap_or(0) as usize
    }

    /// The one with the highest score; of several, any.
    fn highest(&self, scores: impl Iterator<Item = (u32, f64)>) -> Option<u32> {
        let (mut best, mut most, mut ties) = (None, f64::NEG_INFINITY, 0);
        for (which, score) in scores {
            if score > most + 1e-12 {
                (best, most, ties) = (Some(which), score, 1);
            } else if score > most - 1e-12 {
                ties += 1;
                if self.rng.borrow_mut().gen_range(0..ties) == 0 {
                    best = Some(which);
                }
            }
        }
        best
    }
}
