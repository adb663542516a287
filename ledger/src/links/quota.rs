//! What a peer may send a second: a bucket that fills at a rate and may be overdrawn, which has to be waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::{channel::PerChannel, wire::Header};

/// A rate, and how much of it may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes a second.
    pub bytes: u64,
    /// Bytes at once.
    pub burst: u64,
    /// Pieces of frames a second; as many may come at once.
    pub frames: u64,
}

/// The buckets of one connection. Time is an argument.
#[derive(Clone, Debug)]
pub struct Quota {
    buckets: PerChannel<[Bucket; 2]>,
}

impl Quota {
    /// Full buckets.
    pub fn new(rates: &PerChannel<Rate>, now: Instant) -> Self {
        let buckets = PerChannel::from_fn(|channel| {
            let Rate { bytes, burst, frames } = rates[channel];
            [Bucket::new(bytes, burst, now), Bucket::new(frames, frames, now)]
        });
        Self { buckets }
    }

    /// Takes what a piece costs, and says how long to wait before reading it.
    pub fn take(&mut self, header: Header, now: Instant) -> Duration {
        let [bytes, frames] = &mut self.buckets[header.channel];
        bytes.take(header.length as u64, now).max(frames.take(1, now))
    }
}

/// Fills at a rate. Counts in nano-units, so that nothing is lost to rounding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    rate: u64,
    burst: u128,
    /// What has been taken and not filled up again. Above the burst, it has to be waited for.
    debt: u128,
    updated: Instant,
}

const NANO: u128 = 1_000_000_000;

impl Bucket {
    /// Full: `burst` at once, `rate` a second.
    pub fn new(rate: u64, burst: u64, now: Instant) -> Self {
        Self { rate: rate.max(1), burst: u128::from(burst) * NANO, debt: 0, updated: now }
    }

    /// Takes one, if there is one.
    pub fn try_take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let is_there = self.debt + NANO <= self.burst;
        self.debt += if is_there { NANO } else { 0 };
        is_there
    }

    fn fill(&mut self, now: Instant) {
        let filled = now.saturating_duration_since(self.updated).as_nanos() * u128::from(self.rate);
        self.updated = now;
        self.debt = self.debt.saturating_sub(filled);
    }

    fn take(&mut self, amount: u64, now: Instant) -> Duration {
        self.fill(now);
        self.debt += u128::from(amount) * NANO;
        let wait = self.debt.saturating_sub(self.burst) / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::links::Channel;

    const RATE: Rate = Rate { bytes: 1000, burst: 2000, frames: 10 };

    fn quota(now: Instant) -> Quota {
        Quota::new(&PerChannel::from_fn(|_| RATE), now)
    }

    fn piece(channel: Channel, length: usize) -> Header {
        Header { channel, length, more: false }
    }

    #[test]
    fn a_burst_passes_then_the_rate_and_channels_do_not_share() {
        let start = Instant::now();
        let mut quota = quota(start);
        assert_eq!(quota.take(piece(Channel::Bodies, 2000), start), Duration::ZERO);
        assert_eq!(quota.take(piece(Channel::Bodies, 500), start), Duration::from_millis(500));
        assert_eq!(quota.take(piece(Channel::Votes, 500), start), Duration::ZERO);
        let later = start + Duration::from_secs(1);
        assert_eq!(quota.take(piece(Channel::Bodies, 500), later), Duration::ZERO);
        for _ in 0..9 {
            assert_eq!(quota.take(piece(Channel::Votes, 1), start), Duration::ZERO);
        }
        assert_eq!(quota.take(piece(Channel::Votes, 1), start), Duration::from_millis(100), "by frames");
    }

    proptest! {
        /// Whoever waits as told gets no more than the burst and the rate, and no less than the rate.
        #[test]
        fn the_rate_holds(lengths in prop::collection::vec(0usize..3000, 1..50)) {
            let start = Instant::now();
            let (mut quota, mut now, mut sent) = (quota(start), start, 0u64);
            let frames = lengths.len() as u64;
            for length in lengths {
                now += quota.take(piece(Channel::Sync, length), now);
                sent += length as u64;
            }
            let elapsed = (now - start).as_secs_f64();
            prop_assert!(sent as f64 <= 2000.0 + 1000.0 * elapsed + 1.0);
            let needed = ((sent as f64 - 2000.0) / 1000.0).max((frames as f64 - 10.0) / 10.0).max(0.0);
            prop_assert!(elapsed <= needed + 0.001, "{elapsed} of {needed}");
        }
    }
}
