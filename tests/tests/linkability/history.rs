//! A market's history as far as rings depend on it: notes of all kinds, and hospitals that spend what they are paid.

use std::collections::BTreeMap;

use galen_ledger::{MemoryState, StateWrite};
use galen_market::codec::Canonical;
use galen_market::money::{self, NoteRecord, Origin};
use galen_market::notes::group::hash_to_scalar;
use galen_market::notes::keys::{OneTimeKey, OwnerKeys};
use galen_market::notes::note::Note;
use galen_market::wallet::decoys::{self, WINDOW};
use galen_market::{ContributionId, RequestId, state_key};
use rand::Rng;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

const HOSPITALS: usize = 12;
/// The kind of payouts.
pub const PAID: u8 = 2;

/// When hospitals spend.
#[derive(Clone, Copy, PartialEq)]
pub enum Manner {
    /// Any note of theirs whose window is dealt.
    Patient,
    /// Any note of theirs.
    Hasty,
}

/// A payout, with what only its hospital knows, and what accredited hospitals know.
#[derive(Clone, Copy)]
pub struct Payout {
    pub position: u32,
    pub number: u32,
    hospital: usize,
    pub worth: u64,
    spent: bool,
}

/// A note that was spent.
pub struct Spend {
    /// The ring, as it lies on the ledger.
    pub ring: Vec<u32>,
    pub height: u64,
    /// Which of the ring it was: for the judge alone.
    pub real: usize,
    /// What could be redeemed with it at once.
    denomination: u64,
}

/// The notes of a ledger, without proofs.
pub struct Ledger {
    pub state: MemoryState,
    note: Note,
    height: u64,
}

impl Ledger {
    pub fn new() -> Self {
        let address = OwnerKeys::from_seed(&[1; 32]).address();
        let owner = OneTimeKey { key: address.view, ephemeral: address.spend };
        let note = Note { owner, commitment: address.view, handle: address.spend, sealed: [0; 8] };
        Self { state: MemoryState::new(), note, height: 0 }
    }

    /// Adds a note as the ledger does; its place, and its number among those of its kind.
    pub fn add(&mut self, origin: Origin) -> (u32, u32) {
        let (position, kind) = (money::notes(&self.state), origin.kind());
        let number = money::notes_of_kind(&self.state, kind);
        let id = *blake3::hash(&position.to_le_bytes()).as_bytes();
        let record = NoteRecord { id, note: self.note, origin, number, height: self.height };
        let mut put = |key: Vec<u8>, value: Vec<u8>| self.state.put(&key, value);
        put(state_key::note(position), record.to_canonical());
        put(state_key::notes(), (position + 1).to_canonical());
        put(state_key::note_of_kind(kind, number), position.to_canonical());
        put(state_key::notes_of_kind(kind), (number + 1).to_canonical());
        (position, number)
    }

    pub fn pay(&mut self) -> (u32, u32) {
        let name = *blake3::hash(&[b'c', self.height as u8]).as_bytes();
        self.add(Origin::Paid { contribution: ContributionId::from_bytes(name) })
    }

    /// The ring that a wallet draws for a note, with what is the note's secret.
    pub fn ring(&self, position: u32, secret: u64) -> decoys::Ring {
        let record = money::note(&self.state, position).unwrap();
        let secret = hash_to_scalar("galen tests secret", &[&secret.to_le_bytes(), &position.to_le_bytes()]);
        decoys::draw(&self.state, position, &record, &secret).unwrap()
    }
}

/// Everything that happened.
pub struct History {
    pub ledger: Ledger,
    pub payouts: BTreeMap<u32, Payout>,
    pub spends: Vec<Spend>,
}

