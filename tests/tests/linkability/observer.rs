//! Who sees everything that is on the ledger: notes with their kinds and heights, rings, images. And guesses.

use std::cell::RefCell;
use std::collections::BTreeMap;

use galen_market::money;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::history::{History, PAID, Spend};

/// The observer, with what it worked out.
pub struct Observer<'a> {
    history: &'a History,
    /// What the ledger shows of each note.
    notes: Vec<Seen>,
    /// How many rings a note is in.
    seen: BTreeMap<u32, usize>,
    /// In how many rings before each.
    seen_before: Vec<Vec<usize>>,
    /// How likely each member is when every note is spent at most once.
    matched: Vec<Vec<f64>>,
    /// How old spent notes are on average, which it may have learnt elsewhere.
    age: f64,
    rng: RefCell<ChaCha20Rng>,
}

struct Seen {
    kind: u8,
    number: u32,
    height: f64,
}

pub type Strategy = (&'static str, fn(&Observer, usize) -> usize);

/// Every strategy, by name.
pub fn strategies() -> [Strategy; 16] {
    [
        ("any", |o, at| o.rng.borrow_mut().gen_range(0..o.ring(at).len())),
        ("newest", |o, at| o.ring(at).len() - 1),
        ("oldest", |_, _| 0),
        ("middle", |o, at| o.ring(at).len() / 2),
        ("nearest the usual age", |o, at| o.best(at, |member, at| -(o.age_of(member, at) - o.age).abs())),
        ("furthest from the others", |o, at| o.best(at, |member, at| o.distance(member, at))),
        ("in most rings", |o, at| o.best(at, |member, _| o.seen[&member] as f64)),
        ("in fewest rings", |o, at| o.best(at, |member, _| -(o.seen[&member] as f64))),
        ("in most rings before", |o, at| o.best_by_place(at, |place| o.seen_before[at][place] as f64)),
        ("in fewest rings before", |o, at| o.best_by_place(at, |place| -(o.seen_before[at][place] as f64))),
        ("never seen before", |o, at| o.best_by_place(at, |place| f64::from(o.seen_before[at][place] == 0))),
        ("a payout", |o, at| o.best(at, |member, _| f64::from(o.note(member).kind == PAID))),
        ("last of its window", |o, at| o.best(at, |member, _| f64::from(o.note(member).number % 64))),
        ("made with one of another ring", |o, at| {
            o.best(at, |member, at| f64::from(o.has_sibling(member, at)))
        }),
        ("made with one of its ring", |o, at| o.best(at, |member, at| f64::from(o.has_twin(member, at)))),
        ("likeliest, spent once", |o, at| o.best_by_place(at, |place| o.matched[at][place])),
    ]
}

impl<'a> Observer<'a> {
    pub fn of(history: &'a History, seed: u64) -> Self {
        let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
        let mut seen_before = Vec::new();
        for spend in &history.spends {
            seen_before
                .push(spend.ring.iter().map(|member| seen.get(member).copied().unwrap_or(0)).collect());
            spend.ring.iter().for_each(|member| *seen.entry(*member).or_default() += 1);
        }
        let state = &history.ledger.state;
        let all = (0..money::notes(state)).map(|at| money::note(state, at).unwrap());
        let notes: Vec<Seen> = all
            .map(|note| Seen { kind: note.origin.kind(), number: note.number, height: note.height as f64 })
            .collect();
        let made = |spend: &Spend| notes[spend.ring[spend.real] as usize].height;
        let ages = history.spends.iter().map(|spend| spend.height as f64 - made(spend));
        let age = ages.sum::<f64>() / history.spends.len() as f64;
        let rng = RefCell::new(ChaCha20Rng::seed_from_u64(seed + 1));
        Self { history, notes, seen, seen_before, matched: matched(history), age, rng }
    }

    fn ring(&self, at: usize) -> &[u32] {
        &self.history.spends[at].ring
    }

    /// The member with the highest score; of several, any.
    fn best(&self, at: usize, score: impl Fn(u32, usize) -> f64) -> usize {
        self.best_by_place(at, |place| score(self.ring(at)[place], at))
    }

    fn best_by_place(&self, at: usize, score: impl Fn(usize) -> f64) -> usize {
        let scores: Vec<f64> = (0..self.ring(at).len()).map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let best: Vec<usize> = (0..scores.len()).filter(|place| scores[*place] > most - 1e-9).collect();
        *best.choose(&mut *self.rng.borrow_mut()).unwrap()
    }

    fn note(&self, member: u32) -> &Seen {
        &self.notes[member as usize]
    }

    fn age_of(&self, member: u32, at: usize) -> f64 {
        self.history.spends[at].height as f64 - self.note(member).height
    }

    /// How far in height the next member is.
    fn distance(&self, member: u32, at: usize) -> f64 {
        let others = self.ring(at).iter().filter(|other| **other != member);
        let distances = others.map(|other| (self.note(*other).height - self.note(member).height).abs());
        distances.fold(f64::INFINITY, f64::min)
    }

    /// Whether the transfer that made a note also made one in another ring of the transfer that spends it.
    fn has_sibling(&self, member: u32, at: usize) -> bool {
        let history = self.history;
        let Some(made) = history.made.get(&member) else { return false };
        let others =
            history.transfers[history.spends[at].transfer].spends.clone().filter(|other| *other != at);
        let mut others = others.flat_map(|other| self.ring(other));
        others.any(|other| *other != member && history.made.get(other) == Some(made))
    }

    fn has_twin(&self, member: u32, at: usize) -> bool {
        let made = self.history.made.get(&member);
        made.is_some()
            && self.ring(at).iter().any(|other| *other != member && self.history.made.get(other) == made)
    }

    /// Who knows what payouts are worth, and sees what is redeemed: the member that holds it, with least over.
    pub fn by_amount(&self, at: usize, redeemed: u64) -> usize {
        let worth = |member: u32| self.history.payouts[&member].worth;
        self.best(at, |member, _| match worth(member).checked_sub(redeemed) {
            Some(over) => -(over as f64),
            None => f64::NEG_INFINITY,
        })
    }
}

/// How likely each member of each ring is when all rings are known, every note is spent at most once and nothing else is
/// known: rows of one, columns of at most one, by turns (Sinkhorn and Knopp).
fn matched(history: &History) -> Vec<Vec<f64>> {
    let rings: Vec<&[u32]> = history.spends.iter().map(|spend| spend.ring.as_slice()).collect();
    let mut likely: Vec<Vec<f64>> =
        rings.iter().map(|ring| vec![1.0 / ring.len() as f64; ring.len()]).collect();
    for _ in 0..100 {
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for (ring, row) in rings.iter().zip(&likely) {
            ring.iter().zip(row).for_each(|(member, share)| *sums.entry(*member).or_default() += share);
        }
        for (ring, row) in rings.iter().zip(&mut likely) {
            ring.iter().zip(row.iter_mut()).for_each(|(member, share)| *share /= sums[member].max(1.0));
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|share| *share /= sum);
        }
    }
    likely
}
