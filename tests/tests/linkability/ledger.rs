//! The notes of a ledger, without proofs, and the rings that wallets draw on it.

use galen_ledger::{MemoryState, StateWrite};
use galen_market::codec::Canonical;
use galen_market::money::{self, NoteRecord, Origin};
use galen_market::notes::group::hash_to_scalar;
use galen_market::notes::keys::{OneTimeKey, OwnerKeys};
use galen_market::notes::note::Note;
use galen_market::wallet::decoys::{self, WINDOW};
use galen_market::{ContributionId, state_key};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// The notes of a ledger, without proofs.
pub struct Ledger {
    pub state: MemoryState,
    note: Note,
    pub height: u64,
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

    /// What pays for the next contribution.
    pub fn payout(&self) -> Origin {
        let name = *blake3::hash(&[b'c', self.height as u8]).as_bytes();
        Origin::Paid { contribution: ContributionId::from_bytes(name) }
    }

    pub fn pay(&mut self) -> (u32, u32) {
        self.add(self.payout())
    }

    /// The ring that a wallet draws for a note, with what is the note's secret.
    pub fn ring(&self, position: u32, secret: u64) -> decoys::Ring {
        let record = money::note(&self.state, position).unwrap();
        let secret = hash_to_scalar("galen tests secret", &[&secret.to_le_bytes(), &position.to_le_bytes()]);
        decoys::draw(&self.state, position, &record, &secret).unwrap()
    }
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