impl History {
    /// So many payouts, most of which are spent in the end.
    pub fn new(seed: u64, payouts: usize, manner: Manner) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut history = Self { ledger: Ledger::new(), payouts: BTreeMap::new(), spends: Vec::new() };
        for _ in 0..48 {
            history.ledger.add(Origin::Issued);
        }
        while history.payouts.len() < payouts {
            history.round(&mut rng);
            // About as many are spent as come, some rounds later.
            for _ in 0..rng.gen_range(0..8) {
                history.spend(&mut rng, manner);
            }
        }
        // Much later, when nothing new comes, most of the rest.
        for _ in 0..payouts {
            history.ledger.height += 1;
            history.spend(&mut rng, manner);
        }
        history
    }

    /// A request that some hospitals answer, among what else happens.
    fn round(&mut self, rng: &mut ChaCha20Rng) {
        let price = rng.gen_range(3..40);
        let mut hospitals: Vec<usize> = (0..HOSPITALS).collect();
        hospitals.shuffle(rng);
        for hospital in hospitals.into_iter().take(rng.gen_range(2..6)) {
            self.ledger.height += rng.gen_range(1..4);
            for _ in 0..rng.gen_range(0..3) {
                self.ledger.add(Origin::Transferred);
            }
            let (position, number) = self.ledger.pay();
            let worth = price * rng.gen_range(5..200);
            let payout = Payout { position, number, hospital, worth, spent: false };
            self.payouts.insert(position, payout);
        }
        if rng.gen_bool(0.3) {
            let request = RequestId::new(galen_circuits::field::F::from(self.ledger.height));
            self.ledger.add(Origin::Refunded { request });
        }
        if rng.gen_bool(0.02) {
            for _ in 0..16 {
                self.ledger.add(Origin::Issued);
            }
        }
    }

    /// Some hospital spends some note of its own.
    fn spend(&mut self, rng: &mut ChaCha20Rng, manner: Manner) {
        let hospital = rng.gen_range(0..HOSPITALS);
        let count = money::notes_of_kind(&self.ledger.state, PAID);
        let dealt = |number| decoys::window(number, count).end < count;
        let own = self.payouts.values().filter(|payout| payout.hospital == hospital && !payout.spent);
        let own: Vec<u32> = own
            .filter(|payout| manner == Manner::Hasty || dealt(payout.number))
            .map(|payout| payout.position)
            .collect();
        let Some(position) = own.choose(rng).copied() else { return };
        let ring = self.ledger.ring(position, 0);
        let payout = self.payouts.get_mut(&position).unwrap();
        payout.spent = true;
        let ring_places = ring.members.iter().map(|member| member.position).collect();
        let (height, denomination) = (self.ledger.height, largest_denomination(payout.worth));
        self.spends.push(Spend { ring: ring_places, height, real: ring.place, denomination });
    }

    /// What is redeemed, if a ring's note were redeemed at once: as large a denomination as it holds.
    pub fn redeemed(&self, at: usize) -> Option<u64> {
        Some(self.spends[at].denomination).filter(|amount| *amount > 0)
    }
}

fn largest_denomination(worth: u64) -> u64 {
    let all = (0..12).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
    all.filter(|amount| *amount <= worth).max().unwrap_or(0)
}

/// One note at a time is spent, so many payouts after it came as an exponential variable with this mean says. The observer
/// knows that, and guesses the likeliest of the ring. How often that was right, how often it should be, and of how many.
pub fn habits(seed: u64, mean: f64, dealt: bool) -> (usize, f64, usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut ledger = Ledger::new();
    let count = 6 * WINDOW + WINDOW / 2;
    let positions: Vec<u32> = (0..count).map(|_| ledger.pay().0).collect();
    let weight = |number: u32| (-f64::from(count - number) / mean).exp();
    let window = if dealt { decoys::window(4 * WINDOW, count) } else { decoys::window(count - 1, count) };
    let total: f64 = window.clone().map(weight).sum();
    let (mut hits, mut expected) = (0, 0.0);
    let trials = 4000;
    for trial in 0..trials {
        let mut left = rng.gen_range(0.0..total);
        let spent = window.clone().find(|number| {
            left -= weight(*number);
            left < 0.0
        });
        let position = positions[spent.unwrap_or(window.end - 1) as usize];
        let ring = ledger.ring(position, trial);
        let weights: Vec<f64> = ring.members.iter().map(|member| weight(member.position)).collect();
        let best = (0..weights.len()).max_by(|one, two| weights[*one].total_cmp(&weights[*two])).unwrap();
        hits += usize::from(best == ring.place);
        expected += weights[best] / weights.iter().sum::<f64>();
    }
    (hits, expected / trials as f64, trials as usize)
}
