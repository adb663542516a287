//! The links: they lose, double, delay and reorder; they part and come together again.

use rand::Rng;
use rand_chacha::ChaCha20Rng;

use super::node::DELTA;

/// What the links are like.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// How likely a message is lost.
    pub loss: f64,
    /// How likely it comes twice.
    pub duplication: f64,
    /// How likely it takes up to 6Δ instead of less than Δ/4.
    pub delay: f64,
}

/// The links of a run.
#[derive(Clone, Debug)]
pub struct Network {
    links: Links,
    /// The part that each machine is in. Messages within a part arrive.
    parts: Vec<u8>,
}

impl Network {
    /// Links between so many machines.
    pub fn new(links: Links, machines: usize) -> Self {
        Self { links, parts: vec![0; machines] }
    }

    /// One machine more.
    pub fn join(&mut self) {
        self.parts.push(0);
    }

    /// From now on, messages pass only within the parts.
    pub fn part(&mut self, rng: &mut ChaCha20Rng, parts: u8) {
        self.parts.iter_mut().for_each(|part| *part = rng.gen_range(0..parts));
    }

    /// From now on, a machine is alone.
    pub fn isolate(&mut self, machine: usize) {
        self.parts.iter_mut().for_each(|part| *part = 0);
        self.parts[machine] = 1;
    }

    /// The parts come together.
    pub fn heal(&mut self) {
        self.parts.iter_mut().for_each(|part| *part = 0);
    }

    /// Nothing is lost, doubled or late any more.
    pub fn calm(&mut self) {
        self.links = Links::default();
        self.heal();
    }

    /// When the copies of a message arrive; none if it is lost.
    pub fn arrivals(&self, rng: &mut ChaCha20Rng, from: usize, to: usize) -> Vec<u64> {
        if self.parts[from] != self.parts[to] || chance(rng, self.links.loss) {
            return Vec::new();
        }
        let copies = 1 + usize::from(chance(rng, self.links.duplication));
        (0..copies).map(|_| self.delay(rng)).collect()
    }

    fn delay(&self, rng: &mut ChaCha20Rng) -> u64 {
        let late = chance(rng, self.links.delay);
        rng.gen_range(10..if late { 6 * DELTA } else { DELTA / 4 })
    }
}

/// Draws whether something likely happens. Draws nothing if it cannot.
pub fn chance(rng: &mut ChaCha20Rng, likely: f64) -> bool {
    likely > 0.0 && rng.gen_bool(likely)
}
