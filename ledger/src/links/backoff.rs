//! When to try again: later each time, and not all at the same moment.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Waits that double up to a limit, each shortened at random by up to a half.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
    rng: ChaCha20Rng,
}

impl Backoff {
    /// Starts at the beginning.
    pub fn new(first: Duration, most: Duration, seed: [u8; 32]) -> Self {
        Self { first, most, next: first, rng: ChaCha20Rng::from_seed(seed) }
    }

    /// How long to wait now.
    pub fn wait(&mut self) -> Duration {
        let wait = self.next.mul_f64(self.rng.gen_range(0.5..=1.0));
        self.next = (self.next * 2).min(self.most);
        wait
    }

    /// All was well: begin again.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_differ_between_peers() {
        let ms = Duration::from_millis;
        let waits = |seed| {
            let mut backoff = Backoff::new(ms(100), ms(1000), [seed; 32]);
            let waits: Vec<_> = (0..20).map(|_| backoff.wait()).collect();
            backoff.reset();
            assert!(backoff.wait() <= ms(100));
            waits
        };
        for (wait, most) in waits(1).into_iter().zip([100, 200, 400, 800, 1000, 1000].map(ms)) {
            assert!(wait >= most / 2 && wait <= most, "{wait:?} of {most:?}");
        }
        assert!(waits(1) == waits(1) && waits(1) != waits(2));
    }
}
